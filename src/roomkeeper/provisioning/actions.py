"""Actions: one-off commands, delivered at most once; done only where there is evidence (rule R7)."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.devices import names
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning import secret_values, states
from roomkeeper.provisioning.models import Action, DeliveryState
from roomkeeper.provisioning.planning import EXPIRES_AFTER, HARMLESS, ORDINARY_CARE, Care
from roomkeeper.systems import live, timeline
from roomkeeper.systems.documents import described_command
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

BODY_LIMIT = 1_000_000
# How long a restart may take until the boot post is missed.
RESTART_TIME = timedelta(minutes=10)
_PATH = re.compile(
    r"(/?xCommand[/ ])?(?P<path>[A-Za-z][A-Za-z0-9]*([/ ][A-Za-z][A-Za-z0-9]*){0,7})", re.IGNORECASE
)
# Some are numbered, as Option.1 of a prompt.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(\.\d{1,3})?")

# An authority that a device is to trust goes to it by HTTPS only, pushed or in an answer (rule R6).
SAFE_ROAD_ONLY = frozenset(command.lower() for command in names.AUTHORITY_COMMANDS)
# A password is not known to have been set before a login proves it (`passwords`).
_PASSWORDS = frozenset(command.lower() for command in names.PASSWORD_COMMANDS)
KEY_IS_GONE = noop(
    "its secret argument was encrypted with a key that no longer exists: request the command again"
)


class ActionRefused(ValueError):
    """The command cannot be asked of this system."""


def ask(
    system: System,
    command: str,
    arguments: Sequence[Sequence[Any]] = (),
    *,
    user: Person,
    now: datetime,
    body: str | None = None,
    care: Care = HARMLESS,
) -> Action:
    """Have the system run a command with its next answer, or by a push, as soon as `care` lets it. `arguments` are
    [name, value] or [name, [value, …]].

    Raises `ActionRefused` with a sentence.
    """
    path, cleaned = checked(system, command, arguments, body)
    return record(system, path, cleaned, user=user, now=now, body=body, care=care)


def checked(
    system: System, command: str, arguments: Sequence[Sequence[Any]], body: str | None
) -> tuple[str, list[list[Any]]]:
    """The path and the arguments as `ask` takes them; raises `ActionRefused` with a sentence for what it does not."""
    match = _PATH.fullmatch(command.strip())
    if match is None:
        raise ActionRefused(_("{command!r} is not a command path such as Audio/Volume/Set.", command=command))
    path = match["path"].replace(" ", "/")
    if system.state != State.MANAGED:
        raise ActionRefused(
            _("{system} is not managed, so it cannot run anything. Admit it first.", system=system)
        )
    if is_password(path):
        raise ActionRefused(
            _("A password would stay readable in the list of actions; use Passwords instead.")
        )
    cleaned = clean_arguments(arguments)
    if body is not None and len(body) > BODY_LIMIT:
        raise ActionRefused(_("The body of the command is over one million characters."))
    if body is not None and "PRIVATE KEY" in body:
        raise ActionRefused(_("The private key in the text would stay readable in the list of actions."))
    return path, cleaned


def record(
    system: System,
    path: str,
    arguments: Sequence[Sequence[Any]],
    *,
    user: Person,
    now: datetime,
    body: str | None = None,
    care: Care = HARMLESS,
    secret: bytes = b"",
) -> Action:
    """Record an action that was looked at by its caller. `secret` goes with it encrypted until it has ended; arguments
    that are secrets until it was sent, and whoever reads it sees `***` for them."""
    shown, sealed = secret_values.hide(path, arguments)
    with transaction.atomic():
        action = Action.objects.create(
            system=system,
            command=path,
            arguments=shown,
            sealed_arguments=sealed,
            body=body,
            secret=secret,
            has_secret=bool(secret),
            only_in_window=care.only_in_window,
            during_calls=care.during_calls,
            created_at=now,
            created_by=find_account(user),
            expires_at=now + EXPIRES_AFTER,
        )
        states.wake([system.pk])
        asked = _("set a new password") if is_password(path) else _("run {path}", path=path)
        timeline.add(
            system,
            "action",
            _("Asked to {asked}", asked=asked),
            now=now,
            user=user,
            details={"action": action.pk},
        )
        live.publish("system", system)
    return action


def restart(system: System, *, user: Person, now: datetime, care: Care = ORDINARY_CARE) -> Action:
    """Have the system restart with its next answer, or by a push: after the call that it is in, unless `care` says
    otherwise."""
    call = restart_call(system)
    return ask(system, call.path, call.arguments, user=user, now=now, care=care)


def restart_call(system: System) -> CommandCall:
    """The command that restarts the system, as its release names it and as far as is known what that takes."""
    quirks = quirks_of(system.software_version, system.family)
    if quirks.restart_takes_action:
        return quirks.restart_call(None)
    return quirks.restart_call(described_command(system, quirks.restart_command))


def restarts() -> Q:
    """The actions that are restarts, by whichever release's command."""
    return reduce(or_, (Q(command__iexact=command) for command in names.RESTART_COMMANDS))


def cancel(action: Action, *, user: Person, now: datetime) -> bool:
    """Cancel an action that still waits; False where it was delivered or has ended."""
    with transaction.atomic():
        by = getattr(user, "username", "") or "the server"
        waiting = Action.objects.filter(pk=action.pk, state=DeliveryState.WAITING)
        number = states.move(waiting, DeliveryState.CANCELLED, _("cancelled by {by}", by=by), now)
    return bool(number)


def care_of(action: Action) -> Care:
    """How carefully it was asked for."""
    return Care(during_calls=action.during_calls, only_in_window=action.only_in_window)


def evidence_for(command: str, software_version: str = "", family: str = "") -> tuple[str, str] | None:
    """(status path, value) that proves that a system with that software ran the command, or None where no status
    shows it."""
    return quirks_of(software_version, family).evidence_for(command)


def is_password(command: str) -> bool:
    """Whether the command sets a password."""
    return command.lower() in _PASSWORDS


def arguments_of(action: Action) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    """The arguments as they are sent, secrets with them. Raises `keys.KeyFileUnusable`."""
    found = secret_values.whole(action.arguments, bytes(action.sealed_arguments))
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in found)


def secrets_of(action: Action) -> list[str]:
    """Those of its arguments that nobody may read in what is kept of an exchange. Raises `keys.KeyFileUnusable`."""
    found = secret_values.whole(action.arguments, bytes(action.sealed_arguments))
    return secret_values.texts(action.command, found) if action.sealed_arguments else []


def is_restart(action: Action) -> bool:
    """Whether the action is proven by the system's next boot post."""
    return names.is_restart(action.command)


def clean_arguments(arguments: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The arguments as [name, text] or [name, [text, …]]; raises `ActionRefused` for what none can be."""
    return [_clean_argument(argument) for argument in arguments]


def _clean_argument(argument: Sequence[Any]) -> list[Any]:
    if len(argument) != 2 or not isinstance(argument[0], str) or not _NAME.fullmatch(argument[0]):
        raise ActionRefused(
            _("{argument!r} is not an argument: an argument has a name and a value.", argument=argument)
        )
    name, value = argument
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, str | int | bool) for one in values):
        raise ActionRefused(_("{name} needs a text, a number, true or false, or a list of these.", name=name))
    texts = [str(one) for one in values]
    return [name, texts if isinstance(value, list | tuple) else texts[0]]
