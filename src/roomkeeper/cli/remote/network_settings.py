"""`roomkeeper network-settings`: shown and set as their table says, which scripts/generate_commands.py writes down."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Final

import typer

from roomkeeper.cli.remote.asking import FLAGS, read_line
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_json, print_table
from roomkeeper.words import gettext as _

app = typer.Typer(help="Network settings.")
_STDIN: Final = "-"


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """Show network settings."""
    _print(open_api().get("network-settings"), as_json=as_json)


@app.command("set")
def change(
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...",
            help="As in internal.fqdn=rooms.example.org or heartbeat.idle=600; lists are separated by commas."
            " Secrets are read from standard input: snmp.community=-",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Change network settings: all that is given, or nothing."""
    body: dict[str, Any] = {}
    for text in values:
        name, mark, value = text.partition("=")
        if not mark or name not in _forms():
            fail(
                "Usage",
                _("{text!r} is not a network setting with a value.", text=text),
                code=USAGE,
                hint=_("`roomkeeper network-settings show` lists their names."),
            )
        *groups, last = name.split(".")
        place = body
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = _typed(name, value)
    _print(open_api().send("PATCH", "network-settings", body), as_json=as_json)


@lru_cache(maxsize=1)
def _forms() -> dict[str, str]:
    """The form of each setting's value by its name in the API."""
    rows = json.loads(files("roomkeeper.cli.remote").joinpath("network_settings.json").read_text("utf-8"))
    return {one["name"]: one["form"] for one in rows}


def _typed(name: str, value: str) -> Any:
    """The value as JSON; one that is none of its kind goes as it is, and the server says what is wrong."""
    form = _forms()[name]
    if form == "secret" and value not in ("", _STDIN):
        fail(
            "Usage",
            _("{name} is secret, and everyone on this machine can read a command line.", name=name),
            code=USAGE,
            hint=_("Write {name}=- and pass it on standard input.", name=name),
        )
    if form in ("secret", "pem") and value == _STDIN:
        return read_line() if form == "secret" else typer.get_text_stream("stdin").read()
    if form == "lines":
        return [one.strip() for one in value.split(",") if one.strip()]
    if form == "switch":
        return FLAGS.get(value.lower(), value)
    if form == "number" and not value:
        return None
    if form == "number" and value.isascii() and value.isdigit():
        return int(value)
    return value


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows = []
    for name, value in _leaves(found):
        told = value if isinstance(value, str) else json.dumps(value)
        rows.append({"setting": name, "value": told if value not in (None, "") else None})
    print_table(rows, ("setting", "value"))


def _leaves(found: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Every value with its name, groups before it parted by dots."""
    leaves: list[tuple[str, Any]] = []
    for name, value in found.items():
        leaves += _leaves(value, f"{before}{name}.") if isinstance(value, dict) else [(before + name, value)]
    return leaves
