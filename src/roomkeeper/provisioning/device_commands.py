"""The commands that a system has, by the document that it or another of its model told; calls held against it."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from roomkeeper.accounts.person import Person
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import (
    CommandCall,
    CommandDescription,
    decode_command_document,
)
from roomkeeper.protocols.xapi.command_line import canonical_command
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.provisioning import actions, states
from roomkeeper.provisioning.command_checks import CommandFault, as_listed, faults_of, refusals_of
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.planning import HARMLESS, Care
from roomkeeper.systems.documents import value_spaces_of, value_spaces_of_model
from roomkeeper.systems.models import Contact, State, StoredDocument, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

NOT_TOLD: Final = noop("it has not reported its commands, so nothing is checked")


@dataclass(frozen=True, slots=True)
class DeviceCommands:
    """The commands of a system by lower-case path; `is_own` where it told them itself, and when they were told."""

    commands: Mapping[str, CommandDescription]
    is_own: bool
    at: datetime

    def find(self, path: str) -> CommandDescription | None:
        """The command of that path, in any case and with spaces or slashes."""
        return self.commands.get(canonical_command(path).lower())

    def search(self, words: str, *, limit: int | None = None) -> list[CommandDescription]:
        """The commands whose path holds all the words, by path."""
        return search(self.commands.values(), words, limit=limit)


def search(
    commands: Iterable[CommandDescription], words: str, *, limit: int | None = None
) -> list[CommandDescription]:
    """Those whose path holds all the words, by path."""
    wanted = words.lower().replace("/", " ").split()
    found = [one for one in commands if all(word in one.path.lower() for word in wanted)]
    return sorted(found, key=lambda one: one.path.lower())[:limit]


def commands_of(system: System) -> DeviceCommands | None:
    """What the system told, else what another of its model did; None where neither has."""
    own = StoredDocument.objects.filter(kind=StoredDocument.Kind.COMMAND, system=system).first()
    found = own or _newest_of_model(system.product, system.software_version)
    if found is None or not (commands := _decode(bytes(found.content))):
        return None
    if _is_incomplete(commands):
        spaces = value_spaces_of(system) or value_spaces_of_model(system.product, system.software_version)
        commands = _with_spaces(commands, spaces)
    return DeviceCommands(commands, own is not None, found.received_at)


def commands_of_model(product: str, version: str) -> Mapping[str, CommandDescription]:
    """The commands of the model by lower-case path; empty where none of its systems has told them."""
    found = _newest_of_model(product, version)
    commands = _decode(bytes(found.content)) if found else {}
    if _is_incomplete(commands):
        return _with_spaces(commands, value_spaces_of_model(product, version))
    return commands


def want_commands(system: System) -> None:
    """Have the system tell its commands with its next post, where it has not told them."""
    if system.state == State.MANAGED:
        # An answer that holds anything asks for the descriptions that are missing, too, if not asked for just before.
        states.wake([system.pk])
        Contact.objects.filter(system=system).update(documents_asked_at=None)


def faults_of_call(system: System, call: CommandCall) -> list[CommandFault]:
    """What the system's document has against the call; that it told none is a fault, too."""
    known = commands_of(system)
    if known is None:
        return [CommandFault("", _(NOT_TOLD), is_unlisted=True)]
    return faults_of(known.find(call.path), call.arguments, call.body)


def ask_call(
    system: System,
    call: CommandCall,
    *,
    user: Person,
    now: datetime,
    care: Care = HARMLESS,
    is_checked: bool = True,
    takes_unlisted: bool = False,
) -> Action:
    """Ask a call of a system. With `is_checked` it is first held against what the system told of its commands, where
    it told any; with `takes_unlisted` a command or a parameter that its list lacks is asked all the same.

    Raises `ActionRefused` with a sentence.
    """
    known = commands_of(system) if is_checked else None
    if known is not None:
        command = known.find(call.path)
        if faults := refusals_of(command, call, takes_unlisted=takes_unlisted):
            raise actions.ActionRefused(f"{call.path}: {faults[0]}.".replace("..", "."))
        call = as_listed(command, call)
    return actions.ask(system, call.path, arguments_of(call), user=user, now=now, body=call.body, care=care)


def arguments_of(call: CommandCall) -> list[list[Any]]:
    """The arguments of a call as actions keep them."""
    return [[name, value if isinstance(value, str) else list(value)] for name, value in call.arguments]


def _newest_of_model(product: str, version: str) -> StoredDocument | None:
    if not product or not version:
        # Others of which it is not known what they are may be anything.
        return None
    rows = StoredDocument.objects.filter(
        kind=StoredDocument.Kind.COMMAND, system__product=product, system__software_version=version
    )
    return rows.order_by("-received_at").first()


# Large, and the same on all systems of a model.
@lru_cache(maxsize=50)
def _decode(content: bytes) -> Mapping[str, CommandDescription]:
    try:
        document = decode_command_document(zlib.decompress(content))
    except (ProtocolError, zlib.error):
        return {}
    return {path.lower(): command for path, command in document.commands.items()}


def _is_incomplete(commands: Mapping[str, CommandDescription]) -> bool:
    """Whether what a parameter may hold is told elsewhere."""
    parameters = (one for command in commands.values() for one in command.parameters.values())
    return any(one.value_space is None and one.value_space_ref for one in parameters)


def _with_spaces(
    commands: Mapping[str, CommandDescription], spaces: Mapping[str, ValueSpace]
) -> dict[str, CommandDescription]:
    return {
        path: replace(
            command,
            parameters={
                name: replace(one, value_space=one.value_space or spaces.get(one.value_space_ref))
                for name, one in command.parameters.items()
            },
        )
        for path, command in commands.items()
    }
