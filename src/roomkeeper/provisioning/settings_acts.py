"""Settings asked of systems, and asked back: acts of change sets that are planned on pages of their own first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Planned, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.provisioning import planning, undoing
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.provisioning.plan_telling import (
    LeftOutOut,
    PlanOut,
    UndoPlanOut,
    tell_left_out,
    tell_plan,
    tell_undo,
)
from roomkeeper.systems.models import System

# So many systems are named in the trail.
NAMED: Final = 1_000


def _ask(
    *,
    user: Person,
    now: datetime,
    noted: planning.Note,
    systems: Sequence[System],
    settings: Mapping[str, str | None],
    persistent: bool = False,
    description: str = "",
    during_calls: bool = False,
    only_in_window: bool = False,
    failure_limit: int | None = None,
) -> ChangeSet:
    return planning.create_change_set(
        systems,
        settings,
        user=user,
        now=now,
        description=description,
        is_persistent=persistent,
        care=planning.Care(during_calls, only_in_window, failure_limit),
        note=noted,
    )


def _plan(
    *, user: Person, now: datetime, systems: Sequence[System], settings: Mapping[str, str | None], **how: Any
) -> planning.ChangePlan:
    return planning.plan_settings(systems, settings)


def _undo(
    row: ChangeSet,
    *,
    user: Person,
    now: datetime,
    noted: planning.Note,
    systems: Sequence[System] | None = None,
) -> ChangeSet:
    only = None if systems is None else [system.pk for system in systems]
    return undoing.undo(row, user=user, now=now, systems=only, note=noted)


def _plan_undo(
    rows: Sequence[ChangeSet], *, user: Person, now: datetime, systems: Sequence[System] | None = None
) -> list[undoing.UndoPlan]:
    only = None if systems is None else [system.pk for system in systems]
    return [undoing.plan_undo(row, only) for row in rows]


def _folders(row: ChangeSet | None, taken: Mapping[str, Any]) -> Sequence[str]:
    """All on which something is asked: of a change set that is undone as a whole those of its systems."""
    systems = taken.get("systems")
    if systems is None and row is not None:
        return list(
            System.objects.filter(changes__change_set=row)
            .order_by()
            .values_list("folder__path", flat=True)
            .distinct()
        )
    return sorted({system.folder.path for system in systems or ()})


def _the_only_one(taken: Mapping[str, Any]) -> System | None:
    """What is asked of one system alone stands in that one's history."""
    systems: Sequence[System] = taken.get("systems") or []
    return systems[0] if len(systems) == 1 else None


def _notes(taken: Mapping[str, Any]) -> dict[str, Any]:
    systems = taken.get("systems")
    found: dict[str, Any] = {}
    if "settings" in taken:
        found["paths"] = sorted(taken["settings"])
        found["persistent"] = taken.get("persistent", False)
    if systems is not None:
        found |= {"count": len(systems), "systems": [system.pk for system in systems[:NAMED]]}
    return found


_SYSTEMS: Final = Input(name="systems", type=list[Any])
ASK_SETTINGS: Final = Act(
    name="create",
    trail=Trail(word="change settings", about=_the_only_one, given=_notes),
    on="all",
    needs=Permission.CHANGE_SETTINGS,
    places=_folders,
    run=_ask,
    refused=(planning.PlanRefused,),
    rest=Rest(status=422, below="settings", chooses=True, planned=Planned(gives=PlanOut, tell=tell_plan)),
    plan=_plan,
    summary="Ask settings of systems.",
    takes=(
        _SYSTEMS,
        Input(
            name="settings",
            type=dict[str, str | None],
            least=1,
            most=500,
            meaning='Path to value: "" sets empty, null removes an earlier request. A path may be spelled '
            "`SystemUnit/Name` or `SystemUnit Name`.",
        ),
        Input(
            name="persistent",
            type=bool,
            default=False,
            meaning="Make it persistent: sent again whenever a system reports another value.",
        ),
        Input(name="description", default="", most=255),
        Input(
            name="during_calls",
            type=bool,
            default=False,
            meaning="Also while a system is in a call; otherwise it waits for the end of the call.",
        ),
        Input(
            name="only_in_window",
            type=bool,
            default=False,
            meaning="Only in each system's maintenance window.",
            option="in-window",
        ),
        Input(
            name="failure_limit",
            type=int | None,
            default=None,
            least=0,
            meaning="Stop once more systems than this have failed.",
        ),
    ),
    has_portions=True,
    is_mounted=False,
)
UNDO: Final = Act(
    name="undo",
    needs=Permission.CHANGE_SETTINGS,
    places=_folders,
    run=_undo,
    refused=(undoing.UndoRefused,),
    summary="Ask the systems for the values that they had before, by a new change set.",
    takes=(Input(name="systems", type=list[Any] | None, default=None),),
    plan=_plan_undo,
    trail=Trail(about=_the_only_one, given=_notes, result=lambda made: {"undone_by": made.pk}),
    has_portions=True,
    rest=Rest(
        planned=Planned(
            gives=UndoPlanOut,
            tell=tell_undo,
            beside=(Field(name="left_out", type=list[LeftOutOut], read=tell_left_out),),
        )
    ),
    is_mounted=False,
)
