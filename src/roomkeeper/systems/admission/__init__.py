"""Admission: from the inbox or a list to a managed system, and the other ways a person decides about it.

Acts of people are functions on a `System`; what a batch admits by rule is `may_be_admitted` and `admit`.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NoReturn

from django.db import IntegrityError, transaction
from django.dispatch import Signal

from roomkeeper.accounts.permissions import Permission, grants_of
from roomkeeper.accounts.person import Person, find_account
from roomkeeper.protocols.identification import same_serial
from roomkeeper.systems import findings, inventory, live, network_settings, timeline
from roomkeeper.systems.addresses import address_of, is_within, network_of, parse_address, parse_networks
from roomkeeper.systems.admission import (
    claimants,
    expectations,
    identification,
    identities,
    secrets,
    secure_only,
)
from roomkeeper.systems.contact import connectivity_changes, credentials
from roomkeeper.systems.inventory import records
from roomkeeper.systems.inventory.hosts import parse_host
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, Folder, NetworkCard, NetworkSettings, State, System
from roomkeeper.words import gettext as _

SERIAL_LIMIT = 64
# Sent with `system` and `now`, inside the transaction: a system begins to be managed, or begins anew.
admitted = Signal()


class AdmissionRefused(ValueError):
    """The system cannot be admitted or registered like that."""


class SourceUnclear(AdmissionRefused):
    """Nobody said to which address the secret goes, and it is not the only one; `addresses` are those that posted.

    `field` is what has to be given, `choices` what it may be.
    """

    field = "source"

    def __init__(self, sentence: str, addresses: Sequence[str]) -> None:
        super().__init__(sentence)
        self.addresses = self.choices = list(addresses)


def pre_register(
    *,
    user: Person,
    now: datetime,
    mac_address: str = "",
    serial_number: str = "",
    hint_address: str | None = None,
    name: str = "",
    folder: Folder | None = None,
    tags: Iterable[str] = (),
    network: str = "",
    host: str = "",
    http_port: int | None = None,
    https_port: int | None = None,
    username: str = "",
    password: str = "",
    password_may_use_http: bool = False,
    is_secure_only: bool | None = None,
) -> System:
    """Register a system before it phones home; one that already waits in the inbox becomes the registered one.

    Needs a MAC address, a serial number, or at least the address at which it is expected: that is only a hint, and a
    person confirms that whoever phones home from there is meant (rule R3).
    Raises `AdmissionRefused` with a sentence.
    """
    try:
        mac_address = inventory.normalize_mac(mac_address) if mac_address.strip() else ""
        network = str(network_of(network)) if network else ""
        hint = str(address_of(parse_host(hint_address))) if hint_address else None
        host = records.usable_address(host, http_port, https_port)
    except ValueError as error:
        raise AdmissionRefused(str(error)) from error
    serial_number = serial_number.strip()
    if not mac_address and not serial_number and not hint:
        raise AdmissionRefused(
            _(
                "A system is pre-registered by its MAC address, its serial number, or the address "
                "where it is expected. Enter at least one."
            )
        )
    if len(serial_number) > SERIAL_LIMIT:
        raise AdmissionRefused(_("A serial number has at most {limit} characters.", limit=SERIAL_LIMIT))
    with transaction.atomic():
        same = identities.same_identity(serial_number, mac_address)
        if not mac_address and not serial_number and hint in expectations.announced():
            raise AdmissionRefused(_("A system is already expected at {hint}.", hint=hint))
        known = System.objects.filter(same).exclude(state=State.PENDING).select_related("folder").first()
        if known is not None:
            raise AdmissionRefused(_("{label} already has that identity.", label=label_for(user, known)))
        waiting = [
            one
            for one in System.objects.filter(same, state=State.PENDING).order_by("pk")
            if not identification.contradicts(one, serial_number, mac_address)
        ]
        system = waiting[0] if len(waiting) == 1 else System()
        # Only what the person said: who waits may have said anything (rule R3).
        system.serial_number, system.mac_address = serial_number, mac_address
        system.name = (name or system.name).strip()[: inventory.NAME_LIMIT]
        system.folder = folder or inventory.root_folder()
        system.state = State.PRE_REGISTERED
        system.admission_network, system.admission_hint_address = network, hint
        system.host, system.http_port, system.https_port = host, http_port, https_port
        system.password_may_use_http = password_may_use_http
        system.is_secure_only = (
            network_settings.get().secure_only if is_secure_only is None else is_secure_only
        )
        system.created_at = now
        _save_admitted(system, user)
        Contact.objects.get_or_create(system=system)
        if username:
            credentials.set_credentials(system, username, password)
        inventory.set_tags(system, tags)
        timeline.add(system, "admission", "Pre-registered", now=now, user=user)
        live.publish("systems", system)
    return system


def may_be_admitted(state: str, system_network: str, source: str, settings: NetworkSettings) -> bool:
    """Whether a rule admits the system without a person (rule R4).

    A list alone also needs a network, its own or one of Network settings: HTTPS proves nothing of the caller.
    """
    networks = parse_networks(settings.admission_networks)
    if state == State.PRE_REGISTERED:
        return is_within(source, parse_networks([system_network]) if system_network else networks)
    return state == State.PENDING and not settings.admission_by_hand and is_within(source, networks)


def approve(
    system: System,
    *,
    user: Person,
    now: datetime,
    folder: Folder | None = None,
    name: str | None = None,
    source: str | None = None,
    shown: Collection[str] | None = None,
) -> System:
    """Admit the system as a managed one and make its secret, bound to `source`, the address that a person chose.

    Without it the secret goes where all its posts of the last 24 hours came from. `shown` are the addresses that the
    person saw: where another one has posted since, nothing is done. Also confirms a managed system whose
    secret was withheld or ran out; another box that shares a number with a known system is admitted by the number that
    is its own. Raises `AdmissionRefused`, `SourceUnclear` where several addresses posted, or none.
    """
    if system.state == State.BLOCKED:
        raise AdmissionRefused(_("{system} is blocked. Admit it again to unblock it.", system=system))
    contact = Contact.objects.filter(system=system).first()
    with transaction.atomic():
        lock_contacts([system.pk])
        source = _choose_source(system, source, shown, now=now)
        if system.state == State.PENDING:
            _keep_own_numbers(system, user=user, now=now)
        announcement = _announcement_for(system, contact)
        if announcement is not None:
            expectations.take_over(system, announcement)
        if folder is not None:
            system.folder = folder
        if name is not None and name.strip():
            system.name = name.strip()[: inventory.NAME_LIMIT]
        admit(system, now=now, source=source, user=user)
    return system


def _choose_source(
    system: System, source: str | None, shown: Collection[str] | None, *, now: datetime
) -> str:
    found = [one.address for one in claimants.claimants_of(system, now=now)]
    if shown is not None and (unseen := [address for address in found if address not in shown]):
        raise SourceUnclear(
            _(
                "Meanwhile {addresses} posted as {system} too. Check the posts that claim to be this "
                "system again, and choose.",
                addresses=claimants.list_addresses(unseen),
                system=system,
            ),
            found,
        )
    if source:
        address = parse_address(source)
        if address is None:
            raise AdmissionRefused(_("{source!r} is not an IP address.", source=source))
        return str(address)
    if len(found) == 1:
        return found[0]
    if found:
        raise SourceUnclear(
            _(
                "Within the last 24 hours {addresses} posted as {system}, so it is not clear which "
                "of them should get its secret. Choose the address of your device.",
                addresses=claimants.list_addresses(found),
                system=system,
            ),
            found,
        )
    raise SourceUnclear(
        _(
            "Nobody posted as {system} within the last 24 hours. Wait for its next post, or "
            "enter the address that it will post from.",
            system=system,
        ),
        found,
    )


def _keep_own_numbers(system: System, *, user: Person, now: datetime) -> None:
    """Another box that shares a number with a known system becomes a system by the one that is its own (rule R3)."""
    known = list(
        System.objects.filter(identities.same_identity(system.serial_number, system.mac_address))
        .exclude(state=State.PENDING)
        .select_related("folder")
    )
    owned = NetworkCard.objects.filter(mac_address=system.mac_address).exclude(system=system)
    shares_mac = bool(system.mac_address) and (
        any(one.mac_address == system.mac_address for one in known) or owned.exists()
    )
    shares_serial = bool(system.serial_number) and any(
        same_serial(one.serial_number, system.serial_number) for one in known
    )
    if not shares_mac and not shares_serial:
        return
    mac, serial = "" if shares_mac else system.mac_address, "" if shares_serial else system.serial_number
    if not mac and not serial:
        _refuse_taken(known, user)
    word = _("MAC address") if shares_mac else _("serial number")
    system.mac_address, system.serial_number = mac, serial
    summary = _("Its {word} is left out, because a known system has it", word=word)
    timeline.add(system, "identity", summary, now=now, user=user)


def _announcement_for(system: System, contact: Contact | None) -> System | None:
    if system.state != State.PENDING or contact is None:
        return None
    return expectations.find_announced(system, contact.source_address, contact.reported_address)


def admit(system: System, *, now: datetime, source: str, user: Person = None, has_code: bool = False) -> None:
    """Make the system managed and issue its pending secret; called inside the caller's transaction."""
    if system.state == State.MANAGED and system.secrets.filter(stage="current").exists():
        raise AdmissionRefused(
            _(
                "{system} is managed and has proven itself. Use Admit again after a factory reset.",
                system=system,
            )
        )
    by = _("by a person") if user is not None else _("by its activation code") if has_code else _("by rule")
    was_managed = system.state == State.MANAGED
    system.state = State.MANAGED
    system.admitted_at, system.admitted_by, system.admitted_source = now, find_account(user), source
    system.management_is_due = True
    name = system.name or system.reported_name or system.serial_number or system.mac_address
    system.name = name[: inventory.NAME_LIMIT]
    is_wanted = network_settings.get().secure_only and secure_only.is_supported(system.family)
    if system.secure_only_completed_at is None and is_wanted:
        system.is_secure_only = True
    _save_admitted(system, user)
    Contact.objects.update_or_create(system=system, defaults={"has_work": True})
    secrets.issue_pending(system, now=now, source=source)
    timeline.add(system, "admission", _("Admitted {by}", by=by), now=now, user=user, source_address=source)
    for kind in ("secret withheld", "identity changed", "identity conflict", "second claimant"):
        findings.clear(kind, system.pk, _("The system was admitted again."))
    live.publish("systems", system)
    live.publish("inbox", system)
    if not was_managed:
        admitted.send(System, system=system, now=now)


def admit_by_address(system: System, *, user: Person, now: datetime, source: str, connectivity: str) -> None:
    """Admit a system that was found at its address, new or known; inside the caller's transaction.

    Its connectivity is what the person said who gave the address. Management settings are not due: the caller
    pushes them, or makes them due. Raises `AdmissionRefused`.
    """
    if system.pk is None:
        system.state = State.PENDING
        system.save()
    announcement = expectations.find_announced(system, source)
    if announcement is not None:
        own = system.username, bytes(system.password_ciphertext), system.folder
        expectations.take_over(system, announcement)
        # The login that has just worked, and the folder that the person chose now, hold.
        system.username, system.password_ciphertext, system.folder = own
    # Before it is managed: a change of a managed system's connectivity would make its settings due.
    connectivity_changes.set_by_hand(system, connectivity, user=user, now=now)
    admit(system, now=now, source=source, user=user)
    system.management_is_due = False
    system.save(update_fields=["management_is_due"])


def ignore(system: System, *, user: Person, now: datetime) -> System:
    """Keep the system out of the inbox; it is answered like an unknown one."""
    return _set_aside(system, State.IGNORED, "Ignored", user=user, now=now)


def block(system: System, *, user: Person, now: datetime) -> System:
    """Refuse everything the system posts."""
    return _set_aside(system, State.BLOCKED, "Blocked", user=user, now=now)


def readmit(
    system: System,
    *,
    user: Person,
    now: datetime,
    source: str | None = None,
    shown: Collection[str] | None = None,
) -> System:
    """Admit again: forget what was proven (after a factory reset, an ignore or a block) and make a new secret.

    It is bound to `source` as with `approve`, held against `shown`, and the same is raised.
    """
    with transaction.atomic():
        lock_contacts([system.pk])
        source = _choose_source(system, source, shown, now=now)
        secrets.forget(system)
        system.pinned_key = ""
        system.is_proven_by_probe = False
        was_managed = system.state == State.MANAGED
        admit(system, now=now, source=source, user=user)
        if was_managed:
            admitted.send(System, system=system, now=now)
    return system


def accept_identity(
    system: System, *, user: Person, now: datetime, serial_number: str, mac_address: str
) -> System:
    """Accept that the hardware or its network card was swapped: these are its serial number and MAC from now on."""
    try:
        mac = inventory.normalize_mac(mac_address) if mac_address.strip() else ""
    except ValueError as error:
        raise AdmissionRefused(str(error)) from error
    serial_number = serial_number.strip()
    if not mac and not serial_number:
        raise AdmissionRefused(_("Enter the serial number or the MAC address that the system now has."))
    with transaction.atomic():
        lock_contacts([system.pk])
        old = f"{system.serial_number or '–'} / {system.mac_address or '–'}"
        system.serial_number, system.mac_address = serial_number, mac
        _save_admitted(system, user)
        new = f"{serial_number or '–'} / {mac or '–'}"
        summary = _("Identity accepted: {new}, was {old}", new=new, old=old)
        timeline.add(system, "identity", summary, now=now, user=user)
        for kind in ("identity changed", "identity conflict"):
            findings.clear(kind, system.pk, _("The new identity was accepted."))
        live.publish("system", system)
    return system


def _set_aside(system: System, state: State, word: str, *, user: Person, now: datetime) -> System:
    with transaction.atomic():
        lock_contacts([system.pk])
        system.state = state
        _save_admitted(system, user)
        timeline.add(system, "admission", word, now=now, user=user)
        live.publish("systems", system)
        live.publish("inbox", system)
    return system


def _save_admitted(system: System, user: Person) -> None:
    try:
        with transaction.atomic():
            system.save()
    except IntegrityError as error:
        others = System.objects.filter(identities.same_identity(system.serial_number, system.mac_address))
        known = list(others.exclude(pk=system.pk).exclude(state=State.PENDING).select_related("folder"))
        _refuse_taken(known, user, error)


def _refuse_taken(known: Sequence[System], user: Person, cause: Exception | None = None) -> NoReturn:
    """Raise the refusal of numbers that known systems have; it names only those that the person may see."""
    whose = label_for(user, known[0]) if known else _("Another system")
    raise AdmissionRefused(
        _("{whose} already has this serial number or MAC address; two systems cannot share one.", whose=whose)
    ) from cause


def label_for(user: Person, system: System) -> str:
    """The system's name for whoever may see it; the server itself, without a user, may."""
    if user is None or grants_of(user).may(Permission.VIEW, system.folder.path):
        state = system.get_state_display()
        return _("{system} ({state}, system {number})", system=system, state=state, number=system.pk)
    return _("A system that you are not allowed to see")
