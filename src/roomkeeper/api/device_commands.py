"""`systems/{id}/commands`: the commands that a system has, and running one."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
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
from roomkeeper.protocols.xapi.command import CommandDescription, CommandParameter
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.dangers import danger_of
from roomkeeper.provisioning.device_commands import arguments_of, commands_of, faults_of_call
from roomkeeper.provisioning.roads import road_of
from roomkeeper.provisioning.secret_values import hide
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import System

routes = Routes("systems")


class ParameterOut(Schema):
    """One parameter of a command, and what it may hold."""

    name: str
    required: bool
    type: str | None = Field(
        description="The device's own type: Integer, Literal, String, or one of these followed by Array."
    )
    values: list[str] = Field(description="For a Literal.")
    minimum: int | None
    maximum: int | None
    step: int | None
    min_length: int | None
    max_length: int | None
    multiple: int = Field(description="Maximum number of values.")
    default: str | None


class CommandOut(Schema):
    """One command that a system has."""

    path: str
    multiline: bool = Field(description="Whether it has a `body`.")
    roles: list[str]
    parameters: list[ParameterOut]


class CommandPage(Page[CommandOut]):
    """A page of commands, and who told them."""

    told_by: Literal["system", "model"] | None = Field(
        description="`model`: reported by another system of the same product and version. null: unknown."
    )
    told_at: datetime | None


class CommandForOne(CommandIn):
    """A command for one system."""

    dry_run: bool = Field(False, description="Only check it and say what would happen: answers 200.")


class CheckedCommand(Schema):
    """The outcome for a command."""

    command: str
    arguments: dict[str, str | list[str]]
    warnings: list[str] = Field(
        description="What the device would refuse, according to its list of commands."
    )
    danger: str | None = Field(description="Side effects.")
    can_be_undone: bool
    pushed: bool = Field(description="Sent at once; otherwise with the answer to the next post.")
    next_contact_due_at: datetime | None
    held: str = Field(description="Why it waits; empty if it does not.")


@routes.get("/{int:system_id}/commands", response=CommandPage)
@needs(Permission.VIEW, anywhere=True)
def list_commands(request: HttpRequest, system_id: int, parameters: Query[ListParameters]) -> CommandPage:
    """List the commands that a system has, with what their parameters may hold."""
    known = commands_of(get_system(user_of(request), system_id))
    found, following = cut_sorted(
        known.search(parameters.search) if known else [], parameters, lambda one: one.path, "path"
    )
    return CommandPage(
        items=[_encode(one) for one in found],
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
        return Status(200, _check(system, command))
    action = do_act(SYSTEMS, RUN_COMMAND, system, actor_of(request), command.taken)
    response["Location"] = f"/api/v1/actions/{action.pk}"
    return Status(202, encode_action(action))


def _check(system: System, command: CommandIn) -> CheckedCommand:
    call = command.call
    with refused_as(422, actions.ActionRefused):
        path, arguments = actions.checked(system, call.path, arguments_of(call), call.body)
    danger = danger_of(call, our_slot=network_settings.get().feedback_slot)
    road = road_of(system, path, command.care, now=timezone.now())
    return CheckedCommand(
        command=path,
        arguments=dict(hide(path, arguments)[0]),
        warnings=[str(fault) for fault in faults_of_call(system, call)],
        danger=danger.sentence if danger else None,
        can_be_undone=not (danger and danger.is_final),
        pushed=road.is_pushed,
        next_contact_due_at=road.due_at,
        held=road.held,
    )


def _encode(command: CommandDescription) -> CommandOut:
    return CommandOut(
        path=command.path,
        multiline=command.is_multiline,
        roles=list(command.roles),
        parameters=[_encode_parameter(one) for one in command.parameters.values()],
    )


def _encode_parameter(parameter: CommandParameter) -> ParameterOut:
    space = parameter.value_space
    return ParameterOut(
        name=parameter.name,
        required=parameter.is_required,
        type=space.type if space else None,
        values=list(space.values) if space else [],
        minimum=space.minimum if space else None,
        maximum=space.maximum if space else None,
        step=space.step if space else None,
        min_length=space.min_length if space else None,
        max_length=space.max_length if space else None,
        multiple=parameter.multiple,
        default=parameter.default,
    )
