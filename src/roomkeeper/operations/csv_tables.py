"""CSV as people and spreadsheets write it: encoding, delimiter, lines; and cells that no spreadsheet runs. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.protocols.text import decode_text, encoded_twice
from roomkeeper.words import gettext as _

_DELIMITERS: Final = ",;\t"
_BLANKS: Final = re.compile(r"[\s_-]+")
# A spreadsheet runs a cell that begins like this; names come from devices and are anybody's text.
_FORMULA_STARTS: Final = frozenset("=+-@\t\r")
_MARK: Final = "'"


@dataclass(slots=True)
class CsvTable:
    """A file with a header: its cells, its other rows with the line that each begins in, and lines that cannot be read
    as CSV, with the reason."""

    heading: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)


class EncodedTwice(ValueError):
    """Texts in the file were read as Windows-1252 though they were UTF-8, and stored so."""

    def __init__(self, found: str, meant: str) -> None:
        super().__init__(
            _(
                "The texts of this file look encoded twice: it holds “{found}” where “{meant}” is "
                "meant. A spreadsheet has read it as Windows-1252. Export it again, open it as UTF-8 "
                "(Excel: Data, From Text/CSV, 65001), and save it as “CSV UTF-8”.",
                found=found,
                meant=meant,
            )
        )


def read_table(data: bytes | str) -> CsvTable | None:
    """The table in a file, None where it holds nothing. Raises `EncodedTwice`. Empty rows are left out; the first row
    that is not empty is the header. UTF-8 and UTF-16 with or without a mark, else Windows-1252; commas, semicolons or
    tabs."""
    text = data if isinstance(data, str) else _decode(data)
    text = text.removeprefix("\ufeff").replace("\0", "")
    if (twice := encoded_twice(text)) is not None:
        raise EncodedTwice(*twice)
    head = next((line for line in text.splitlines() if line.strip()), "")
    if not head:
        return None
    table = CsvTable([])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count))
    rows = _rows(reader, table.problems)
    table.heading = next(rows, (1, []))[1]
    table.rows = list(rows)
    return table


def heading_word(cell: str) -> str:
    """A heading as it is compared: `Serial number`, `serial-number` and `SERIAL_NUMBER` are one."""
    return _BLANKS.sub("_", cell.strip().lower())


def write_line(cells: Iterable[str]) -> str:
    """One line of a file; the cells are written as they are."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def safe_cell(text: str, *, words: Iterable[str] = ()) -> str:
    """The text so that no spreadsheet runs it, and that `plain_cell` gives back. What is one of `words`, which mean
    something else to the reader, is marked too."""
    return _MARK + text if _needs_mark(text, words) or _is_marked_once(text, words) else text


def plain_cell(cell: str, *, words: Iterable[str] = ()) -> str:
    """What stood in a cell before `safe_cell`; cells that people typed stay as they are."""
    return cell[1:] if _is_marked_once(cell, words) else cell


def _is_marked_once(cell: str, words: Iterable[str]) -> bool:
    """Whether it looks like what `safe_cell` makes; `'t Hooft` does not."""
    return cell.startswith(_MARK) and (cell[1:2] == _MARK or _needs_mark(cell[1:], words))


def _needs_mark(text: str, words: Iterable[str]) -> bool:
    return text[:1] in _FORMULA_STARTS or text in words


def _decode(data: bytes) -> str:
    # Windows-1252 is what spreadsheets on Windows write where nobody asks for Unicode.
    return decode_text(data).text


def _rows(reader: Any, problems: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line that each begins in."""
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append((line, _("It cannot be read as CSV: {error}.", error=error)))
            line = reader.line_num + 1
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1
