"""`change-sets/{id}/undo`, `systems/{id}/undo-change-set`: the values before a change set, by a new one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field, create_model

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.change_sets import (
    ChangeSetSummary,
    PlanOut,
    encode_plan,
    get_change_set,
    tell_change_set,
)
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import Conflict
from roomkeeper.api.reach import Identifier, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.operations.door import plan
from roomkeeper.provisioning import undoing
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.provisioning.settings_acts import UNDO
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

routes = Routes("change-sets")
system_routes = Routes("systems")


class UndoIn(Schema, extra="forbid"):
    """How to undo."""

    dry_run: bool = Field(False, description="Only plan: answers 200 with the outcome for each system.")


class UndoOfSystemIn(UndoIn):
    """Which change set to undo on one system."""

    change_set: Identifier | None = Field(None, description="Default: the newest that is not itself an undo.")


class LeftOutOut(Schema):
    """A setting that undoing does not restore."""

    system: int
    path: str
    reason: str


class UndoPlanOut(PlanOut):
    """What undoing would do; nothing was recorded."""

    left_out: list[LeftOutOut]


UndoSummary: Any = create_model(
    "UndoSummary",
    __base__=ChangeSetSummary,
    __doc__="The new change set, and what it does not restore.",
    left_out=(list[LeftOutOut], ...),
)


@routes.post("/{int:change_set_id}/undo", response={200: UndoPlanOut, 202: UndoSummary})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def undo_change_set(
    request: HttpRequest, change_set_id: int, response: HttpResponse, details: UndoIn | None = None
) -> Status[Any]:
    """Ask the systems for the values that they had before, by a new change set; with `dry_run` only plan.

    Hidden values, and those that nobody knows, are left out and told.
    """
    user = user_of(request)
    change_set = get_change_set(user, change_set_id)
    return _undo(request, change_set, None, response, dry_run=bool(details and details.dry_run))


@system_routes.post("/{int:system_id}/undo-change-set", response={200: UndoPlanOut, 202: UndoSummary})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def undo_on_system(
    request: HttpRequest, system_id: int, response: HttpResponse, details: UndoOfSystemIn | None = None
) -> Status[Any]:
    """Ask one system for the values that it had before a change set, by a new one; with `dry_run` only plan."""
    user = user_of(request)
    details = details or UndoOfSystemIn(change_set=None, dry_run=False)
    system = get_system(user, system_id, Permission.CHANGE_SETTINGS)
    change_set = get_change_set(user, details.change_set) if details.change_set else undoing.newest_of(system)
    if change_set is None or not change_set.changes.filter(system=system).exists():
        raise Conflict(_("{system} is not part of that change set.", system=system))
    return _undo(request, change_set, system, response, dry_run=details.dry_run)


def _undo(
    request: HttpRequest,
    change_set: ChangeSet,
    system: System | None,
    response: HttpResponse,
    *,
    dry_run: bool,
) -> Status[Any]:
    actor, taken = actor_of(request), {"systems": None if system is None else [system]}
    _rest, found, refused = plan(
        CHANGE_SETS, UNDO, [change_set], actor=actor, now=timezone.now(), taken=taken
    )
    for one in refused:
        raise one.refusal or PermissionError(one.label)
    (planned,) = found
    left_out = [
        LeftOutOut(system=one.system.pk, path=one.path, reason=one.reason) for one in planned.left_out
    ]
    if dry_run:
        told = encode_plan(planned.plan)
        return Status(200, UndoPlanOut(counts=told.counts, changes=told.changes, left_out=left_out))
    made = do_act(CHANGE_SETS, UNDO, change_set, actor, taken)
    response["Location"] = f"/api/v1/change-sets/{made.pk}"
    return Status(202, tell_change_set(user_of(request), made) | {"left_out": left_out})
