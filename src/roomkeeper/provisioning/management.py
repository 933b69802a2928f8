"""Management settings: what makes a system call us, at the address that fits its connectivity (docs: management modes).

They are worked out anew for every answer and never stored, because they carry the system's secret.
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings as django_settings
from django.db import transaction

from roomkeeper import keys
from roomkeeper.accounts.person import Person
from roomkeeper.devices import registry
from roomkeeper.devices.facts import FeedbackSlot
from roomkeeper.devices.manifest import Manifest
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.protocols.external_manager import CommandCall, SettingValue
from roomkeeper.provisioning.still_ours import ToldSettings
from roomkeeper.systems import live, timeline
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.systems.documents.redaction import MARK, redact_text
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, NetworkSettings, State, System
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place, ServerAddress
from roomkeeper.words import gettext as _

EVENTS_PATH = "tms/public/external/management/SystemManagementService.asmx"
FEEDBACK_PATH = "tms/public/feedback/code.aspx"
DOCUMENTS_PATH = "tms/public/feedback/postdocument.aspx"
PHONE_BOOK_PATH = "tms/public/external/phonebook/phonebookservice.asmx"
ROUNDS = 3


class EnforceRefused(ValueError):
    """Management settings cannot be enforced on this system now."""


def server_address(
    connectivity: str,
    *,
    is_secure_only: bool,
    used_host: str,
    used_scheme: str,
    source: str,
    settings: NetworkSettings,
    has_http_off: bool = False,
) -> ServerAddress:
    """LAN systems get our internal address, others the public one (`network_settings.outside`); an empty side leaves
    the address that the system uses already. HTTPS is used where the system has plain HTTP turned off
    (protocol notes P.4).

    `source` is where its posts come from, or where it is reached; "" where neither is known."""
    side = outside.side_of(connectivity)
    scheme = outside.scheme_of(
        settings, side, used_scheme=used_scheme, needs_https=is_secure_only or has_http_off
    )
    return outside.address(
        settings,
        Place.of(django_settings.OPTIONS),
        side=side,
        scheme=scheme,
        used_host=used_host,
        used_scheme=used_scheme,
        source=source,
    )


def address_used(arrival: Arrival) -> ServerAddress:
    """The address that brought a post: the one known to work right now, unless a proxy kept it to itself."""
    return outside.address(
        NetworkSettings(),
        Place.of(django_settings.OPTIONS),
        side="",
        scheme=arrival.scheme,
        used_host=arrival.host,
        used_scheme=arrival.scheme,
        source=arrival.source,
    )


def family_of(name: str) -> Manifest:
    """Whose settings and feedback are written to a system of that family; whatever phones home and is no other
    family with settings of its own is spoken to like the endpoints, which use this protocol."""
    found = registry.get_family(name)
    return found if found.settings or found.never_calls else registry.presumed_family()


def written_values(settings: NetworkSettings, *, are_secrets_shown: bool = True) -> dict[str, str]:
    """What Network settings say is written to systems, by the manifest's placeholders; empty ones are not written."""
    community = ""
    if settings.snmp_community_ciphertext:
        store = keys.load(django_settings.OPTIONS.data)
        community = store.decrypt(bytes(settings.snmp_community_ciphertext)) if are_secrets_shown else MARK
    return {
        "snmp_community": community,
        "snmp_contact": settings.snmp_contact,
        "snmp_location": settings.snmp_location,
    }


def management_settings(
    address: ServerAddress,
    secret: str,
    *,
    family: str = "",
    is_secure_only: bool = False,
    has_phone_book: bool = False,
    others: Mapping[str, str] | None = None,
) -> tuple[SettingValue, ...]:
    """The settings written on admission and on enforcing (docs: management modes; protocol notes A.5, M). Without an
    address that could be told, those that name one are left out: the system keeps what it has.

    Where `has_phone_book` is not, the system's phone book server is left as it is, whose ever it may be.
    `others` are the `written_values`; those of SNMP are left out in Secure-Only, which does not use it.
    """
    values = {
        "authority": address.authority,
        "protocol": address.scheme.upper(),
        "events_path": f"{EVENTS_PATH}/{secret}",
        "phone_book_url": address.url(PHONE_BOOK_PATH, secret) if has_phone_book else "",
    }
    for name, text in (others or {}).items():
        if not (is_secure_only and name.startswith("snmp_")):
            values[name] = text
    rows = family_of(family).settings
    texts = ((setting.path, setting.text(values, is_secure_only=is_secure_only)) for setting in rows)
    return tuple(SettingValue(path, text) for path, text in texts if text is not None)


def has_phone_book(system: System, settings: NetworkSettings) -> bool:
    """Whether the system is told to search our phone books: one is set on it or on a folder above it."""
    return system.has_own_phone_book or system.folder.has_phone_book or settings.phone_books_always


def feedback_url(address: ServerAddress, secret: str) -> str:
    """Where the system sends its feedback."""
    return address.url(FEEDBACK_PATH, secret)


def management_commands(
    address: ServerAddress, secret: str, *, software_version: str, family: str = "", slot: int | None = None
) -> tuple[CommandCall, ...]:
    """The feedback registration, as that software takes it; none where the family has no feedback. `slot` is that of
    Network settings, None the family's own."""
    feedback = family_of(family).feedback
    if feedback is None or not address.authority:
        return ()
    quirks = quirks_of(software_version, family)
    arguments: list[tuple[str, str | tuple[str, ...]]] = [
        ("FeedbackSlot", str(slot or feedback.slot)),
        ("ServerUrl", feedback_url(address, secret)),
        ("Expression", feedback_expressions(family, software_version)),
        *quirks.feedback_arguments,
    ]
    return (CommandCall("HttpFeedback/Register", tuple(arguments)),)


def give_up_slots(
    slots: Iterable[FeedbackSlot], kept: int, address: ServerAddress
) -> tuple[CommandCall, ...]:
    """The commands that free other slots which lead to us as well: what happens would be told twice."""
    # Whichever secret it has; what is stored of a status has a mark in its place.
    ours = feedback_url(address, MARK).casefold()
    return tuple(
        CommandCall("HttpFeedback/Deregister", (("FeedbackSlot", str(slot.number)),))
        for slot in slots
        if slot.number != kept and redact_text(slot.url).casefold() == ours
    )


def feedback_expressions(family: str, software_version: str) -> tuple[str, ...]:
    """What a system of that family and release is to tell of; none where the family has no feedback."""
    feedback = family_of(family).feedback
    if feedback is None:
        return ()
    return quirks_of(software_version, family).expressions(feedback.expressions)


def told(
    address: ServerAddress,
    texts: Sequence[str],
    *,
    family: str,
    software_version: str,
    is_secure_only: bool,
    has_phone_book: bool,
    others: Mapping[str, str],
    slot: int,
) -> ToldSettings:
    """What such a system was told, for each of the secrets that it may have; for `still_ours`."""
    each = (
        management_settings(
            address,
            text,
            family=family,
            is_secure_only=is_secure_only,
            has_phone_book=has_phone_book,
            others=others,
        )
        for text in texts
    )
    urls = tuple(feedback_url(address, text) for text in texts)
    own = registry.get_family(family)
    # A bridge or an MXP calls us too, and has no slots that could be gone (rule R10).
    has_slots = own.can("register_feedback") or not own.matches
    return ToldSettings(
        tuple(each), urls, slot, feedback_expressions(family, software_version) if has_slots else ()
    )


def own_address_towards(address: str) -> str:
    """The address of ours from which packets to a device leave; "" where none does. Nothing is sent."""
    found = parse_address(address)
    family = socket.AF_INET6 if found is not None and found.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def enforce(system: System, *, user: Person, now: datetime) -> None:
    """Write the management settings again with the system's next answer; raises `EnforceRefused`."""
    if system.state != State.MANAGED:
        raise EnforceRefused(
            _("{system} is not managed, so there is nothing to enforce. Admit it first.", system=system)
        )
    with transaction.atomic():
        lock_contacts([system.pk])
        System.objects.filter(pk=system.pk).update(management_is_due=True, management_rounds=0)
        Contact.objects.filter(system=system).update(has_work=True)
        timeline.add(system, "management", _("Management settings are to be enforced"), now=now, user=user)
        live.publish("system", system)
    system.management_is_due, system.management_rounds = True, 0
