"""One command for many systems: which have it, which refuse it by their own documents, and asking it of the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.xapi.command import CommandCall, CommandDescription
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.command_checks import CommandFault, as_listed, faults_of, refusals_of
from roomkeeper.provisioning.device_commands import NOT_TOLD, arguments_of, commands_of, commands_of_model
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

CHECKED: Final = "checked"
UNCHECKED: Final = "unchecked"
CANNOT: Final = "cannot"


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """What would become of one system; `verdict` is checked, unchecked (it told no commands) or cannot, and why."""

    system: System
    call: CommandCall
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KnownCommands:
    """What systems told of their commands, by product and software version; systems of a model share it."""

    by_model: Mapping[tuple[str, str], Mapping[str, CommandDescription]]

    def all(self) -> dict[str, CommandDescription]:
        """Every command that any has, as the model with most of the systems describes it."""
        found: dict[str, CommandDescription] = {}
        for commands in self.by_model.values():
            for path, command in commands.items():
                found.setdefault(path, command)
        return found

    def of(self, system: System) -> Mapping[str, CommandDescription]:
        """The commands of the system by lower-case path; empty where they are not known."""
        found = self.by_model.get((system.product, system.software_version), {})
        if found or (system.product and system.software_version):
            return found
        own = commands_of(system)
        return own.commands if own else {}

    def faults_of(self, system: System, call: CommandCall) -> list[CommandFault]:
        """What the system's commands have against the call; that they are not known is a fault, too."""
        if not (commands := self.of(system)):
            return [CommandFault("", _(NOT_TOLD), is_unlisted=True)]
        return faults_of(commands.get(call.path.lower()), call.arguments, call.body)


def known_commands(systems: Iterable[System]) -> KnownCommands:
    """What is known of the commands of these systems."""
    models = Counter((system.product, system.software_version) for system in systems)
    return KnownCommands({model: commands_of_model(*model) for model, _ in models.most_common()})


def plan_calls(
    systems: Sequence[System],
    call_for: Callable[[System], CommandCall],
    known: KnownCommands,
    *,
    takes_unlisted: bool = False,
) -> list[PlannedCall]:
    """The outcome for each system. With `takes_unlisted` lists that lack the command or a parameter of it are
    passed over."""
    return [_plan(system, call_for, known.of(system), takes_unlisted) for system in systems]


def _plan(
    system: System,
    call_for: Callable[[System], CommandCall],
    commands: Mapping[str, CommandDescription],
    takes_unlisted: bool,
) -> PlannedCall:
    call = CommandCall("")
    try:
        call = call_for(system)
        actions.checked(system, call.path, arguments_of(call), call.body)
    except actions.ActionRefused as refusal:
        return PlannedCall(system, call, CANNOT, str(refusal))
    if not commands:
        return PlannedCall(system, call, UNCHECKED)
    command = commands.get(call.path.lower())
    if faults := refusals_of(command, call, takes_unlisted=takes_unlisted):
        return PlannedCall(system, call, CANNOT, str(faults[0]))
    return PlannedCall(system, as_listed(command, call), CHECKED)
