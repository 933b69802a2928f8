"""A CSV file as a source: a line an entry, and a column for each kind of address. Pure but for what it raises."""

from collections.abc import Sequence
from typing import Final

from roomkeeper.operations.csv_tables import EncodedTwice, heading_word, read_table
from roomkeeper.phonebooks.dialling import MethodKind
from roomkeeper.phonebooks.sources import SourceFailed, SourceKind, register
from roomkeeper.phonebooks.writing import Entry, EntryRefused, usable
from roomkeeper.words import gettext as _

NAME: Final = "csv"
# As spreadsheets of people head them.
_COLUMNS: Final = {
    "name": "name", "display_name": "name", "displayname": "name", "full_name": "name",
    "note": "note", "title": "note", "department": "note", "description": "note",
    "sip": "sip", "sip_uri": "sip", "sip_address": "sip", "uri": "sip", "video": "sip",
    "h323": "h323", "h.323": "h323", "h323_id": "h323", "h.323_id": "h323",
    "e164": "e164", "e.164": "e164", "e.164_alias": "e164",
    "ip": "ip", "ip_address": "ip", "isdn": "isdn",
    "telephone": "telephone", "phone": "telephone", "tel": "telephone", "mobile": "telephone",
    "bandwidth": "bandwidth",
}  # fmt: skip
COLUMNS: Final = ("name", "note", *(kind.value for kind in MethodKind), "bandwidth")
PROBLEMS: Final = 20
CSV: Final = register(SourceKind(name=NAME, label="CSV file"))


def read_entries(text: str) -> tuple[list[Entry], list[str]]:
    """(the entries, warnings) of a file. Raises `SourceFailed` for one that cannot be taken as a whole."""
    try:
        table = read_table(text)
    except EncodedTwice as error:
        raise SourceFailed(str(error)) from error
    if table is None:
        raise SourceFailed(_("The file is empty. Nothing was changed."))
    places = [_COLUMNS.get(heading_word(cell)) for cell in table.heading]
    if "name" not in places:
        raise SourceFailed(
            _("The first line names no column “name”. It may name {columns}.", columns=", ".join(COLUMNS))
        )
    problems = [f"{line}: {words}" for line, words in table.problems]
    entries: list[Entry] = []
    warnings: list[str] = []
    seen: dict[str, int] = {}
    for line, cells in table.rows:
        values = _values(places, cells)
        try:
            entry = usable(
                Entry(
                    "",
                    values.get("name", ""),
                    tuple(
                        (kind.value, values[kind.value], values.get("bandwidth", ""))
                        for kind in MethodKind
                        if values.get(kind.value)
                    ),
                    values.get("note", ""),
                )
            )
        except EntryRefused as refusal:
            problems.append(f"{line}: {refusal}")
            continue
        warnings += _suspicious(line, entry)
        # The same name may stand there twice, for two people.
        number = seen[entry.name] = seen.get(entry.name, 0) + 1
        key = entry.name if number == 1 else f"{entry.name[:240]} #{number}"
        entries.append(Entry(key, entry.name, entry.methods, entry.note))
    if problems:
        shown = "; ".join(problems[:PROBLEMS])
        raise SourceFailed(
            _(
                "Nothing was changed, because {count} lines cannot be read. Line {problems}",
                count=len(problems),
                problems=shown,
            )
        )
    return entries, warnings


def _values(places: Sequence[str | None], cells: Sequence[str]) -> dict[str, str]:
    """By column; of several with one meaning the first that holds something."""
    found: dict[str, str] = {}
    for place, cell in zip(places, cells, strict=False):
        if place is not None and cell.strip():
            found.setdefault(place, cell.strip().removeprefix("'"))
    return found


def _suspicious(line: int, entry: Entry) -> list[str]:
    """What a spreadsheet may have made of a number."""
    return [
        _(
            "Line {line}: {address} looks like a number that a spreadsheet has rounded.",
            line=line,
            address=address,
        )
        for _kind, address, _class in entry.methods
        if "E+" in address.upper() and address.replace(".", "").upper().replace("E+", "").isdigit()
    ]
