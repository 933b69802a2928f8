"""The fields of actions: what a command is asked with, and how an action is told."""

import re
from typing import Any, Self

from ninja import Schema
from pydantic import Field, field_validator, model_validator

from roomkeeper.api.derived_lists import told_of
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.command_line import read_call
from roomkeeper.provisioning.delivery_surface import ACTIONS
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.planning import Care
from roomkeeper.words import gettext as _

Value = str | int | bool
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.\d{1,3})?")


class CommandIn(Schema, extra="forbid"):
    """A command of the xAPI: `Audio/Volume/Set`, `Audio Volume Set` or `xCommand Audio Volume Set`."""

    command: str = Field(
        min_length=1,
        max_length=20_000,
        description="May hold the arguments too, as devices take them: `xCommand Audio Volume Set Level: 50`.",
    )
    arguments: dict[str, Value | list[Value]] = Field(
        {}, max_length=100, description="A list repeats the argument. No passwords: actions can be read."
    )
    body: str | None = Field(None, max_length=1_000_000, description="The text of a multiline command.")
    # Plain defaults: what is not given is not written out at every call.
    during_calls: bool = True
    only_in_window: bool = False

    @property
    def care(self) -> Care:
        """How carefully it is asked for."""
        return Care(during_calls=self.during_calls, only_in_window=self.only_in_window)

    @property
    def taken(self) -> dict[str, Any]:
        """What the declared act takes of it."""
        arguments = [[name, value] for name, value in self.arguments.items()]
        return {"arguments": arguments} | {
            name: getattr(self, name) for name in ("command", "body", "during_calls", "only_in_window")
        }

    @property
    def call(self) -> CommandCall:
        """The command as devices are asked it."""
        arguments = ((name, _texts(value)) for name, value in self.arguments.items())
        return CommandCall(self.command, tuple(arguments), self.body)

    @field_validator("command")
    @classmethod
    def _check_command(cls, text: str) -> str:
        parse_command(text)
        return text

    @field_validator("arguments")
    @classmethod
    def _check_arguments(cls, found: dict[str, Value | list[Value]]) -> dict[str, Value | list[Value]]:
        for name in found:
            if not _WORD.fullmatch(name):
                raise ValueError(_("{name!r} is not the name of an argument", name=name))
        return found

    @model_validator(mode="after")
    def _part_command(self) -> Self:
        self.command, found = parse_command(self.command)
        if twice := sorted(set(found) & set(self.arguments)):
            raise ValueError(_("{twice} is in both `command` and `arguments`", twice=twice[0]))
        self.arguments = {**found, **self.arguments}
        return self


def _texts(value: Value | list[Value]) -> str | tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else str(value)


def parse_command(text: str) -> tuple[str, dict[str, Value | list[Value]]]:
    """The path and the arguments of a command in one text; repeated names become lists, values may be quoted, with
    `\\"` and `\\\\` inside. Raises ValueError for what is not a command.
    """
    call = read_call(text)
    return call.path, {
        name: value if isinstance(value, str) else list(value) for name, value in call.arguments
    }


_told = told_of(ACTIONS)
ActionOut: Any = _told.schema


def encode_action(action: Action) -> dict[str, Any]:
    """An `Action` as the API tells it."""
    return _told(action)
