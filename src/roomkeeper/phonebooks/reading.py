"""What a source tells, made entries: bounded in time and number, with what cannot be taken and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from roomkeeper.phonebooks import keeping, mapping
from roomkeeper.phonebooks.dialling import MethodKind
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind
from roomkeeper.phonebooks.writing import Entry, EntryRefused, Told, usable
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

# More than any directory that endpoints search.
MOST: Final = 500_000
# So many sentences are kept of a reading.
WARNINGS: Final = 20
# Shorter numbers are extensions.
_WHOLE_NUMBER: Final = 7
_NUMBERS: Final = (MethodKind.TELEPHONE, MethodKind.ISDN)


@dataclass(slots=True)
class Taken:
    """Entries taken from records, by their keys; `refused` are sentences of those that cannot be, with where they
    stand."""

    mapping: Mapping[str, Sequence[str]]
    entries: dict[str, Entry] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    refused_count: int = 0
    _named: dict[str, int] = field(default_factory=dict)

    def take(self, record: Record, *, is_partial: bool) -> Entry | None:
        """The entry of a record, kept; None where there is none. Of several with one key the first counts, and of
        what changed the last."""
        if record.is_gone:
            self.gone.add(record.key[:255])
            self.entries.pop(record.key[:255], None)
            return None
        try:
            entry = usable(mapping.entry_of(record, self.mapping))
        except EntryRefused as refusal:
            self.kept.add(record.key[:255])
            self.refused_count += 1
            if len(self.refused) < WARNINGS:
                self.refused.append(f"{record.at}: {refusal}" if record.at else str(refusal))
            return None
        if not entry.key:
            entry = self._by_name(entry)
        if is_partial:
            self.gone.discard(entry.key)
        if is_partial or entry.key not in self.entries:
            self.entries[entry.key] = entry
        return entry

    def _by_name(self, entry: Entry) -> Entry:
        # The same name may stand there twice, for two people.
        number = self._named[entry.name] = self._named.get(entry.name, 0) + 1
        return replace(entry, key=entry.name if number == 1 else f"{entry.name[:240]} #{number}")


def read_source(source: Source, go_on: Callable[[int], object]) -> Told:
    """What the source tells now. `go_on` is called with the number of records so far, before each and while the source
    waits for another machine, and may raise. Raises `SourceFailed`."""
    kind = keeping.kind_of(source)
    if kind.read is None:
        raise SourceFailed(_("{source} is filled by people; there is nothing to read.", source=source))
    reading = reading_of(source, kind)
    taken = Taken(keeping.mapping_of(source, kind))

    def look() -> bool:
        go_on(len(taken.entries))
        return False

    reading.is_cancelled = look
    _take_all(kind.read(reading), reading, taken, go_on)
    warnings = [*map(str, reading.warnings[:WARNINGS]), *_refusals(taken)]
    return Told(
        taken.entries.values(),
        gone=frozenset(taken.gone),
        kept=frozenset(taken.kept),
        is_partial=reading.is_partial,
        memory=reading.memory,
        warnings=warnings,
    )


def reading_of(source: Source, kind: SourceKind, most: int | None = None) -> Reading:
    """A reading of the source as it is set; of so many records, or of all."""
    asked = mapping.fields_of(keeping.mapping_of(source, kind)) if most is None else frozenset()
    memory = dict(source.memory) if most is None else {}
    return Reading(keeping.settings_of(source, kind), asked, most, memory)


def read_file(kind: SourceKind, data: bytes, pairs: mapping.Pairs) -> Told:
    """What a file holds, all of it or nothing. Raises `SourceFailed`."""
    if kind.read_file is None:
        raise SourceFailed(_("A {kind} is not read from a file.", kind=_(kind.label)))
    keeping.check_installed(kind)
    reading = Reading({})
    taken = Taken(mapping.of_pairs(pairs or mapping.pairs_of(kind.mapping)))
    numbers: list[tuple[str, Entry]] = []
    found: dict[str, None] = {}

    def told() -> Iterable[Record]:
        for record in kind.read_file(data, reading) if kind.read_file else ():
            found.update(dict.fromkeys(record.fields))
            yield record

    _take_all(told(), reading, taken, lambda count: None, numbers)
    if not found:
        raise SourceFailed(
            _("The file holds no entries. Nothing was changed. To remove those of before, delete the source.")
        )
    if not any(name in found for name in taken.mapping.get("name", ())):
        raise SourceFailed(
            _(
                "No column is the name of an entry. The file has the columns {columns}. Name one of them “name”, or"
                " say which one it is.",
                columns=", ".join(list(found)[:30]),
            )
        )
    if taken.refused_count:
        raise SourceFailed(
            _(
                "Nothing was changed, because {count} lines cannot be read. {problems}",
                count=taken.refused_count,
                problems=" ".join(taken.refused),
            )
        )
    warnings = list(map(str, reading.warnings[:WARNINGS]))
    if kind.is_table:
        warnings += suspicious(numbers)
    return Told(taken.entries.values(), warnings=warnings)


def _take_all(
    records: Iterable[Record],
    reading: Reading,
    taken: Taken,
    go_on: Callable[[int], object],
    at: list[tuple[str, Entry]] | None = None,
) -> None:
    for count, record in enumerate(records):
        go_on(count)
        if count >= MOST:
            raise SourceFailed(
                _(
                    "It has more than {most:,} records. What stands was kept. Narrow the source, or make several.",
                    most=MOST,
                )
            )
        entry = taken.take(record, is_partial=reading.is_partial)
        if at is not None and entry is not None:
            at.append((record.at, entry))


def _refusals(taken: Taken) -> list[str]:
    if not taken.refused_count:
        return []
    left_out = ngettext(
        "{count} record could not be taken; an entry of it that stands was kept.",
        "{count} records could not be taken; entries of them that stand were kept.",
        taken.refused_count,
    )
    return [left_out, *taken.refused][:WARNINGS]


def suspicious(numbers: Sequence[tuple[str, Entry]]) -> list[str]:
    """What a spreadsheet may have made of the numbers of a file: rounded, or without their leading zeros."""
    found: list[str] = []
    for at, entry in numbers:
        for _kind, address, _class in entry.methods:
            if "E+" in address.upper() and address.replace(".", "").upper().replace("E+", "").isdigit():
                found.append(
                    _(
                        "{at}: {address} looks like a number that a spreadsheet has rounded.",
                        at=at,
                        address=address,
                    )
                )
    for kind in _NUMBERS:
        all_of: list[tuple[str, Any]] = [
            (at, method[1]) for at, entry in numbers for method in entry.methods if method[0] == kind
        ]
        bare = [one for one in all_of if _is_bare(one[1])]
        if bare:
            found.append(
                ngettext(
                    "{count} number begins with neither 0 nor +, as {address} ({at}): a spreadsheet may have removed"
                    " leading zeros. Format the column as text before you export it.",
                    "{count} numbers begin with neither 0 nor +, as {address} ({at}): a spreadsheet may have removed"
                    " leading zeros. Format the column as text before you export it.",
                    len(bare),
                    address=bare[0][1],
                    at=bare[0][0],
                )
            )
    return found[:WARNINGS]


def _is_bare(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) >= _WHOLE_NUMBER and number[0] != "0"
