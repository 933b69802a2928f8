"""What waits although its system is there: not during a call, not outside its maintenance window. For both roads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems import network_settings, windows
from roomkeeper.systems.models import Folder, System

IN_CALL = "waits for the end of its call"
OUTSIDE = "waits for its maintenance window"


def split(items: Sequence[ChangeItem], *, now: datetime) -> tuple[list[ChangeItem], dict[int, str]]:
    """(the items that may go now, why the others may not by item id). Their change sets have to be loaded."""
    careful = [item for item in items if _is_careful(item)]
    if not careful:
        return list(items), {}
    systems = {
        pk: (in_call, zone, path)
        for pk, in_call, zone, path in System.objects.filter(
            pk__in={item.system_id for item in careful}
        ).values_list("pk", "in_call", "time_zone", "folder__path")
    }
    is_windowed = any(item.change.change_set.only_in_window for item in careful)
    open_systems = (
        open_now({pk: (zone, path) for pk, (_, zone, path) in systems.items()}, now) if is_windowed else set()
    )
    held: dict[int, str] = {}
    for item in careful:
        change_set = item.change.change_set
        in_call, _, _ = systems.get(item.system_id, (False, "", ""))
        if in_call and not change_set.during_calls:
            held[item.pk] = IN_CALL
        elif change_set.only_in_window and item.system_id not in open_systems:
            held[item.pk] = OUTSIDE
    return [item for item in items if item.pk not in held], held


def open_now(systems: Mapping[int, tuple[str, str]], now: datetime) -> set[int]:
    """Those of the systems, given as (time zone, folder path), whose maintenance window is open."""
    if not systems:
        return set()
    settings = network_settings.get()
    own = dict(Folder.objects.exclude(maintenance_window="").values_list("path", "maintenance_window"))
    found = set()
    for system_id, (zone, path) in systems.items():
        text = window_of(path, own) or settings.maintenance_window
        if windows.is_open(text, zone or settings.time_zone, now):
            found.add(system_id)
    return found


def window_of(path: str, own: Mapping[str, str]) -> str:
    """The window of the nearest folder at or above that path which has one; "" where none has."""
    fitting: Collection[str] = [folder for folder in own if path.startswith(folder)]
    return own[max(fitting, key=len)] if fitting else ""


def _is_careful(item: ChangeItem) -> bool:
    change_set = item.change.change_set
    return change_set.only_in_window or not change_set.during_calls
