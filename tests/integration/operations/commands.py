"""Acts asked by the command line, whose requests go to the server inside the same process."""

import json
from collections.abc import Mapping
from typing import Any

import typer
from tests.integration.api.conftest import Caller
from typer.testing import CliRunner

from roomkeeper.cli import remote
from roomkeeper.cli.remote.connection import DEFAULT_URL, Received, over
from roomkeeper.cli.remote.options import declared
from roomkeeper.operations.acts import Act
from roomkeeper.operations.subjects import Subject

# What is written by hand takes what is declared by these words, and does not wait here for what nobody does.
WAITING = {"poll", "login", "diagnose", "back-up"}


class Commands:
    """Runs commands as somebody. What became of the last act that one asked for is its status."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.statuses: list[int] = []
        self.program = typer.Typer()
        remote.mount(self.program)

    def __call__(self, *words: object, given: str = "") -> int:
        """Run it, with what stands on standard input; the status of the answer to what it asked for."""
        self.statuses.clear()
        with over(self._send):
            result = CliRunner().invoke(self.program, [str(word) for word in words], input=given)
        assert self.statuses, f"{words}: {result.output}"
        is_refused = self.statuses[-1] >= 400
        assert not is_refused or result.exit_code == 1, result.output
        return self.statuses[-1]

    def _send(self, method: str, address: str, headers: Mapping[str, str], content: bytes | None) -> Received:
        sent = {name: value for name, value in headers.items() if name == "Accept"}
        answer = self.caller.client.generic(
            method,
            address.removeprefix(DEFAULT_URL),
            content or b"",
            content_type=headers.get("Content-Type", "application/json"),
            headers={**sent, **self.caller.headers},
        )
        if method != "GET":
            self.statuses.append(_status_of(answer.status_code, answer.content))
        return Received(answer.status_code, answer.content)


def _status_of(status: int, content: bytes) -> int:
    """The outcome for the only one, where each of several has its own."""
    items = json.loads(content).get("items") if status in (200, 202) else None
    return int(items[0].get("status", status)) if items else status


def command_of(subject: Subject, act: Act) -> dict[str, Any]:
    """What the command line knows of the act, or of the command that takes all that is changed."""
    known = {one["slug"]: one for one in declared()[subject.typed]["acts"]}
    is_changed = subject.command_line.change and act.rest.method == "PATCH" and not act.for_many
    return known[subject.command_line.change if is_changed else act.slug]


def words_of(subject: Subject, act: Act, key: int | None, given: Mapping[str, Any]) -> tuple[list[Any], str]:
    """The words of the command that asks for it, and what stands on standard input."""
    command, options, stdin = command_of(subject, act), [], ""
    placed = [given["systems"][0]] if command["chooses"] else []
    # Which of several acts is meant says the command, where it has one of its own.
    meant = {one["name"]: one for one in command["takes"] if one["only"] is None}
    for name, value in given.items():
        if name not in meant or value is None:
            continue
        one = meant[name]
        word = one["option"] or name.replace("_", "-")
        if one["is_secret"]:
            # Where nothing else could be done, a login is read without being asked for.
            options += [] if command["name"] == "login" else [f"--{word}-stdin"]
            stdin += f"{value}\n"
        elif one["is_file"]:
            placed += ["-"] if one["is_required"] else []
            options += [] if one["is_required"] else [f"--{word}", "-"]
            stdin = value if isinstance(value, str) else json.dumps(value)
        elif one["kind"] == "flag":
            on, _slash, off = one["option"].partition("/")
            on = on or word.removeprefix("is-")
            options.append(f"--{on}" if value else f"--{off or f'no-{on}'}")
        elif one["kind"] == "map":
            options += [part for path, text in value.items() for part in (f"--{word}", f"{path}={text}")]
        elif one["kind"] == "list":
            options += [part for text in value for part in (f"--{word}", _line(text))]
        elif one["in_place"] or (one["is_required"] and not command["for_many"]):
            placed.append(value)
        else:
            options += [f"--{word}", value]
    keys = [] if key is None else [key]
    is_asked = (command["asks"] or command["for_many"]) and command["name"] != "diagnose"
    asked = ["--yes"] if is_asked else []
    waits = ["--wait", 1 if command["name"] == "diagnose" else 0] if command["name"] in WAITING else []
    return [subject.typed, command["name"], *keys, *placed, *options, *asked, *waits], stdin


def _line(value: Any) -> str:
    return "@".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)
