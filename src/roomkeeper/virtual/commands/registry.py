"""Which function carries out which command, and the checks before it (protocol notes D.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roomkeeper.virtual.value_spaces import CommandSpec
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

Handler = Callable[["VirtualEndpoint", PostedCall], Result | Awaitable[Result]]

_HANDLERS: dict[str, Handler] = {}


class CommandFailed(Exception):
    """The device could not do it: `status="Error"` with a Reason, for some commands a Cause."""

    def __init__(self, reason: str, cause: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause


@dataclass(slots=True)
class CommandOutcome:
    """What became of a command.  `kind` is ok, error, unknown, bad_parameters or forbidden."""

    path: str
    kind: str
    data: Result = field(default_factory=dict[str, str])
    reason: str = ""
    cause: int = 0

    @property
    def result_name(self) -> str:
        """The last two words and `Result`; one word alone: `DialResult` (protocol notes D.6)."""
        return "".join(self.path.split("/")[-2:]) + "Result"


def command(path: str) -> Callable[[Handler], Handler]:
    """Register the function below as what `path` does."""

    def register(handler: Handler) -> Handler:
        _HANDLERS[path] = handler
        return handler

    return register


def find_spec(commands: dict[str, CommandSpec], path: str) -> CommandSpec | None:
    """The command that any case of `path` names."""
    known = commands.get(path)
    if known is not None:
        return known
    wanted = path.lower()
    return next((spec for name, spec in commands.items() if name.lower() == wanted), None)


def _bad_parameter(spec: CommandSpec, call: PostedCall) -> str | None:
    known = {parameter.name.lower(): parameter for parameter in spec.parameters}
    for name, values in call.arguments.items():
        parameter = known.get(name.lower())
        if parameter is None:
            return f"Unknown parameter {name[:60]}"
        if len(values) > max(parameter.multiple, 1):
            return f"Too many values for {parameter.name}"
        for position, value in enumerate(values):
            values[position] = parameter.space.canonical(value)
            refusal = parameter.space.refusal(values[position])
            if refusal:
                return f"{parameter.name}: {refusal}"
    given = {name.lower() for name in call.arguments}
    for parameter in spec.parameters:
        if parameter.is_required and parameter.name.lower() not in given:
            return f"Missing parameter {parameter.name}"
        if parameter.name.lower() not in given and parameter.default is not None:
            call.arguments[parameter.name] = [parameter.default]
    if spec.is_multiline and call.body is None:
        return "Missing body"
    return None


async def run(
    endpoint: VirtualEndpoint, call: PostedCall, roles: tuple[str, ...] = ("Admin",)
) -> CommandOutcome:
    """Check and carry out one command.  One that the profile knows and nobody simulates succeeds without effect."""
    spec = find_spec(endpoint.device.profile.commands, call.path)
    if spec is None:
        return CommandOutcome(call.path, "unknown", reason="Unknown command")
    if not set(spec.role.split(";")) & set(roles):
        return CommandOutcome(spec.path, "forbidden", reason="Permission denied")
    if spec.path in endpoint.profile.unavailable:
        return CommandOutcome(spec.path, "error", reason="Command is unavailable in this mode")
    refusal = _bad_parameter(spec, call)
    if refusal is not None:
        return CommandOutcome(spec.path, "bad_parameters", reason=refusal)
    handler = _HANDLERS.get(spec.path)
    try:
        result = handler(endpoint, call) if handler else {}
        data = result if isinstance(result, Mapping) else await result
    except CommandFailed as failed:
        return CommandOutcome(spec.path, "error", reason=failed.reason, cause=failed.cause)
    return CommandOutcome(spec.path, "ok", data=data)


def simulated() -> frozenset[str]:
    """The commands that have an effect here."""
    return frozenset(_HANDLERS)
