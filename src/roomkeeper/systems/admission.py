"""Admission: from the inbox or a list to a managed system, and the other ways a person decides about it.

Acts of people are functions on a `System`; what a batch admits by rule is `may_be_admitted` and `admit`.
"""

import ipaddress
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.dispatch import Signal

from roomkeeper.systems import (
    connectivity_changes,
    credentials,
    expectations,
    findings,
    inventory,
    live,
    network_settings,
    records,
    secrets,
    secure_only,
    timeline,
)
from roomkeeper.systems.addresses import is_within, network_of, parse_networks
from roomkeeper.systems.hosts import parse_host
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, Folder, NetworkSettings, State, System

SERIAL_LIMIT = 64
# Sent with `system` and `now`, inside the transaction: a system begins to be managed, or begins anew.
admitted = Signal()


class AdmissionRefused(ValueError):
    """The system cannot be admitted or registered like that."""


def pre_register(
    *,
    user: Any,
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
        hint = str(ipaddress.ip_address(parse_host(hint_address))) if hint_address else None
        host = records.usable_address(host, http_port, https_port)
    except ValueError as error:
        raise AdmissionRefused(str(error)) from error
    serial_number = serial_number.strip()
    if not mac_address and not serial_number and not hint:
        raise AdmissionRefused(
            "A system is registered by its MAC address or its serial number, or by the address where it is expected; "
            "give at least one."
        )
    if len(serial_number) > SERIAL_LIMIT:
        raise AdmissionRefused(f"A serial number has at most {SERIAL_LIMIT} characters.")
    with transaction.atomic():
        same = _same_identity(serial_number, mac_address)
        if not mac_address and not serial_number and hint in expectations.announced():
            raise AdmissionRefused(f"A system is expected at {hint} already.")
        admitted = System.objects.filter(same).exclude(state=State.PENDING).first()
        if admitted is not None:
            raise AdmissionRefused(
                f"{admitted} ({admitted.get_state_display()}, system {admitted.pk}) already has that identity."
            )
        waiting = list(System.objects.filter(same, state=State.PENDING).order_by("pk"))
        system = waiting[0] if len(waiting) == 1 else System()
        system.serial_number = serial_number or system.serial_number
        system.mac_address = mac_address or system.mac_address
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
        _save_admitted(system)
        Contact.objects.get_or_create(system=system)
        if username:
            credentials.set_credentials(system, username, password)
        inventory.set_tags(system, tags)
        timeline.add(system, "admission", "Pre-registered", now=now, user=user)
        live.publish("systems", system)
    return system


def may_be_admitted(
    state: str, system_network: str, source: str, scheme: str, settings: NetworkSettings
) -> bool:
    """Whether a rule admits the system without a person (rule R4: a list alone also needs a network or HTTPS)."""
    networks = parse_networks(settings.admission_networks)
    if state == State.PRE_REGISTERED:
        own = parse_networks([system_network] if system_network else [])
        return is_within(source, own) if own else scheme == "https" or is_within(source, networks)
    return state == State.PENDING and not settings.admission_by_hand and is_within(source, networks)


def approve(
    system: System,
    *,
    user: Any,
    now: datetime,
    folder: Folder | None = None,
    name: str | None = None,
    source: str | None = None,
) -> System:
    """Admit the system as a managed one and make its secret, bound to the address it was last seen from.

    Also confirms a managed system whose secret was withheld or ran out. Raises `AdmissionRefused`.
    """
    if system.state == State.BLOCKED:
        raise AdmissionRefused(f"{system} is blocked. Take the block back first (admit again).")
    contact = Contact.objects.filter(system=system).first()
    if source is None:
        source = contact.source_address if contact and contact.source_address else ""
    with transaction.atomic():
        lock_contacts([system.pk])
        announcement = _announcement_for(system, contact)
        if announcement is not None:
            expectations.take_over(system, announcement)
        if folder is not None:
            system.folder = folder
        if name is not None and name.strip():
            system.name = name.strip()[: inventory.NAME_LIMIT]
        admit(system, now=now, source=source, user=user)
    return system


def _announcement_for(system: System, contact: Contact | None) -> System | None:
    if system.state != State.PENDING or contact is None:
        return None
    return expectations.find_announced(system, contact.source_address, contact.reported_address)


def admit(system: System, *, now: datetime, source: str, user: Any = None) -> None:
    """Make the system managed and issue its pending secret; called inside the caller's transaction."""
    if system.state == State.MANAGED and system.secrets.filter(stage="current").exists():
        raise AdmissionRefused(
            f"{system} is managed and has proven itself. Use «admit again» after a factory reset."
        )
    by = "by a person" if user is not None else "by rule"
    was_managed = system.state == State.MANAGED
    system.state = State.MANAGED
    system.admitted_at, system.admitted_by, system.admitted_source = now, user, source
    system.management_is_due = True
    name = system.name or system.reported_name or system.serial_number or system.mac_address
    system.name = name[: inventory.NAME_LIMIT]
    is_wanted = network_settings.get().secure_only and secure_only.is_supported(system.family)
    if system.secure_only_completed_at is None and is_wanted:
        system.is_secure_only = True
    _save_admitted(system)
    Contact.objects.update_or_create(system=system, defaults={"has_work": True})
    secrets.issue_pending(system, now=now, source=source)
    timeline.add(system, "admission", f"Admitted {by}", now=now, user=user, source_address=source)
    for kind in ("secret withheld", "identity changed", "identity conflict"):
        findings.clear(kind, system, "The system was admitted again.")
    live.publish("systems", system)
    live.publish("inbox", system)
    if not was_managed:
        admitted.send(System, system=system, now=now)


def admit_by_address(system: System, *, user: Any, now: datetime, source: str, connectivity: str) -> None:
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


def ignore(system: System, *, user: Any, now: datetime) -> System:
    """Keep the system out of the inbox; it is answered like an unknown one."""
    return _set_aside(system, State.IGNORED, "Ignored", user=user, now=now)


def block(system: System, *, user: Any, now: datetime) -> System:
    """Refuse everything the system posts."""
    return _set_aside(system, State.BLOCKED, "Blocked", user=user, now=now)


def readmit(system: System, *, user: Any, now: datetime) -> System:
    """Admit again: forget what was proven (after a factory reset, an ignore or a block) and make a new secret."""
    contact = Contact.objects.filter(system=system).first()
    with transaction.atomic():
        lock_contacts([system.pk])
        secrets.forget(system)
        system.pinned_key = ""
        system.is_proven_by_probe = False
        # A device after its factory reset comes as it did on its first day, perhaps from elsewhere.
        claim = system.claims.order_by("-last_at").first()
        source = claim.source_address if claim else (contact.source_address if contact else "")
        was_managed = system.state == State.MANAGED
        admit(system, now=now, source=source, user=user)
        if was_managed:
            admitted.send(System, system=system, now=now)
    return system


def accept_identity(
    system: System, *, user: Any, now: datetime, serial_number: str, mac_address: str
) -> System:
    """Accept that the hardware or its network card was swapped: these are its serial number and MAC from now on."""
    try:
        mac = inventory.normalize_mac(mac_address) if mac_address.strip() else ""
    except ValueError as error:
        raise AdmissionRefused(str(error)) from error
    serial_number = serial_number.strip()
    if not mac and not serial_number:
        raise AdmissionRefused("Give the serial number or the MAC address that the system now has.")
    with transaction.atomic():
        lock_contacts([system.pk])
        old = f"{system.serial_number or '–'} / {system.mac_address or '–'}"
        system.serial_number, system.mac_address = serial_number, mac
        _save_admitted(system)
        new = f"{serial_number or '–'} / {mac or '–'}"
        timeline.add(system, "identity", f"Identity accepted: {new}, was {old}", now=now, user=user)
        for kind in ("identity changed", "identity conflict"):
            findings.clear(kind, system, "The new identity was accepted.")
        live.publish("system", system)
    return system


def _set_aside(system: System, state: State, word: str, *, user: Any, now: datetime) -> System:
    with transaction.atomic():
        lock_contacts([system.pk])
        system.state = state
        _save_admitted(system)
        timeline.add(system, "admission", word, now=now, user=user)
        live.publish("systems", system)
        live.publish("inbox", system)
    return system


def _same_identity(serial_number: str, mac_address: str) -> Q:
    same = Q(pk__in=[])
    if serial_number:
        same |= Q(serial_number=serial_number)
    if mac_address:
        same |= Q(mac_address=mac_address)
    return same


def _save_admitted(system: System) -> None:
    try:
        with transaction.atomic():
            system.save()
    except IntegrityError as error:
        other = (
            System.objects.filter(_same_identity(system.serial_number, system.mac_address))
            .exclude(pk=system.pk)
            .exclude(state=State.PENDING)
            .first()
        )
        raise AdmissionRefused(
            f"{other or 'Another system'} already has this serial number or MAC address; two systems cannot share one."
        ) from error
