"""What programs are told of the commands that a system has, and of what running one would come to."""

from datetime import datetime

from pydantic import Field

from roomkeeper.operations.readings import Told
from roomkeeper.protocols.xapi.command import CommandCall, CommandDescription, CommandParameter
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.dangers import danger_of
from roomkeeper.provisioning.device_commands import arguments_of, faults_of_call
from roomkeeper.provisioning.planning import Care
from roomkeeper.provisioning.roads import road_of
from roomkeeper.provisioning.secret_values import hide
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import System


class ParameterOut(Told):
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


class CommandOut(Told):
    """One command that a system has."""

    path: str
    multiline: bool = Field(description="Whether it has a `body`.")
    roles: list[str]
    parameters: list[ParameterOut]


class CheckedCommand(Told):
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


def tell_command(command: CommandDescription) -> CommandOut:
    """A command as programs are told of it."""
    return CommandOut(
        path=command.path,
        multiline=command.is_multiline,
        roles=list(command.roles),
        parameters=[_tell_parameter(one) for one in command.parameters.values()],
    )


def _tell_parameter(parameter: CommandParameter) -> ParameterOut:
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


def tell_check(system: System, call: CommandCall, care: Care, *, now: datetime) -> CheckedCommand:
    """What running the command on the system would come to. Raises `ActionRefused`."""
    path, arguments = actions.checked(system, call.path, arguments_of(call), call.body)
    danger = danger_of(call, our_slot=network_settings.get().feedback_slot)
    road = road_of(system, path, care, now=now)
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
