"""The wanted configuration of a system, each value with the layer that won and why; and where it differs (idea 2).

Precedence: management settings, the system's name, then what sources offer: persistent settings, templates. A name that
somebody made persistent is a persistent setting like any other, and restored automatically.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import prefetch_related_objects

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.values import is_same, type_of
from roomkeeper.provisioning import management, persistent, sources
from roomkeeper.provisioning.planning import NAME_PATH
from roomkeeper.provisioning.sources import Enforcement, Offer
from roomkeeper.systems import network_settings
from roomkeeper.systems.documents import HIDDEN, ReportedConfiguration, reported_configuration
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import Connectivity, Contact, State, System
from roomkeeper.systems.network_settings.outside import ServerAddress
from roomkeeper.words import gettext as _

_NAME_KEY: Final = match_key(NAME_PATH)


@dataclass(frozen=True, slots=True)
class Overridden:
    """A value that another layer wanted and that lost."""

    layer: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class WantedValue:
    """One wanted setting. `layer` is management, system, or the name of a source; a secret is shown as a mark.

    `overridden` are what weaker layers wanted of the same setting, the strongest first.
    """

    path: str
    value: str
    layer: str
    why: str
    is_secret: bool = False
    enforcement: Enforcement = Enforcement.AUTOMATIC
    overridden: tuple[Overridden, ...] = ()


@dataclass(frozen=True, slots=True)
class Managed:
    """What the management layer and the name depend on; `others` are `management.written_values`."""

    name: str
    family: str
    connectivity: str
    is_secure_only: bool
    has_phone_book: bool
    address: ServerAddress
    others: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A wanted value that the system does not have; `path` is spelled as the device does, `found` is None where it
    lacks the setting. `is_lost`: nobody wrote another value, the device lost it."""

    path: str
    wanted: str
    found: str | None
    layer: str
    why: str
    enforcement: Enforcement
    is_lost: bool = False


def wanted_values(system: System) -> list[WantedValue]:
    """What should be true of the system, by layer."""
    return wanted_of([system])[system.pk]


def wanted_of(systems: Sequence[System]) -> dict[int, list[WantedValue]]:
    """The same for many systems, by id; a few statements whatever their number, which should not exceed 500."""
    managed = [system for system in systems if system.state == State.MANAGED]
    ids = [system.pk for system in managed]
    prefetch_related_objects(managed, "folder")
    contacts = {contact.system_id: contact for contact in Contact.objects.filter(system_id__in=ids)}
    settings = network_settings.get()
    others = management.written_values(settings, are_secrets_shown=False)
    offers = sources.collect(ids)
    found: dict[int, list[WantedValue]] = {system.pk: [] for system in systems}
    for system in managed:
        contact = contacts.get(system.pk) or Contact(system=system)
        address = management.server_address(
            system.connectivity,
            is_secure_only=system.is_secure_only,
            has_http_off=system.has_http_off,
            used_host=contact.used_host,
            used_scheme=contact.scheme,
            source=contact.source_address or system.host,
            settings=settings,
        )
        layer = Managed(
            system.name,
            system.family,
            system.connectivity,
            system.is_secure_only,
            management.has_phone_book(system, settings),
            address,
            others,
        )
        found[system.pk] = merge(layer, offers[system.pk])
    return found


def merge(managed: Managed, offers: Sequence[tuple[str, Offer]]) -> list[WantedValue]:
    """The layers merged, the first that names a setting winning."""
    values = _management(managed)
    is_persistent = any(
        layer == persistent.LAYER and match_key(offer.path) == _NAME_KEY for layer, offer in offers
    )
    if managed.name and not is_persistent:
        # Who renames a system at its touch panel may mean it: a person decides which name holds.
        why = _("the system's name in Roomkeeper")
        values.append(
            WantedValue(NAME_PATH, managed.name[:50], "system", why, enforcement=Enforcement.BY_HAND)
        )
    winners = {match_key(value.path): value for value in values}
    lost: dict[str, list[Overridden]] = {}
    for layer, offer in offers:
        key = match_key(offer.path)
        if key in winners:
            shown = HIDDEN if offer.is_secret else offer.value
            lost.setdefault(key, []).append(Overridden(layer, shown, offer.why))
            continue
        winners[key] = WantedValue(
            offer.path, offer.value, layer, offer.why, offer.is_secret, offer.enforcement
        )
    return [_with_lost(value, lost.get(key, ())) for key, value in winners.items()]


def _with_lost(value: WantedValue, lost: Sequence[Overridden]) -> WantedValue:
    if not lost:
        return value
    return WantedValue(
        value.path, value.value, value.layer, value.why, value.is_secret, value.enforcement, tuple(lost)
    )


def drift_of(system: System, reported: ReportedConfiguration | None = None) -> list[Difference]:
    """Where the newest reported configuration differs from what is wanted; empty while none was reported."""
    reported = reported or reported_configuration(system.pk)
    return differences(wanted_values(system), reported) if reported else []


def differences(wanted: Iterable[WantedValue], reported: ReportedConfiguration) -> list[Difference]:
    """Wanted values that a reported configuration does not show. What cannot be read back is no difference; what the
    device lacks is one only where a person wished it of this very system."""
    by_key = {match_key(path): (path, value) for path, value in reported.settings.items()}
    found = []
    for one in wanted:
        path, value = by_key.get(match_key(one.path), (one.path, None))
        if one.is_secret or value == HIDDEN or (value is None and one.layer != "persistent"):
            continue
        kind = type_of(path, reported.value_spaces.get(path, ""))
        if value is None or not is_same(value, one.value, kind):
            found.append(Difference(path, one.value, value, one.layer, one.why, one.enforcement))
    return found


def _management(managed: Managed) -> list[WantedValue]:
    if not managed.address.authority:
        return []
    side = "internal" if managed.connectivity == Connectivity.REACHABLE_ON_LAN else "public"
    # The manifest says what a setting is for; these two also depend on where the system stands.
    why = {setting.path: setting.why for setting in management.family_of(managed.family).settings} | {
        "Provisioning/ExternalManager/Address": _(
            "the {side} address of Network settings, or the one it uses", side=side
        ),
        "Provisioning/ExternalManager/Protocol": _(
            "HTTPS in Secure-Only and where plain HTTP is off on it, else what the system uses"
        ),
    }
    settings = management.management_settings(
        managed.address,
        MARK,
        family=managed.family,
        is_secure_only=managed.is_secure_only,
        has_phone_book=managed.has_phone_book,
        others=managed.others,
    )
    return [
        WantedValue(
            setting.path, setting.value, "management", why[setting.path], is_secret=MARK in setting.value
        )
        for setting in settings
    ]
