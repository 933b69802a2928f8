"""`systems/{id}/undo-change-set`: the values of one system before a change set; of all its systems that is declared."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_lists import actor_of, row_of
from roomkeeper.api.derived_plans import answer_planned, made_by
from roomkeeper.api.on_systems import routes
from roomkeeper.api.problems import Conflict
from roomkeeper.api.reach import Identifier, get_system
from roomkeeper.api.routing import user_of
from roomkeeper.provisioning import undoing
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.plan_telling import UndoPlanOut
from roomkeeper.provisioning.settings_acts import UNDO
from roomkeeper.words import gettext as _


class UndoOfSystemIn(Schema, extra="forbid"):
    """Which change set to undo on one system."""

    dry_run: bool = Field(False, description="Only plan: answers 200 with the outcome for each system.")
    change_set: Identifier | None = Field(None, description="Default: the newest that is not itself an undo.")


@routes.post(
    "/{int:system_id}/undo-change-set",
    response={200: UndoPlanOut, 202: made_by(CHANGE_SETS, UNDO)},
)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def undo_on_system(
    request: HttpRequest, system_id: int, response: HttpResponse, details: UndoOfSystemIn | None = None
) -> Any:
    """Ask one system for the values that it had before a change set, by a new one; with `dry_run` only plan."""
    actor, details = actor_of(request), details or UndoOfSystemIn(change_set=None, dry_run=False)
    system = get_system(user_of(request), system_id, Permission.CHANGE_SETTINGS)
    change_set = (
        row_of(CHANGE_SETS, actor, details.change_set) if details.change_set else undoing.newest_of(system)
    )
    if change_set is None or not change_set.changes.filter(system=system).exists():
        raise Conflict(_("{system} is not part of that change set.", system=system))
    taken = {"systems": [system]}
    return answer_planned(response, CHANGE_SETS, UNDO, change_set, actor, taken, is_dry_run=details.dry_run)
