"""What a device's own document says to a command. Pure. What is dangerous about one: `dangers`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.xapi.command import CommandCall, CommandDescription, CommandParameter
from roomkeeper.protocols.xapi.values import STRING
from roomkeeper.words import gettext as _

BODY: Final = "body"
Arguments = Iterable[tuple[str, str | tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class CommandFault:
    """Why the device would refuse a call. `part` is a parameter, `body`, or "" for the command as a whole.

    `is_unlisted`: the device's list lacks the command or the parameter; a list may be older than the device.
    """

    part: str
    sentence: str
    is_unlisted: bool = False

    def __str__(self) -> str:
        return f"{self.part}: {self.sentence}" if self.part else self.sentence


def find_parameter(command: CommandDescription, name: str) -> CommandParameter | None:
    """The parameter of that name in any case."""
    found = command.parameters.get(name)
    wanted = name.lower()
    return found or next((one for own, one in command.parameters.items() if own.lower() == wanted), None)


def faults_of(
    command: CommandDescription | None, arguments: Arguments, body: str | None
) -> list[CommandFault]:
    """All that a device with that description of the command would refuse; `command` None where it has none such."""
    if command is None:
        return [CommandFault("", _("not on this device: it has no such command"), is_unlisted=True)]
    return [*_faults(command, list(arguments), body)]


def refusals_of(
    command: CommandDescription | None, call: CommandCall, *, takes_unlisted: bool
) -> list[CommandFault]:
    """Those for which a call is not asked: with `takes_unlisted` what the list merely lacks is none."""
    faults = faults_of(command, call.arguments, call.body)
    return [fault for fault in faults if not (takes_unlisted and fault.is_unlisted)]


def _faults(
    command: CommandDescription, arguments: list[tuple[str, str | tuple[str, ...]]], body: str | None
) -> Iterator[CommandFault]:
    given = set()
    for name, value in arguments:
        parameter = find_parameter(command, name)
        given.add(name.lower())
        if parameter is None:
            yield CommandFault(name, _("this device's command has no such parameter"), is_unlisted=True)
            continue
        values = (value,) if isinstance(value, str) else value
        if len(values) > parameter.multiple:
            most = (
                _("at most {multiple} values", multiple=parameter.multiple)
                if parameter.multiple > 1
                else _("takes one value")
            )
            yield CommandFault(parameter.name, most)
        elif parameter.value_space is not None:
            refusals = (parameter.value_space.refusal(one) for one in values)
            if refusal := next(filter(None, refusals), None):
                yield CommandFault(parameter.name, refusal)
    for parameter in command.parameters.values():
        if parameter.is_required and parameter.name.lower() not in given:
            yield CommandFault(parameter.name, _("is required"))
    if body is not None and not command.is_multiline:
        yield CommandFault(BODY, _("this device's command takes no body"))


def refusal_of_command(
    command: CommandDescription | None, arguments: Arguments, body: str | None
) -> str | None:
    """Why a device with that description would refuse the call; None where nothing speaks against it."""
    return next((str(fault) for fault in faults_of(command, arguments, body)), None)


def as_listed(command: CommandDescription | None, call: CommandCall) -> CommandCall:
    """The call spelled as the device spells it: names of XML elements are not the same in another case, nor are
    literals (rule R12)."""
    if command is None:
        return call
    names = ((find_parameter(command, name), name, value) for name, value in call.arguments)
    arguments = tuple(
        (own.name, _own_spelling(own, value)) if own else (name, value) for own, name, value in names
    )
    return CommandCall(command.path, arguments, call.body)


def _own_spelling(parameter: CommandParameter, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    space = parameter.value_space
    # A text is for people: it stays as it was written.
    if space is None or space.kind == STRING:
        return value
    return space.own_spelling(value) if isinstance(value, str) else tuple(map(space.own_spelling, value))
