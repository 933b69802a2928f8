"""What waits although its system is there: not during a call, not outside its maintenance window. For both roads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from django.db.models import Q

from roomkeeper.provisioning.models import Action, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.systems import network_settings, windows
from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

IN_CALL = noop("waits for the end of its call")
OUTSIDE = noop("waits for its maintenance window")

Work = TypeVar("Work", ChangeItem, Action)


def split(
    items: Sequence[Work], *, now: datetime, calls_told: Mapping[int, bool] = MappingProxyType({})
) -> tuple[list[Work], dict[int, str]]:
    """(the items or actions that may go now, why the others may not by their id). The change sets of items have to
    be loaded. `calls_told`: which systems are in a call by what is not yet stored."""
    careful = [item for item in items if _is_careful(item)]
    if not careful:
        return list(items), {}
    systems = {
        pk: (in_call, zone, path)
        for pk, in_call, zone, path in System.objects.filter(
            pk__in={item.system_id for item in careful}
        ).values_list("pk", "in_call", "time_zone", "folder__path")
    }
    is_windowed = any(_care_of(item).only_in_window for item in careful)
    open_systems = (
        open_now({pk: (zone, path) for pk, (_rest, zone, path) in systems.items()}, now)
        if is_windowed
        else set()
    )
    held: dict[int, str] = {}
    for item in careful:
        care = _care_of(item)
        in_call, _rest, _others = systems.get(item.system_id, (False, "", ""))
        if calls_told.get(item.system_id, in_call) and not care.during_calls:
            held[item.pk] = _(IN_CALL)
        elif care.only_in_window and item.system_id not in open_systems:
            held[item.pk] = _(OUTSIDE)
    return [item for item in items if item.pk not in held], held


def why_waiting(work: Sequence[Work], *, now: datetime) -> dict[int, str]:
    """Why those of the items or actions that wait do not go now, by their id; nothing for those that only wait for
    their system."""
    return split([one for one in work if one.state == DeliveryState.WAITING], now=now)[1]


def no_call_is_in_the_way(care: str) -> Q:
    """The same rule for rows that have a `system`; `care` is the way from them to what says when they may go."""
    return Q(**{f"{care}during_calls": True}) | Q(system__in_call=False)


def open_now(systems: Mapping[int, tuple[str, str]], now: datetime) -> set[int]:
    """Those of the systems, given as (time zone, folder path), whose maintenance window is open."""
    if not systems:
        return set()
    settings = network_settings.get()
    own = dict(Folder.objects.exclude(maintenance_window="").values_list("path", "maintenance_window"))
    # Systems of one folder and time zone share the answer.
    open_places = {
        (zone, path)
        for zone, path in set(systems.values())
        if windows.is_open(
            window_of(path, own) or settings.maintenance_window, zone or settings.time_zone, now
        )
    }
    return {system_id for system_id, place in systems.items() if place in open_places}


def window_of(path: str, own: Mapping[str, str]) -> str:
    """The window of the nearest folder at or above that path which has one; "" where none has."""
    fitting: Collection[str] = [folder for folder in own if path.startswith(folder)]
    return own[max(fitting, key=len)] if fitting else ""


def _care_of(item: ChangeItem | Action) -> ChangeSet | Action:
    """What says when it may go."""
    return item if isinstance(item, Action) else item.change.change_set


def _is_careful(item: ChangeItem | Action) -> bool:
    care = _care_of(item)
    return care.only_in_window or not care.during_calls
