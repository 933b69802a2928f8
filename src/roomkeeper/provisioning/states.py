"""The one state machine of everything that is delivered (rule R7): which moves there are, and the only writer of them.

`move` is for rows that share one fate, `turn` and `keep` for rows of a batch that each have their own, `born` for new
rows. With the state goes what belongs to it: when it was handed over and when it ended, the round that counts, the
secrets of an action that has ended, the change that an item is part of, and the news for open pages.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from django.db.models import Count, F, QuerySet

from roomkeeper.provisioning.models import OPEN_STATES, Action, Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.systems import live
from roomkeeper.systems.models import Contact, System

_S = DeliveryState
# From each state, None of a new row, the states to which it may move. SUPERSEDED is the end: the newer wish counts.
MOVES: Final[Mapping[DeliveryState | None, frozenset[DeliveryState]]] = {
    None: frozenset({_S.WAITING, _S.CONFIRMED, _S.FAILED}),
    # It waits afresh where a persistent wish is set back before it went out.
    _S.WAITING: frozenset(_S),
    # Handed over once more where the answer may have been lost; back to waiting for another round.
    _S.DELIVERED: frozenset(_S),
    # A persistent wish is set back, or replaced by a newer one.
    _S.CONFIRMED: frozenset({_S.WAITING, _S.SUPERSEDED}),
    # Asked for again by a person.
    _S.FAILED: frozenset({_S.WAITING, _S.SUPERSEDED}),
    _S.EXPIRED: frozenset({_S.WAITING, _S.SUPERSEDED}),
    _S.CANCELLED: frozenset({_S.WAITING, _S.SUPERSEDED}),
    _S.SUPERSEDED: frozenset(),
}
REASON_LIMIT: Final = 500
# What an action keeps of its secrets once it has ended.
_NO_SECRET: Final[Mapping[str, Any]] = {"secret": b"", "has_secret": False, "sealed_arguments": b""}

Row: TypeAlias = ChangeItem | Action
Rows: TypeAlias = QuerySet[Any] | Sequence[Row]


class IllegalMove(ValueError):
    """Nothing that is delivered moves from the one state to the other."""

    def __init__(self, source: str | None, to: str) -> None:
        super().__init__(f"Nothing that is {source or 'new'} becomes {to}.")


# Of several states the one that most needs to be seen comes first.
_ORDER = (
    DeliveryState.WAITING,
    DeliveryState.DELIVERED,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.CONFIRMED,
    DeliveryState.CANCELLED,
    DeliveryState.SUPERSEDED,
)
_AT_ONCE = 500


def move(
    rows: Rows,
    to: DeliveryState,
    reason: str | None,
    now: datetime,
    *,
    out_of: Collection[DeliveryState] | None = None,
    tells: bool = True,
    **also: Any,
) -> int:
    """Move the rows of a query, or these rows as they were just read, in one UPDATE; how many were moved. `reason` None
    leaves what stands there; `also` are other columns that change with the state.

    Of a query those move that are in the states `out_of`, by default in any from which there is a way. A row that
    somebody else has moved meanwhile stays as it is. Raises `IllegalMove` for a state from which there is no way.
    With `tells` false the caller brings the changes in line (`refresh_changes`) and tells open pages itself, of more
    than these rows.
    """
    if isinstance(rows, QuerySet):
        model: type[Any] = rows.model
        sources = _ways_to(to) if out_of is None else set(out_of)
        found = rows.filter(state__in=sources)
    elif rows:
        model, sources = type(rows[0]), {DeliveryState(row.state) for row in rows}
        found = model.objects.filter(pk__in=[row.pk for row in rows], state__in=sources)
    else:
        return 0
    for source in sources:
        _check(source, to)
    values = {**_values(model, to, reason, now), **also}
    wholes: set[int] = set()
    if tells and isinstance(rows, QuerySet):
        # Once they are moved the query may not find them any more.
        moving = dict(found.values_list("pk", "change_id" if model is ChangeItem else "system_id"))
        found, wholes = model.objects.filter(pk__in=moving, state__in=sources), set(moving.values())
    number = found.update(**values)
    if not isinstance(rows, QuerySet):
        wholes = {_whole_of(row) for row in rows}
        for row in rows:
            _set(row, values)
    if tells:
        _tell(model, wholes, now)
    return number


def turn(row: Row, to: DeliveryState, reason: str | None, now: datetime) -> None:
    """Move one row in memory, for a batch whose rows each have their own fate and are written by `keep`. Raises
    `IllegalMove`."""
    _check(DeliveryState(row.state), to)
    _set(row, _values(type(row), to, reason, now))


def keep(rows: Sequence[Row], now: datetime, *columns: str, tells: bool = True) -> None:
    """Write rows that were turned, with these other columns of theirs; one statement for two hundred."""
    if not rows:
        return
    model: type[Any] = type(rows[0])
    written = ["state", "reason", "ended_at", *columns, *(_NO_SECRET if model is Action else ())]
    model.objects.bulk_update(rows, written, batch_size=200)
    if tells:
        _tell(model, {_whole_of(row) for row in rows}, now)


def born(to: DeliveryState, reason: str, now: datetime) -> dict[str, Any]:
    """The columns of a new row that begins in this state. Raises `IllegalMove`."""
    _check(None, to)
    return {"state": to, "reason": reason[:REASON_LIMIT], "ended_at": None if to in OPEN_STATES else now}


def _check(source: DeliveryState | None, to: DeliveryState) -> None:
    if to not in MOVES[source]:
        raise IllegalMove(source, to)


def _ways_to(to: DeliveryState) -> set[DeliveryState]:
    return {source for source, found in MOVES.items() if source is not None and to in found}


def _values(model: type[Any], to: DeliveryState, reason: str | None, now: datetime) -> dict[str, Any]:
    """What goes with the state."""
    values: dict[str, Any] = {"state": to, "ended_at": None if to in OPEN_STATES else now}
    if reason is not None:
        values["reason"] = reason[:REASON_LIMIT]
    if to is DeliveryState.DELIVERED:
        values["delivered_at"] = now
        if model is ChangeItem:
            values["rounds"] = F("rounds") + 1
    if model is Action and to not in OPEN_STATES:
        values |= _NO_SECRET
    return values


def _set(row: Row, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        # What the database works out is not known here.
        if not hasattr(value, "resolve_expression"):
            setattr(row, name, value)


def _whole_of(row: Row) -> int:
    """The change of an item, the system of an action."""
    return row.change_id if isinstance(row, ChangeItem) else row.system_id


def _tell(model: type[Any], wholes: Collection[int], now: datetime) -> None:
    if model is ChangeItem:
        refresh_changes(wholes, now=now)
    elif wholes:
        paths = System.objects.filter(pk__in=wholes).order_by("pk").values_list("pk", "folder__path")
        live.publish_many([("system", system_id, path) for system_id, path in paths])


def combined(states: Iterable[str]) -> str:
    """The state of a whole whose parts have these states."""
    found = set(states)
    return next((state.value for state in _ORDER if state in found), DeliveryState.CONFIRMED.value)


def counts_of(change_set: ChangeSet) -> dict[str, int]:
    """How many of the set's systems are in each state; every state is named."""
    counts = {state.value: 0 for state in DeliveryState}
    rows = Change.objects.filter(change_set=change_set).values_list("state").annotate(number=Count("id"))
    counts.update(dict(rows))
    return counts


def state_of(change_set: ChangeSet) -> str:
    """The state of the whole change set."""
    return combined(state for state, number in counts_of(change_set).items() if number)


def in_flight(system_ids: Sequence[int], match_keys: Iterable[str]) -> dict[tuple[int, str], int]:
    """The change sets whose values were sent and not reported yet, by system and setting: they may be obeyed at any
    moment, so that the last report says nothing about such a setting."""
    keys, found = list(dict.fromkeys(match_keys)), {}
    for start in range(0, len(system_ids), _AT_ONCE):
        rows = ChangeItem.objects.filter(
            system_id__in=system_ids[start : start + _AT_ONCE],
            match_key__in=keys,
            state=DeliveryState.DELIVERED,
        )
        for system_id, key, change_set in rows.values_list("system_id", "match_key", "change__change_set_id"):
            found[system_id, key] = change_set
    return found


def refresh_changes(change_ids: Collection[int], *, now: datetime) -> None:
    """Bring changes in line with their items and tell open pages of it; a few statements for many changes."""
    if not change_ids:
        return
    states: dict[int, set[str]] = defaultdict(set)
    for change_id, state in ChangeItem.objects.filter(change_id__in=change_ids).values_list(
        "change_id", "state"
    ):
        states[change_id].add(state)
    by_state: dict[str, list[int]] = defaultdict(list)
    for change_id, found in states.items():
        by_state[combined(found)].append(change_id)
    for state, ids in by_state.items():
        Change.objects.filter(pk__in=ids).update(state=state, updated_at=now)
    rows = Change.objects.filter(pk__in=change_ids).values_list(
        "change_set_id", "system_id", "system__folder__path"
    )
    sets = {change_set for change_set, _, _ in rows}
    systems = {(system, path) for _, system, path in rows}
    live.publish_many([("change_set", change_set, "") for change_set in sorted(sets)])
    live.publish_many([("system", system, path) for system, path in sorted(systems)])


def wake(system_ids: Collection[int]) -> None:
    """Have delivery look at these systems at their next check-in."""
    Contact.objects.filter(system_id__in=system_ids).update(has_work=True)


def systems_with_work(system_ids: Collection[int]) -> set[int]:
    """Those of the systems for which something is still open."""
    found = set(
        ChangeItem.objects.filter(system_id__in=system_ids, state__in=OPEN_STATES).values_list(
            "system_id", flat=True
        )
    )
    found |= set(
        Action.objects.filter(system_id__in=system_ids, state__in=OPEN_STATES).values_list(
            "system_id", flat=True
        )
    )
    return found
