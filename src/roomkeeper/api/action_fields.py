"""The fields of actions: what a command is asked with, and how an action is told."""

import re
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.utils import timezone
from ninja import Schema
from pydantic import Field, field_validator

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.api.problems import refused_as
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import System

DeliveryWord = Literal["waiting", "delivered", "confirmed", "failed", "expired", "cancelled", "superseded"]
Value = str | int | bool
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class CommandIn(Schema, extra="forbid"):
    """A command of the xAPI: `SystemUnit/Boot`, `SystemUnit Boot` or `xCommand SystemUnit Boot`."""

    command: str = Field(min_length=1, max_length=255)
    arguments: dict[str, Value | list[Value]] = Field(
        {}, max_length=100, description="A list repeats the argument. No passwords: actions can be read."
    )
    body: str | None = Field(None, max_length=1_000_000, description="The text of a multiline command.")

    @field_validator("command")
    @classmethod
    def _check_command(cls, text: str) -> str:
        parts = [part for part in re.split(r"[\s/]+", text) if part]
        if parts and parts[0].lower() == "xcommand":
            parts = parts[1:]
        if not parts or not all(_WORD.fullmatch(part) for part in parts):
            raise ValueError(f"{text!r} is no command such as SystemUnit/Boot")
        return "/".join(parts)

    @field_validator("arguments")
    @classmethod
    def _check_arguments(cls, found: dict[str, Value | list[Value]]) -> dict[str, Value | list[Value]]:
        for name in found:
            if not _WORD.fullmatch(name):
                raise ValueError(f"{name!r} is no name of an argument")
        return found


class ActionOut(Schema):
    """A one-off act on a system. DELIVERED means handed over, not done."""

    id: int
    system: int
    command: str
    arguments: dict[str, str | list[str]]
    state: DeliveryWord
    reason: str
    created_at: datetime
    created_by: str | None
    delivered_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None


def encode_action(action: Any) -> ActionOut:
    """An `Action` as the API tells it."""
    return ActionOut(
        id=action.pk,
        system=action.system_id,
        command=action.command,
        arguments=dict(action.arguments),
        state=action.state,
        reason=action.reason,
        created_at=action.created_at,
        created_by=action.created_by.username if action.created_by else None,
        delivered_at=action.delivered_at,
        ended_at=action.ended_at,
        expires_at=action.expires_at,
    )


def ask_of(system: System, command: CommandIn, user: User) -> Action:
    """Ask the command of a managed system; it rides on the next check-in."""
    arguments = [[name, value] for name, value in command.arguments.items()]
    with transaction.atomic(), refused_as(422, actions.ActionRefused):
        action = actions.ask(
            system, command.command, arguments, user=user, now=timezone.now(), body=command.body
        )
        audit.record(user, "api", "run command", system, command=command.command, action=action.pk)
    return action
