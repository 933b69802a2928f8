"""An XLSX file as a source: a row a record, whose fields are the columns.

Read by openpyxl in its read-only mode, which takes a row at a time; how large a file may be is held before that, since
what it unpacks to can be a thousand times as much.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.operations.acts import Input
from roomkeeper.operations.csv_tables import heading_word
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.phonebooks.sources.csv_file import HEADINGS
from roomkeeper.phonebooks.sources.xlsx_cells import DIGITS, Remark, text_of
from roomkeeper.words import gettext as _

NAME: Final = "xlsx"
MAX_FILE: Final = 50_000_000  # bytes
MAX_UNPACKED: Final = 150_000_000  # bytes of all its XML; 200,000 rows of ten columns have some 100 MB
MAX_PARTS: Final = 5_000
MAX_ROWS: Final = 250_000
MAX_COLUMNS: Final = 200
_LAST_ROW: Final = 1_048_576  # of any sheet
_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
# What openpyxl, zipfile and the parsers of XML raise for files that are not as they should be.
_FAULTS: Final = (
    ValueError, TypeError, LookupError, AttributeError, SyntaxError, OSError, EOFError, RuntimeError, ArithmeticError,
    AssertionError, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
_DIALLED: Final = frozenset(
    heading
    for part, headings in HEADINGS.items()
    if part not in ("name", "note", "bandwidth")
    for heading in headings
)


def read_file(data: bytes, reading: Reading) -> Iterator[Record]:
    """The records of a sheet: the first that is not hidden, or the one that `sheet` of the settings names. The first
    row that is not empty names the fields.

    Raises `SourceFailed` where the file cannot be taken as a whole; what a spreadsheet has made of numbers is told in
    `reading.warnings`.
    """
    _check(data)
    # Here, because most servers never read one: it takes 20 MB and most of a second.
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except _FAULTS as error:
        raise _damaged(error) from error
    try:
        sheet = _sheet(book, str(reading.settings.get("sheet") or "").strip())
        # What writers note of a sheet's size is often wrong, and what is outside of it would be left out.
        sheet.reset_dimensions()
        yield from _records(sheet, reading)
    finally:
        book.close()


def _records(sheet: Any, reading: Reading) -> Iterator[Record]:
    top, cells = next(_rows(sheet, MAX_COLUMNS + 1), (0, ()))
    if not top:
        raise SourceFailed(_("The sheet “{sheet}” is empty. Nothing was changed.", sheet=sheet.title))
    columns = _columns(cells, reading)
    told = 0
    try:
        for number, cells in _rows(sheet, len(columns)):
            if number == top:
                continue
            if number > MAX_ROWS:
                raise SourceFailed(
                    _("The sheet has more than {most} rows. Nothing was changed.", most=MAX_ROWS)
                )
            if reading.most is not None and told >= reading.most:
                break
            fields: dict[str, list[str]] = {column.name: [] for column in columns if column.name}
            for column, cell in zip(columns, cells, strict=False):
                if column.name:
                    fields[column.name].append(column.take(cell, number))
            if any(text for texts in fields.values() for text in texts):
                told += 1
                yield Record("", fields, at=_("Row {row}", row=number))
    finally:
        reading.warnings += [sentence for column in columns for sentence in column.sentences()]


def _rows(sheet: Any, width: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows that hold something, with their numbers. Raises `SourceFailed`."""
    empty: object = None
    try:
        for number, cells in enumerate(sheet.iter_rows(max_col=width), 1):
            # Rows that are missing are filled in with one and the same, and may go on to the end of the sheet.
            if number > _LAST_ROW:
                return
            if cells is empty:
                continue
            if any(cell.value is not None for cell in cells):
                yield number, cells
            else:
                empty = cells
    except _FAULTS as error:
        raise _damaged(error) from error


def _columns(cells: Sequence[Any], reading: Reading) -> "list[_Column]":
    if len(cells) > MAX_COLUMNS and cells[MAX_COLUMNS].value is not None:
        raise SourceFailed(
            _("The sheet has more than {most} columns. Nothing was changed.", most=MAX_COLUMNS)
        )
    headings = [text_of(cell.value)[0] for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return [_Column(text, heading_word(text), reading.asked) for text in headings]


@dataclass(slots=True)
class _Column:
    """A column: its heading, and what is to be said of its cells, with the row in which that is so first."""

    heading: str
    name: str
    asked: frozenset[str]
    _counts: dict[Remark, int] = field(default_factory=dict)
    _firsts: dict[Remark, int] = field(default_factory=dict)
    _has_marks: bool = False

    @property
    def is_dialled(self) -> bool:
        """Whether addresses stand in it, as far as is known."""
        return self.name in _DIALLED or (self.name in self.asked and self.name not in HEADINGS["name"])

    def take(self, cell: Any, row: int) -> str:
        """The text of a cell."""
        is_fault = getattr(cell, "data_type", "") == "e"
        is_number = isinstance(cell.value, int | float)
        text, remark = text_of(cell.value, cell.number_format if is_number else "", is_fault=is_fault)
        if remark is not None:
            self._counts[remark] = self._counts.get(remark, 0) + 1
            self._firsts.setdefault(remark, row)
        elif text[:1] in ("0", "+") and not is_number:
            self._has_marks = True
        return "" if remark is Remark.DATE and self.is_dialled else text

    def sentences(self) -> Iterator[str]:
        """What is to be said."""
        if self.is_dialled or self._has_marks:
            if Remark.ROUNDED in self._counts:
                yield self._say(
                    _(
                        "a spreadsheet has rounded them, because it keeps {digits} digits of a number. Enter them as"
                        " text.",
                        digits=DIGITS,
                    ),
                    Remark.ROUNDED,
                )
            if Remark.DATE in self._counts:
                yield self._say(
                    _("a spreadsheet has made dates of them; they were left out. Enter them as text."),
                    Remark.DATE,
                )
            if Remark.NUMBER in self._counts and self._has_marks:
                yield self._say(
                    _(
                        "they are numbers, of which a spreadsheet drops zeros and a plus at the beginning."
                        " Where some are missing, enter them as text."
                    ),
                    Remark.NUMBER,
                )
        if Remark.FAULT in self._counts and self.name:
            yield self._say(
                _("a formula has failed, or they cannot be shown; they were left out."), Remark.FAULT
            )

    def _say(self, what: str, remark: Remark) -> str:
        return _(
            "Column “{heading}”, {count} cells from row {row} on: {what}",
            heading=self.heading[:60],
            count=self._counts[remark],
            row=self._firsts[remark],
            what=what,
        )


def _sheet(book: Any, name: str) -> Any:
    """The sheet to read. Raises `SourceFailed`."""
    sheets = list(book.worksheets)
    if name:
        for sheet in sheets:
            if sheet.title.casefold() == name.casefold():
                return sheet
        raise SourceFailed(
            _(
                "The file has no sheet “{name}”. It has {sheets}. Nothing was changed.",
                name=name[:60],
                sheets=", ".join(f"“{sheet.title[:60]}”" for sheet in sheets[:10]) or _("no sheet"),
            )
        )
    shown = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise SourceFailed(_("The file has no sheet with cells. Nothing was changed."))
    return (shown or sheets)[0]


def _check(data: bytes) -> None:
    """Raises `SourceFailed` for what is not an XLSX file, and for what is too large."""
    if not data:
        raise SourceFailed(_("The file is empty. Nothing was changed."))
    if len(data) > MAX_FILE:
        raise SourceFailed(
            _("The file has more than {most} MB. Nothing was changed.", most=MAX_FILE // 1_000_000)
        )
    if data.startswith(_COMPOUND):
        # Both have this frame; one that is encrypted names its content so.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise SourceFailed(
                _(
                    "The file is protected with a password. Save it without one, and import that. Nothing was changed."
                )
            )
        raise _other(_("an Excel 97–2003 workbook (.xls)"))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if "xl/workbook.bin" in names:
            raise _other(_("a binary Excel workbook (.xlsb)"))
        if "mimetype" in names or "content.xml" in names:
            raise _other(_("an OpenDocument spreadsheet (.ods)"))
        if "[Content_Types].xml" not in names:
            raise _other(_("another file"))
        unpacked = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels", ".vml")))
        if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
            raise SourceFailed(
                _(
                    "The file unpacks to more than {most} MB. Save the one sheet alone, and import that. Nothing was"
                    " changed.",
                    most=MAX_UNPACKED // 1_000_000,
                )
            )
        if "xl/workbook.xml" in names and _STRICT in archive.read("xl/workbook.xml"):
            raise _other(_("a Strict Open XML workbook"))
    except SourceFailed:
        raise
    except _FAULTS as error:
        if not data.startswith(b"PK"):
            raise _other(_("another file")) from error
        raise _damaged(error) from error


def _other(what: str) -> SourceFailed:
    return SourceFailed(
        _(
            "This is not an XLSX file but {what}. Open it with a spreadsheet, save it as Excel workbook (.xlsx), and"
            " import that. Nothing was changed.",
            what=what,
        )
    )


def _damaged(error: Exception) -> SourceFailed:
    return SourceFailed(
        _(
            "The file is damaged ({problem}). Open it with a spreadsheet, save it anew, and import that. Nothing was"
            " changed.",
            problem=" ".join(str(error).split())[:120] or type(error).__name__,
        )
    )


XLSX: Final = register(
    SourceKind(
        name=NAME,
        label="XLSX file",
        meaning="A sheet of Excel or LibreOffice: a row an entry, and a column for each kind of address.",
        takes=(
            Input(
                name="sheet",
                default="",
                most=31,
                label="Sheet",
                meaning="Its name. Empty: the first that is not hidden.",
            ),
        ),
        read_file=read_file,
        is_table=True,
        endings=(".xlsx", ".xlsm"),
        mapping=HEADINGS,
    )
)
