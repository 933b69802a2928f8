"""Reading a list of systems to add or register from CSV, and sending it in portions."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import FLAGS
from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.options import declared, inputs_of
from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.operations.csv_tables import EncodedTwice, heading_word, read_table
from roomkeeper.words import gettext as _

PORTION: Final = 500
# Tags are parted by `;`.
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "text": str,
    "number": int,
    "flag": lambda text: FLAGS[text.lower()],
    "list": lambda text: [part.strip() for part in text.split(";") if part.strip()],
}


@lru_cache(maxsize=1)
def _columns() -> dict[str, str]:
    """The kind of each column by its name."""
    taken = [*inputs_of("registering-systems", "pre-register"), *inputs_of("adding-systems", "add")]
    return {"host": "text"} | {
        one["name"]: one["kind"] for one in taken if not one["name"].endswith("credentials")
    }


def read(api: Api, file: Path) -> list[dict[str, Any]]:
    """The systems of a CSV file; ends the command (usage) where it cannot be understood."""
    try:
        table = read_table(file.read_bytes())
    except (OSError, EncodedTwice) as error:
        fail("Usage", _("{file} cannot be read: {error}", file=file, error=error), code=USAGE)
    if table is None:
        return []
    if table.problems:
        line, problem = table.problems[0]
        told = _("{file}, line {line}: {problem}", file=file, line=line, problem=problem)
        fail("Usage", told, code=USAGE)
    heading = [heading_word(cell) for cell in table.heading]
    folders: dict[str, int] = {}
    return [_system(api, folders, number, heading, cells) for number, cells in table.rows]


def add_systems(api: Api, systems: list[dict[str, Any]], *, dry_run: bool = False) -> list[dict[str, Any]]:
    """Register the systems; what became, or with `dry_run` would become, of each, with its row in the file."""
    items: list[dict[str, Any]] = []
    for start in range(0, len(systems), PORTION):
        part = {"systems": systems[start : start + PORTION], "dry_run": dry_run}
        items += api.post("systems/bulk", part)["items"]
    return [{"row": number, **item} for number, item in enumerate(items, start=2)]


def _system(
    api: Api, folders: dict[str, int], number: int, heading: list[str], cells: list[str]
) -> dict[str, Any]:
    if any(cell.strip() for cell in cells[len(heading) :]):
        fail("Usage", _("Row {number} has more cells than the header.", number=number), code=USAGE)
    system: dict[str, Any] = {}
    for column, cell in zip(heading, cells, strict=False):
        value = cell.strip()
        if not value:
            continue
        if column == "folder":
            if value not in folders:
                folders[value] = naming.key_of(api, declared()["folders"], value)
            system["folder"] = folders[value]
            continue
        try:
            system[column] = _READ[_columns()[column]](value)
        except (KeyError, ValueError):
            columns = ", ".join(_columns())
            problem = _(
                "Row {number}: {column} = {value!r} cannot be used.",
                number=number,
                column=column,
                value=value,
            )
            fail("Usage", problem, code=USAGE, hint=_("Columns: {columns}.", columns=columns))
    return system
