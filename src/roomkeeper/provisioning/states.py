"""Working out states: of a change from its items, of a change set from its changes; and telling open pages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import Count

from roomkeeper.provisioning.models import OPEN_STATES, Action, Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.systems import live
from roomkeeper.systems.models import Contact

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
