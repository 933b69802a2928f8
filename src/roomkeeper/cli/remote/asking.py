"""What many commands ask of people: how many to list, a yes to a plan, a secret from standard input, a file."""

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.cli.remote.telling import Shown, show
from roomkeeper.words import gettext as _

Limit = Annotated[int, typer.Option(min=1, help="Maximum number of items.")]
All = Annotated[bool, typer.Option("--all", help="All items, however many.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the outcome for each.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the end.")]
FLAGS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
# So many rows of a plan are shown before a question.
_BEFORE_A_QUESTION: Final = 40


def is_asked(yes: bool, *, always: bool = False) -> bool:
    """Whether to ask: a person sits there and did not say --yes; or always without that."""
    return not yes and (always or (sys.stdin.isatty() and sys.stdout.isatty()))


def is_wanted(
    look: Callable[[], Any], shown: Shown, *, dry_run: bool, yes: bool, as_json: bool, asks: str = ""
) -> bool:
    """Show the plan that `look` gives where only that is asked for, or somebody has to say yes to it; whether it is to
    be done. What `asks` is asked wherever it runs. Ends the command where the answer is no."""
    is_asking = is_asked(yes, always=bool(asks))
    if not (dry_run or is_asking or shown.is_looked_at):
        return True
    plan = look()
    if dry_run or not as_json:
        show(plan, shown, as_json=as_json and dry_run, most=None if dry_run else _BEFORE_A_QUESTION)
    if is_asking and not dry_run:
        typer.confirm(asks or _("Go on?"), abort=True, err=bool(asks))
    return not dry_run


def read_line() -> str:
    """The next line of standard input, for what must not stand on a command line."""
    return typer.get_text_stream("stdin").readline().rstrip("\n")


def read_json(file: str) -> Any:
    """The JSON of a file; ends the command where it holds none."""
    try:
        return json.loads(read_given(file))
    except ValueError as error:
        fail("Usage", _("{file} is not JSON: {error}", file=file, error=error), code=USAGE)


def read_given(file: str) -> str:
    """The text of a file, or of stdin for `-`; of one that is not UTF-8 its bytes in Base64, as the API takes
    files. Ends the command where it cannot be read."""
    data = read_bytes(Path(file))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "data:;base64," + base64.b64encode(data).decode()


def read_bytes(file: Path) -> bytes:
    """What a file holds, or stdin for `-`."""
    try:
        return typer.get_binary_stream("stdin").read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _fail_to_read(file, error)


def _fail_to_read(file: object, error: Exception) -> NoReturn:
    fail("Usage", _("{file} cannot be read: {error}", file=file, error=error), code=USAGE)
