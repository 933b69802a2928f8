"""`systems/{id}/commands`: the commands that a system has, and running one."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Status
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.action_fields import ActionOut, CommandIn, encode_action
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.paging import ListParameters, Page, cut_sorted
from roomkeeper.api.problems import refused_as
from roomkeeper.api.reach import get_managed, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.fleet.device_acts import RUN_COMMAND
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.command_telling import CheckedCommand, CommandOut, tell_check, tell_command
from roomkeeper.provisioning.device_commands import commands_of

routes = Routes("systems")


class CommandPage(Page[CommandOut]):
    """A page of commands, and who told them."""

    told_by: Literal["system", "model"] | None = Field(
        description="`model`: reported by another system of the same product and version. null: unknown."
    )
    told_at: datetime | None


class CommandForOne(CommandIn):
    """A command for one system."""

    dry_run: bool = Field(False, description="Only check it and say what would happen: answers 200.")


@routes.get("/{int:system_id}/commands", response=CommandPage)
@needs(Permission.VIEW, anywhere=True)
def list_commands(request: HttpRequest, system_id: int, parameters: Query[ListParameters]) -> CommandPage:
    """List the commands that a system has, with what their parameters may hold."""
    known = commands_of(get_system(user_of(request), system_id))
    found, following = cut_sorted(
        known.search(parameters.search) if known else [], parameters, lambda one: one.path, "path"
    )
    return CommandPage(
        items=[tell_command(one) for one in found],
        next=following,
        told_by=("system" if known.is_own else "model") if known else None,
        told_at=known.at if known else None,
    )


@routes.post("/{int:system_id}/commands", response={200: CheckedCommand, 202: ActionOut})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def run_command(
    request: HttpRequest, system_id: int, command: CommandForOne, response: HttpResponse
) -> Status[Any]:
    """Run a command of the xAPI on a system, once at most: pushed, or with the answer to its next post."""
    user = user_of(request)
    system = get_managed(user, system_id, Permission.RUN_ACTIONS)
    if command.dry_run:
        with refused_as(422, actions.ActionRefused):
            return Status(200, tell_check(system, command.call, command.care, now=timezone.now()))
    action = do_act(SYSTEMS, RUN_COMMAND, system, actor_of(request), command.taken)
    response["Location"] = f"/api/v1/actions/{action.pk}"
    return Status(202, encode_action(action))
