"""From a file, or from rows of a program, to what is asked of which system. Pure: nothing is looked up here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.bulk_editing.columns import (
    CHECKED,
    FIELDS,
    KEY,
    PATHS_LIMIT,
    ROWS_LIMIT,
    find_column,
    is_setting,
)
from roomkeeper.bulk_editing.values import WORDS, Cell, Exact, comparable
from roomkeeper.operations.csv_tables import CsvTable, EncodedTwice, plain_cell, read_table
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import match_key, setting_path
from roomkeeper.provisioning.planning import NAME_PATH
from roomkeeper.words import gettext as _

_LARGEST_KEY: Final = 2**63 - 1
_SHOWN: Final = 60


class SheetRefused(ValueError):
    """The file cannot be used at all."""


@dataclass(frozen=True, slots=True)
class SheetProblem:
    """Why a row, or one of its cells, cannot be used. `line` counts from 1; `column` may be empty."""

    line: int
    column: str
    sentence: str
    # Whether a row is left out because of it, and not only a column.
    is_of_row: bool = True

    def __str__(self) -> str:
        where = (
            _("Line {line}, {column}", line=self.line, column=self.column)
            if self.column
            else _("Line {line}", line=self.line)
        )
        return f"{where}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """What one row asks of the system with that key. `checks` are the identifiers that it was written with."""

    line: int
    key: int
    checks: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Cell] = field(default_factory=dict)
    settings: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows that name a system, and what could not be used."""

    rows: tuple[SheetRow, ...] = ()
    problems: tuple[SheetProblem, ...] = ()


def read_csv(data: bytes | str) -> Sheet:
    """The rows of a file that `exporting` wrote and people changed. Raises `SheetRefused`."""
    try:
        table = read_table(data)
    except EncodedTwice as refusal:
        raise SheetRefused(str(refusal)) from refusal
    if table is None:
        raise SheetRefused(_("The file is empty."))
    if len(table.rows) > ROWS_LIMIT:
        raise SheetRefused(_too_many(len(table.rows)))
    problems = [SheetProblem(line, "", sentence) for line, sentence in table.problems]
    columns = _read_heading(table, problems)
    if KEY not in columns:
        raise SheetRefused(
            _(
                "The first line must name the columns, and one of them must be id. Export the "
                "systems and edit that file."
            )
        )
    return _sheet((_read_row(columns, line, cells, problems) for line, cells in table.rows), problems)


def read_rows(rows: Sequence[Mapping[str, Any]]) -> Sheet:
    """The same of rows that a program gave: `id`, fields of the record, and `settings` by path. Lines count from 1.

    Raises `SheetRefused`.
    """
    if len(rows) > ROWS_LIMIT:
        raise SheetRefused(_too_many(len(rows)))
    problems: list[SheetProblem] = []
    return _sheet((_given(line, row, problems) for line, row in enumerate(rows, start=1)), problems)


def _too_many(number: int) -> str:
    return _(
        "At most {limit:,} rows can be checked at once; these are {number:,}. Send them in parts.",
        limit=ROWS_LIMIT,
        number=number,
    )


def _sheet(found: Iterable[SheetRow | None], problems: list[SheetProblem]) -> Sheet:
    """The rows in order, each system once."""
    rows: dict[int, SheetRow] = {}
    for row in found:
        if row is None:
            continue
        if row.key in rows:
            sentence = _(
                "System {key} is already in line {line}; this row is left out.",
                key=row.key,
                line=rows[row.key].line,
            )
            problems.append(SheetProblem(row.line, KEY, sentence))
            continue
        rows[row.key] = row
    return Sheet(tuple(rows.values()), tuple(sorted(problems, key=lambda one: one.line)))


def _read_heading(table: CsvTable, problems: list[SheetProblem]) -> list[str]:
    """What each column means: the name of a field, the path of a setting, or "" where it is left out."""
    columns: list[str] = []
    seen: set[str] = set()
    for cell in table.heading:
        name = plain_cell(cell).strip()
        column = find_column(name)
        sentence = ""
        if not column and is_setting(name):
            column, sentence = _path_of(name)
        elif not column and name:
            sentence = _("The column {name!r} is unknown and was left out.", name=name[:_SHOWN])
        key = match_key(column) if column and is_setting(column) else column
        if key and key in seen:
            column, sentence = (
                "",
                _("The column {name!r} is there twice; the second one is left out.", name=name[:_SHOWN]),
            )
        seen.add(key)
        if sentence:
            problems.append(SheetProblem(1, name[:_SHOWN], sentence, is_of_row=False))
        columns.append(column)
    number = sum(is_setting(column) for column in columns)
    if number > PATHS_LIMIT:
        raise SheetRefused(
            _(
                "At most {limit} settings can be edited in one file; this one has {number}.",
                limit=PATHS_LIMIT,
                number=number,
            )
        )
    return columns


def _path_of(text: str) -> tuple[str, str]:
    """The canonical path, or "" with the reason why it is none."""
    try:
        path = setting_path(text)
        key = match_key(path)
    except (ProtocolError, ValueError) as error:
        return "", str(error)
    if key == match_key(NAME_PATH):
        return "", _("A system's name is edited in the column name; this one is left out.")
    return path, ""


def _read_row(
    columns: Sequence[str], line: int, cells: Sequence[str], problems: list[SheetProblem]
) -> SheetRow | None:
    if any(cell.strip() for cell in cells[len(columns) :]):
        problems.append(SheetProblem(line, "", _("It has more cells than the header.")))
        return None
    given = {column: cell for column, cell in zip(columns, cells, strict=False) if column}
    # A line that a spreadsheet cut short says nothing of the columns at its end.
    key = plain_cell(given.pop(KEY, "")).strip()
    if not (key.isascii() and key.isdigit() and len(key) < 20 and 0 < int(key) <= _LARGEST_KEY):
        sentence = (
            _("{key!r} is not the id of a system.", key=key[:_SHOWN])
            if key
            else _("The id of the system is missing.")
        )
        problems.append(SheetProblem(line, KEY, sentence))
        return None
    return SheetRow(
        line,
        int(key),
        {name: plain_cell(given[name]).strip() for name in CHECKED if name in given},
        {name: plain_cell(cell) for name, cell in given.items() if name in FIELDS},
        {path: _setting_cell(cell) for path, cell in given.items() if is_setting(path)},
    )


def _setting_cell(cell: str) -> Cell:
    """A cell that was marked when it was written holds that very text, even where it is one of the words."""
    plain = plain_cell(cell, words=WORDS)
    return cell if plain == cell else Exact(comparable(plain))


def _given(line: int, row: Mapping[str, Any], problems: list[SheetProblem]) -> SheetRow | None:
    settings: dict[str, Cell] = {}
    seen: set[str] = set()
    for text, value in (row.get("settings") or {}).items():
        path, sentence = _path_of(text)
        if path and match_key(path) in seen:
            path, sentence = "", _("The setting is given twice.")
        if not path:
            problems.append(SheetProblem(line, text[:_SHOWN], sentence))
            return None
        seen.add(match_key(path))
        settings[path] = Exact(comparable(value) if isinstance(value, str) else value)
    if len(settings) > PATHS_LIMIT:
        problems.append(
            SheetProblem(line, "settings", _("At most {limit} settings a row.", limit=PATHS_LIMIT))
        )
        return None
    fields: dict[str, Cell] = {name: Exact(value) for name, value in row.items() if name in FIELDS}
    checks = {name: str(row[name]) for name in CHECKED if row.get(name)}
    return SheetRow(line, int(row[KEY]), checks, fields, settings)
