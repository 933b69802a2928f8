"""What many commands ask of people: how many to list, a yes before something is done, a secret from standard input,
a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.words import gettext as _

Limit = Annotated[int, typer.Option(min=1, help="Maximum number of items.")]
All = Annotated[bool, typer.Option("--all", help="All items, however many.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def is_asked(yes: bool, *, always: bool = False) -> bool:
    """Whether to ask: a person sits there and did not say --yes; or always without that."""
    return not yes and (always or (sys.stdin.isatty() and sys.stdout.isatty()))


def read_line() -> str:
    """The next line of standard input, for what must not stand on a command line."""
    return typer.get_text_stream("stdin").readline().rstrip("\n")


def read_given(file: str) -> str:
    """The text of a file, or of stdin for `-`; ends the command where it cannot be read."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fail("Usage", _("{file} cannot be read: {error}", file=file, error=error), code=USAGE)
