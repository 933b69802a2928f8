"""Changes of connectivity as rows: decided by a probe, set by hand, undone; and the lock (rule R1)."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.jobs.claims import Claims
from roomkeeper.systems import findings, live, timeline
from roomkeeper.systems.contact import connectivity
from roomkeeper.systems.contact.connectivity import Decision, ProbeResult
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Connectivity, ConnectivityChange, Contact, Probe, System
from roomkeeper.words import gettext as _


class ConnectivityRefused(ValueError):
    """Connectivity cannot be changed like that."""


# A process that died while probing has its probes taken over after this time.
PROBES: Final = Claims(Probe, timedelta(seconds=60))
_FINDING = "connectivity undecided"
_WRITTEN = ("connectivity", "connectivity_since", "management_is_due", "management_rounds")


def ask_probe(
    system_id: int, *, reported_address: str, source_address: str, used_host: str, now: datetime
) -> None:
    """Have it tried at once whether the system can be reached where its post came from; a probe that waits
    already is that of the newest post. The caller notes that the system is being probed."""
    Probe.objects.update_or_create(
        system_id=system_id,
        defaults={
            "asked_at": now,
            "not_before": now,
            **PROBES.given_back,
            "reported_address": reported_address,
            "source_address": source_address,
            "used_host": used_host,
        },
    )


def apply_probe(
    system: System, probe: Probe, result: ProbeResult, decision: Decision, *, now: datetime
) -> None:
    """Take over what a probe decided; where connectivity is locked it is recorded and not applied."""
    with transaction.atomic():
        lock_contacts([system.pk])
        system = System.objects.select_for_update().get(pk=system.pk)
        old = system.connectivity
        if result is ProbeResult.ITSELF:
            system.is_proven_by_probe = True
        is_applied = decision.new is not None and not system.connectivity_is_locked
        if is_applied:
            system.is_unproven = decision.is_unproven
        if decision.new is not None and decision.new != old:
            _record(
                system,
                old,
                decision.new,
                decision.reason,
                now=now,
                probe=probe,
                result=result,
                was_applied=is_applied,
            )
            if is_applied:
                _set(system, decision.new, now)
        system.save(update_fields=[*_WRITTEN, "is_proven_by_probe", "is_unproven"])
        if decision.asks_attention:
            findings.report(
                findings.Finding(
                    _FINDING,
                    system.pk,
                    _("Connectivity stays as it is: {reason}.", reason=decision.reason),
                    _("See the system's Connection tab."),
                )
            )
        else:
            findings.clear(_FINDING, system.pk, _("A later probe decided."))
        finish_probe(system, now=now)


def prove(system: System, *, now: datetime) -> None:
    """A login has worked, and the device there is the one that is meant: what a probe could not prove for want of a
    login is proven now. The state stays; inside the caller's transaction."""
    system.is_unproven, system.is_proven_by_probe = False, True
    system.save(update_fields=["is_unproven", "is_proven_by_probe"])
    newest = system.connectivity_changes.filter(was_applied=True, undone_at=None).order_by("-id").first()
    ConnectivityChange.objects.create(
        system=system,
        at=now,
        old=system.connectivity,
        new=system.connectivity,
        reported_address=newest.reported_address if newest else "",
        source_address=newest.source_address if newest else "",
        used_host=newest.used_host if newest else "",
        probe=ProbeResult.ITSELF,
        reason=_("a login has worked since, and it answered as itself"),
    )
    timeline.add(system, "connectivity", _("Proven by a login: it answered as itself"), now=now)
    live.publish("system", system)


def finish_probe(system: System, *, now: datetime) -> None:
    """The probe is done; open pages may look."""
    Probe.objects.filter(system=system).delete()
    Contact.objects.filter(system=system).update(is_probing=False)
    live.publish("system", system)


def set_by_hand(system: System, new: str, *, user: Person, now: datetime) -> None:
    """An administrator says how the system is reached."""
    if new not in Connectivity.values or not new:
        raise ConnectivityRefused(_("{new!r} is not a connectivity.", new=new))
    with transaction.atomic():
        lock_contacts([system.pk])
        old = system.connectivity
        if old != new:
            _record(system, old, new, _("set by {user}", user=user), now=now, user=user)
            _set(system, new, now)
            system.save(update_fields=_WRITTEN)
        live.publish("system", system)


def undo(change: ConnectivityChange, *, user: Person, now: datetime) -> None:
    """Go back to what held before the change; raises `ConnectivityRefused` unless it is the newest applied one."""
    system = change.system
    newest = (
        ConnectivityChange.objects.filter(system=system, was_applied=True, undone_at=None)
        .order_by("-id")
        .first()
    )
    if newest is None or newest.pk != change.pk:
        raise ConnectivityRefused(_("Only the latest change of connectivity that is in force can be undone."))
    with transaction.atomic():
        lock_contacts([system.pk])
        change.undone_at = now
        change.save(update_fields=["undone_at"])
        old = system.connectivity
        back = ConnectivityChange.objects.create(
            system=system,
            at=now,
            old=old,
            new=change.old,
            reason=_("undone by {user}", user=user),
            user=find_account(user),
            undone_at=now,
        )
        timeline.add(system, "connectivity", _words(back), now=now, user=user)
        _set(system, change.old, now)
        system.save(update_fields=_WRITTEN)
        live.publish("system", system)


def lock(system: System, *, user: Person, now: datetime) -> None:
    """Keep connectivity as it is: later decisions are recorded and not applied."""
    _set_lock(system, is_locked=True, user=user, now=now)


def unlock(system: System, *, user: Person, now: datetime) -> None:
    """Let connectivity be kept up to date again."""
    _set_lock(system, is_locked=False, user=user, now=now)


def _set_lock(system: System, *, is_locked: bool, user: Person, now: datetime) -> None:
    with transaction.atomic():
        system.connectivity_is_locked = is_locked
        system.save(update_fields=["connectivity_is_locked"])
        word = "locked" if is_locked else "unlocked"
        timeline.add(system, "connectivity", _("Connectivity {word}", word=word), now=now, user=user)
        live.publish("system", system)


def _set(system: System, new: str, now: datetime) -> None:
    """The new state; the address that the system is to call may change with it (docs: management modes)."""
    system.connectivity, system.connectivity_since = new, now
    if system.state == "managed":
        system.management_is_due, system.management_rounds = True, 0
        Contact.objects.filter(system=system).update(has_work=True)


def _record(
    system: System,
    old: str,
    new: str,
    reason: str,
    *,
    now: datetime,
    probe: Probe | None = None,
    result: connectivity.ProbeResult | None = None,
    was_applied: bool = True,
    user: Person = None,
) -> None:
    change = ConnectivityChange.objects.create(
        system=system,
        at=now,
        old=old,
        new=new,
        reason=reason[:500],
        was_applied=was_applied,
        user=find_account(user),
        reported_address=probe.reported_address if probe else "",
        source_address=probe.source_address if probe else "",
        used_host=probe.used_host if probe else "",
        probe=result.value if result else "",
    )
    timeline.add(system, "connectivity", _words(change), now=now, user=user)


def _words(change: ConnectivityChange) -> str:
    old, new = Connectivity(change.old).label, Connectivity(change.new).label
    applied = "" if change.was_applied else _(" (locked, so not applied)")
    return _("{new}, was {old}{applied}: {reason}", new=new, old=old, applied=applied, reason=change.reason)
