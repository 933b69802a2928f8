"""What a command prints: tables for people, JSON for programs, errors on stderr. Exit codes: 0, 1 failed, 2 usage."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from roomkeeper.words import gettext as _

FAILED = 1
USAGE = 2
# More values by name than that are a table.
IN_A_LINE = 12
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

# Names come from devices: a terminal must not obey what stands in them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOURS = {
    "yes": "green",
    "no": "red",
    "flapping": "yellow",
    "unknown": "bright_black",
    "waiting": "yellow",
    "delivered": "cyan",
    "confirmed": "green",
    "failed": "red",
    "expired": "red",
    "open": "red",
    "acknowledged": "yellow",
    "critical": "red",
    "blocked": "red",
    "pending": "yellow",
}
# A pipe has no width: tables must not be cut for it.
_PIPE_WIDTH = 250


def console(*, errors: bool = False) -> Console:
    """The terminal, or a wide page where the output goes elsewhere."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False)


def print_json(value: Any) -> None:
    """JSON as it is, indented."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """A table with these fields of the rows as columns."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.partition(".")[0].replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(_value(row, column)) for column in columns))
    console().print(table)


def _value(row: Mapping[str, Any], column: str) -> Any:
    """The value of a field; `addresses.dial_string` are those of the objects in a list."""
    name, _dot, inner = column.partition(".")
    value = row.get(name)
    return [one[inner] for one in value] if inner and value else value


def print_page(page: Mapping[str, Any], columns: Sequence[str], *, as_json: bool) -> None:
    """A page of a list; says when there is more."""
    if as_json:
        print_json(page)
        return
    if not page["items"]:
        nothing()
        return
    print_table(page["items"], columns)
    if page["next"]:
        console(errors=True).print(_("There is more: use a larger --limit, or --all."))


def nothing() -> None:
    """Tell that there is nothing."""
    console(errors=True).print(_("Nothing found."))


def print_object(row: Mapping[str, Any], *, as_json: bool) -> None:
    """One object; what it holds many of stands in tables below its fields."""
    if as_json:
        print_json(row)
        return
    below = {name: rows for name, value in row.items() if (rows := _rows_of(value))}
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in row.items():
        if name not in below:
            table.add_row(name.replace("_", " "), _cell(value))
    console().print(table)
    for name, rows in below.items():
        say(f"\n{name.replace('_', ' ')}:")
        print_table(rows, list(rows[0]))


def _rows_of(value: Any) -> list[Mapping[str, Any]]:
    """A list of objects, or many values by name, as the rows of a table; nothing for what fits into a line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return value
    if isinstance(value, dict) and len(value) > IN_A_LINE:
        return [{"name": name, "value": one} for name, one in value.items()]
    return []


def say(line: str) -> None:
    """A line for people."""
    console().print(Text(clean(line)))


def fail(
    title: str,
    detail: str,
    *,
    hint: str = "",
    errors: Iterable[Mapping[str, str]] = (),
    code: int = FAILED,
) -> NoReturn:
    """Tell on stderr what went wrong and what can be done, and end with the code."""
    terminal = console(errors=True)
    terminal.print(Text(f"{clean(_(title))}: ", style="bold red") + Text(clean(detail)))
    for error in errors:
        terminal.print(
            Text(f"  {clean(str(error.get('field', '')))}: {clean(str(error.get('message', '')))}")
        )
    if hint:
        terminal.print(Text(clean(hint), style="bright_black"))
    raise typer.Exit(code)


def clean(text: str) -> str:
    """The text without characters that a terminal obeys."""
    return _CONTROLS.sub("\ufffd", text)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("–", style="bright_black")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, dict):
        value = ", ".join(f"{name} {number}" for name, number in value.items() if number not in (0, None, ""))
    elif isinstance(value, list):
        value = ", ".join(
            one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in value
        )
    text = clean(str(value))
    return Text(text, style=_COLOURS.get(text, ""))
