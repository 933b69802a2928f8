"""Undoing a change set: another one that asks for the values which the systems had before."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from roomkeeper.accounts.person import Person
from roomkeeper.protocols.xapi.values import is_same
from roomkeeper.provisioning import planning, states
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_NEWER: Final = (DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.CONFIRMED)
_NEVER_SENT: Final = noop("it was never sent, so there is nothing to undo")
_CHANGED_NOTHING: Final = noop("it was already set, so there is nothing to undo")
_REQUEST_REMOVED: Final = noop("it removed a request and changed nothing on the system")
_HIDDEN: Final = f"the value before is hidden ({HIDDEN}), so it cannot be restored"
_UNKNOWN: Final = noop("the value before is not known")


class UndoRefused(ValueError):
    """Nothing of the change set can be undone."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A setting that is not restored, and why."""

    system: System
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What undoing would do: the plan of the new change set, and what is left out of it."""

    plan: planning.ChangePlan
    left_out: tuple[LeftOut, ...]


def plan_undo(change_set: ChangeSet, systems: Collection[int] | None = None) -> UndoPlan:
    """What undoing would do, to all systems of the set or to those with these ids; changes nothing."""
    newer = _changed_since(change_set)
    wishes: list[tuple[System, dict[str, str | None]]] = []
    left_out: list[LeftOut] = []
    for change in _changes(change_set, systems).select_related("system__folder").prefetch_related("items"):
        wanted: dict[str, str | None] = {}
        for item in sorted(change.items.all(), key=lambda one: one.pk):
            reason = _why_not(item, newer.get((item.system_id, item.match_key)))
            if reason:
                left_out.append(LeftOut(change.system, item.path, reason))
            else:
                wanted[item.path] = item.previous
        if wanted:
            wishes.append((change.system, wanted))
    paths = dict.fromkeys(path for _, wanted in wishes for path in wanted)
    return UndoPlan(planning.plan_each(wishes, paths), tuple(left_out))


def undo(
    change_set: ChangeSet,
    *,
    user: Person,
    now: datetime,
    systems: Collection[int] | None = None,
    note: planning.Note | None = None,
) -> ChangeSet:
    """Ask the systems for the values before, as carefully as they were asked to change; what still waits of the set is
    not sent any more. The new change set does not persist. Raises `UndoRefused`. `note`: as `planning.record_plan`."""
    found = plan_undo(change_set, systems)
    if not found.plan.per_system:
        reasons = dict.fromkeys(one.reason for one in found.left_out)
        raise UndoRefused(
            _(
                "Nothing of change set {change_set} can be undone: {value}.",
                change_set=change_set.pk,
                value="; ".join([*reasons][:3]) or "it is empty",
            )
        )
    made = planning.record_plan(
        found.plan,
        user=user,
        now=now,
        description=f"Undo change set {change_set.pk}",
        care=planning.Care(change_set.during_calls, change_set.only_in_window, change_set.failure_limit),
        undoes=change_set,
        note=note,
    )
    _cancel_what_waits(change_set, systems, made, now)
    return made


def newest_of(system: System) -> ChangeSet | None:
    """The change set by which the system was asked last, undoing left aside; None where it never was."""
    return ChangeSet.objects.filter(changes__system=system, undoes=None).order_by("-id").first()


def _changes(change_set: ChangeSet, systems: Collection[int] | None) -> QuerySet[Change]:
    rows = Change.objects.filter(change_set=change_set).order_by("id")
    return rows if systems is None else rows.filter(system_id__in=systems)


def _changed_since(change_set: ChangeSet) -> dict[tuple[int, str], ChangeItem]:
    """The newest later request for each setting of the set, by system and setting."""
    own = ChangeItem.objects.filter(change__change_set=change_set)
    later = ChangeItem.objects.filter(
        system_id__in=own.values("system_id"),
        match_key__in=own.values("match_key"),
        change__change_set_id__gt=change_set.pk,
        state__in=_NEWER,
    )
    return {(item.system_id, item.match_key): item for item in later.select_related("change").order_by("id")}


def _why_not(item: ChangeItem, later: ChangeItem | None) -> str:
    """Why the item cannot be undone; "" where it can."""
    was_sent = item.delivered_at is not None
    if item.value is None:
        return _(_REQUEST_REMOVED)
    if item.state == DeliveryState.CONFIRMED and not was_sent and _is_unchanged(item):
        return _(_CHANGED_NOTHING)
    if not was_sent and item.state not in _NEWER:
        return _(_NEVER_SENT)
    if later is not None:
        return _(
            "it has been requested again since, by change set {change_set_id}",
            change_set_id=later.change.change_set_id,
        )
    if item.previous is None:
        return _(_UNKNOWN)
    return _HIDDEN if item.previous == HIDDEN or MARK in item.previous else ""


def _is_unchanged(item: ChangeItem) -> bool:
    return item.previous is None or is_same(item.previous, item.value or "")


def _cancel_what_waits(
    change_set: ChangeSet, systems: Collection[int] | None, made: ChangeSet, now: datetime
) -> None:
    """What is left out and was not sent is not sent any more; the rest the new change set has replaced."""
    for part in _parts(list(_changes(change_set, systems).values_list("pk", flat=True))):
        waiting = ChangeItem.objects.filter(change_id__in=part, state=DeliveryState.WAITING)
        reason = _("undone by change set {made}", made=made.pk)
        states.move(waiting, DeliveryState.CANCELLED, reason, now)


def _parts(ids: list[int]) -> Iterator[list[int]]:
    """In parts that are written in one short transaction (rule R9)."""
    for start in range(0, len(ids), planning.WRITE_CHUNK):
        yield ids[start : start + planning.WRITE_CHUNK]
