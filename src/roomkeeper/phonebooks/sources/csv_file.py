"""A CSV file as a source: a line a record, whose fields are the columns. Pure but for what it raises."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from roomkeeper.operations.csv_tables import EncodedTwice, heading_word, read_table
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.words import gettext as _

NAME: Final = "csv"
PROBLEMS: Final = 20
# How .xlsx and .xls begin.
_WORKBOOKS: Final = (b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"))
# As spreadsheets of people head them.
HEADINGS: Final = {
    "name": ("name", "display_name", "displayname", "full_name"),
    "note": ("note", "title", "department", "description"),
    "sip": ("sip", "sip_uri", "sip_address", "uri", "video"),
    "h323": ("h323", "h.323", "h323_id", "h.323_id"),
    "e164": ("e164", "e.164", "e.164_alias"),
    "ip": ("ip", "ip_address"),
    "isdn": ("isdn",),
    "telephone": ("telephone", "phone", "tel", "mobile"),
    "bandwidth": ("bandwidth",),
}
"""What the columns of a table are, unless people say otherwise."""


def records_of(heading: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Record]:
    """The records of a table: a heading, and (line, cells). Headings count without letter case and blanks; what is
    known by no key is known by its name."""
    names = [heading_word(cell) for cell in heading]
    for line, cells in rows:
        fields: dict[str, list[str]] = {name: [] for name in names if name}
        for name, cell in zip(names, cells, strict=False):
            if name:
                # Spreadsheets write so what is a text, though it looks like a number or a formula.
                fields[name].append(cell.strip().removeprefix("'"))
        yield Record("", fields, at=_("Line {line}", line=line))


def records_in(data: bytes) -> Iterator[Record]:
    """The records of a table as CSV. Raises `SourceFailed` where any of it cannot be read."""
    try:
        table = read_table(data)
    except EncodedTwice as error:
        raise SourceFailed(str(error)) from error
    if table is None:
        raise SourceFailed(_("The file is empty. Nothing was changed."))
    if table.problems:
        shown = "; ".join(f"{line}: {words}" for line, words in table.problems[:PROBLEMS])
        raise SourceFailed(
            _(
                "Nothing was changed, because {count} lines cannot be read. Line {problems}",
                count=len(table.problems),
                problems=shown,
            )
        )
    yield from records_of(table.heading, table.rows)


def _read(data: bytes, reading: Reading) -> Iterator[Record]:
    if data.startswith(_WORKBOOKS):
        raise SourceFailed(
            _("This is not a CSV file but a workbook. Import it as an XLSX file. Nothing was changed.")
        )
    return records_in(data)


CSV: Final = register(
    SourceKind(
        name=NAME,
        label="CSV file",
        meaning="A line an entry, and a column for each kind of address.",
        read_file=_read,
        is_table=True,
        endings=(".csv", ".txt", ".tsv"),
        mapping=HEADINGS,
    )
)
