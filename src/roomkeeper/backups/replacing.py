"""Replacing a system's hardware: the record keeps its id, folder, tags, people's rights, history and wishes; who it is
and where it is reached become the new hardware's (rules R3, R4).

The old secret is void from then on. New hardware that has proven a secret under a record of its own goes on with that
one; any other is handed a new one with its next post, or by push.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.backups import keeping, merging, replacement_plan, restoring
from roomkeeper.backups.mapping import read_picks
from roomkeeper.backups.models import Backup, Reason, Replacement, Restoration
from roomkeeper.backups.replacement_plan import Hardware, ReplaceRefused
from roomkeeper.provisioning import change_sets, states
from roomkeeper.provisioning.models import OPEN_STATES, Action, DeliveryState
from roomkeeper.systems import admission, findings, live, timeline
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, State, System, SystemSecret
from roomkeeper.words import gettext as _

_GONE_FINDINGS = (
    "identity changed",
    "identity conflict",
    "secret withheld",
    "secret needs https",
    device_access.LOGIN_FINDING,
    device_access.CERTIFICATE_FINDING,
    device_access.RIGHTS_FINDING,
)
_TAKEN_BACK = ("username", "is_secure_only")


def replace(
    system: System,
    hardware: Hardware,
    *,
    user: Person,
    now: datetime,
    restores: bool = True,
    picks: Sequence[str] = (),
    keeps_credentials: bool = False,
) -> tuple[Replacement, Restoration | None]:
    """Do it. Raises `ReplaceRefused`, `AdmissionRefused`, `PicksRefused`."""
    replacement_plan.demand_replaceable(system)
    read_picks(picks)
    record = hardware.record
    with transaction.atomic():
        lock_contacts([system.pk, *([record.pk] if record else [])])
        replacement = Replacement.objects.create(
            system=system,
            at=now,
            user=find_account(user),
            old=_snapshot(system),
            old_password_ciphertext=bytes(system.password_ciphertext),
            new_serial_number=hardware.serial_number,
            new_mac_address=hardware.mac_address,
            merged_system_id=record.pk if record else None,
            merged_name=str(record) if record else "",
        )
        backup = _safety_backup(system, user=user, now=now)
        _part_from_old(system, user=user, now=now)
        has_reported = replacement_plan.has_reported(record)
        source = replacement_plan.source_of(record)
        is_proven = _take_hardware(system, record, keeps_credentials=keeps_credentials, now=now)
        _take_identity(system, hardware, is_proven=is_proven, source=source, user=user, now=now)
        told = _(
            "New hardware: {hardware}; it was {identity}",
            hardware=hardware,
            identity=_identity(replacement.old),
        )
        timeline.add(
            system,
            "replacement",
            told,
            now=now,
            user=user,
            details={"replacement": replacement.pk, "merged": replacement.merged_system_id},
        )
        restoration = None
        if restores and backup is not None:
            restoration = restoring.start_when_reported(backup, replacement, picks, user=user, now=now)
            if has_reported:
                restoring.start_now(restoration, now=now)
        _publish(system)
    return replacement, restoration


def undo(replacement: Replacement, *, user: Person, now: datetime) -> System:
    """Bring the old hardware back to its record, as far as that goes: it gets a new secret, because the old one is
    void, and the record that the new hardware had is not made again. Raises `ReplaceRefused`."""
    system = replacement.system
    if (
        replacement.undone_at is not None
        or Replacement.objects.filter(system=system, pk__gt=replacement.pk).exists()
    ):
        raise ReplaceRefused(_("Only the newest replacement of a system can be undone, and only once."))
    with transaction.atomic():
        lock_contacts([system.pk])
        for restoration in replacement.restorations.select_related("system__folder", "change_set"):
            restoring.cancel(restoration, user=user, now=now)
            if restoration.change_set is not None:
                change_sets.cancel_change_set(restoration.change_set, user=user, now=now)
        _cancel_actions(system, _("the new hardware was removed again"), now=now)
        secrets.forget(system)
        merging.forget_hardware(system, now=now)
        old = replacement.old
        for name in (*merging.HARDWARE, *_TAKEN_BACK):
            setattr(system, name, old[name])
        system.password_ciphertext = bytes(replacement.old_password_ciphertext)
        system.login_worked_at = system.login_refused_at = system.secure_only_completed_at = None
        system.connectivity_since = None
        serial_number, mac_address = old["serial_number"], old["mac_address"]
        _forget_waiting(serial_number, mac_address)
        _save_identity(system, serial_number, mac_address, user=user, now=now)
        admission.admit(system, now=now, source=old.get("source_address", ""), user=user)
        replacement.undone_at = now
        replacement.save(update_fields=["undone_at"])
        timeline.add(
            system,
            "replacement",
            _("Replacement undone: {identity} is back", identity=_identity(old)),
            now=now,
            user=user,
        )
        _publish(system)
    return system


def _safety_backup(system: System, *, user: Person, now: datetime) -> Backup | None:
    """What the old hardware had last: the newest configuration, with the parts of the newest backup that has some."""
    older = keeping.find_newest_with_parts(system)
    missing = (
        []
        if older is None
        else [_("Its parts are those of the backup of {made_at:%Y-%m-%d %H:%M}.", made_at=older.made_at)]
    )
    if older is None:
        missing = [_("No backup with macros, panels or pictures was ever made of it.")]
    try:
        return keeping.store_with_parts_of(
            system, older, reason=Reason.BEFORE_REPLACE, missing=missing, user=user, now=now
        )
    except keeping.NothingToBackUp:
        # Replaced twice before it reported anything: what is to follow is that of the hardware before.
        return replacement_plan.newest_backup(system)


def _part_from_old(system: System, *, user: Person, now: datetime) -> None:
    _cancel_actions(system, _("its hardware was replaced"), now=now)
    for restoration in Restoration.objects.filter(system=system, state=Restoration.State.WAITING):
        restoring.cancel(restoration, user=user, now=now)
    if Restoration.objects.filter(system=system, state=Restoration.State.RUNNING).exists():
        raise ReplaceRefused(
            _("A restore of {system} is in progress. Wait for it, or stop its job.", system=system)
        )
    secrets.forget(system)
    for kind in _GONE_FINDINGS:
        findings.clear(kind, system.pk, _("Its hardware was replaced."))


def _take_hardware(system: System, record: System | None, *, keeps_credentials: bool, now: datetime) -> bool:
    """Who and where it is, and its login, from the new hardware; whether it has proven a secret already."""
    login = ("", b"", False)
    if record is not None and record.username:
        login = (record.username, bytes(record.password_ciphertext), record.password_may_use_http)
    elif keeps_credentials:
        login = (system.username, bytes(system.password_ciphertext), system.password_may_use_http)
    worked_at = record.login_worked_at if record is not None and record.username else None
    is_proven = False
    if record is None:
        merging.forget_hardware(system, now=now)
    else:
        is_proven = merging.take_over(system, record, now=now)
    system.username, system.password_ciphertext, system.password_may_use_http = login
    system.login_worked_at, system.login_refused_at = worked_at, None
    # Whether the new hardware comes by HTTPS is to be seen; until then its posts by HTTP are not refused.
    system.secure_only_completed_at = None
    system.in_call, system.calls, system.drift_count, system.management_rounds = False, {}, 0, 0
    return is_proven


def _take_identity(
    system: System, hardware: Hardware, *, is_proven: bool, source: str, user: Person, now: datetime
) -> None:
    _save_identity(system, hardware.serial_number, hardware.mac_address, user=user, now=now)
    if is_proven:
        # It posts with its secret already; what is written of the room's connectivity and mode is enforced once.
        system.state, system.management_is_due = State.MANAGED, True
        system.save(update_fields=["state", "management_is_due"])
        return
    SystemSecret.objects.filter(system=system).delete()
    admission.admit(system, now=now, source=source, user=user)


def _save_identity(
    system: System, serial_number: str, mac_address: str, *, user: Person, now: datetime
) -> None:
    if serial_number or mac_address:
        admission.accept_identity(
            system, user=user, now=now, serial_number=serial_number, mac_address=mac_address
        )
    else:
        # A record without either was admitted by its address.
        system.serial_number = system.mac_address = ""
        system.save()


def _forget_waiting(serial_number: str, mac_address: str) -> None:
    """The old hardware stands in the inbox if it has posted meanwhile; it is nobody new."""
    for name, value in (("serial_number", serial_number), ("mac_address", mac_address)):
        if value:
            System.objects.filter(state=State.PENDING, **{name: value}).delete()


def _cancel_actions(system: System, reason: str, *, now: datetime) -> None:
    still_open = Action.objects.filter(system=system, state__in=OPEN_STATES)
    states.move(still_open, DeliveryState.CANCELLED, reason, now)


def _snapshot(system: System) -> dict[str, Any]:
    contact = Contact.objects.filter(system=system).first()
    names = ("serial_number", "mac_address", *merging.HARDWARE, *_TAKEN_BACK)
    found = {name: getattr(system, name) for name in names}
    found["source_address"] = contact.source_address if contact else ""
    return {
        name: value if isinstance(value, str | int | None) else DjangoJSONEncoder().default(value)
        for name, value in found.items()
    }


def _identity(values: dict[str, Any]) -> str:
    told = (values["product"], values["serial_number"], values["mac_address"])
    return ", ".join(text for text in told if text) or _("without serial number and MAC address")


def _publish(system: System) -> None:
    for topic in ("systems", "inbox", "system"):
        live.publish(topic, system)
