"""A source looked at before it is read: which fields its first records have, and which entries these would be."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from itertools import islice
from typing import Final, Literal

from django.db import connection
from pydantic import BaseModel, Field

from roomkeeper.phonebooks import dialling, keeping, mapping, reading
from roomkeeper.phonebooks.models import IS_SHOWN, Contact, Source
from roomkeeper.phonebooks.reading import Taken
from roomkeeper.phonebooks.sources import PREVIEWED, Reading, Record, SourceFailed, SourceKind
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.words import gettext as _

# A page waits for it.
SECONDS: Final = 15.0
SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 80
_FIELDS: Final = 200
# Those who look at other servers do not wait for each other for long, and are few.
_threads: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="phone book preview")


class FoundField(BaseModel):
    """A field of the records."""

    name: str
    part: str = Field("", description="What of an entry it is by the mapping, if anything.")
    samples: list[str]


class FoundEntry(BaseModel):
    """An entry that a record would be."""

    name: str
    note: str
    addresses: list[str]
    outcome: Literal["added", "changed", "unchanged"]


class Preview(BaseModel):
    """What the first records of a source would be. `removed` are entries that the source no longer tells: null where
    not all of it was looked at."""

    fields: list[FoundField]
    entries: list[FoundEntry]
    refused: list[str]
    warnings: list[str]
    records: int
    removed: int | None

    @property
    def without_address(self) -> int:
        """How many could not be dialled."""
        return sum(not one.addresses for one in self.entries)


def preview_source(source: Source, pairs: mapping.Pairs = ()) -> Preview:
    """Look at the first records of the source, by another mapping where one is given. Raises `SourceFailed`, also where
    it tells nothing in time."""
    kind = keeping.kind_of(source)
    if kind.read is None:
        raise SourceFailed(_("{source} is filled by people; there is nothing to read.", source=source))
    asked = reading.reading_of(source, kind, PREVIEWED)
    records, is_late = _first_of(kind, kind.read, asked)
    found = mapping.of_pairs(pairs) if pairs else keeping.mapping_of(source, kind)
    shown = _preview(records, found, source)
    shown.warnings += [str(one)[:500] for one in asked.warnings[: reading.WARNINGS]]
    if is_late:
        shown.warnings.append(
            _("It told {count} records within {seconds:g} seconds.", count=len(records), seconds=SECONDS)
        )
        shown.removed = None
    return shown


def preview_file(kind: SourceKind, data: bytes, pairs: mapping.Pairs, source: Source | None) -> Preview:
    """The same of a file; `source` is where the one before was kept."""
    keeping.check_installed(kind)
    if kind.read_file is None:
        raise SourceFailed(_("A {kind} is not read from a file.", kind=_(kind.label)))
    found = mapping.of_pairs(pairs or (source.mapping if source else ()) or mapping.pairs_of(kind.mapping))
    records = list(islice(kind.read_file(data, Reading({})), reading.MOST))
    shown = _preview(records[:PREVIEWED], found, source)
    taken, numbers = Taken(found), []
    for record in records:
        if (entry := taken.take(record, is_partial=False)) is not None:
            numbers.append((record.at, entry))
    # A file is here as a whole: what is wrong with it further down is told now.
    shown.refused, shown.records = taken.refused, len(records)
    shown.warnings += reading.suspicious(numbers)
    if source is not None:
        standing = Contact.objects.filter(IS_SHOWN, source=source).values_list("key", flat=True)
        shown.removed = sum(key not in taken.entries for key in standing.iterator(2_000))
    return shown


def _first_of(
    kind: SourceKind, read: Callable[[Reading], Iterable[Record]], asked: Reading
) -> tuple[list[Record], bool]:
    """(the first records, whether there was no time for more)."""
    found: list[Record] = []

    def look() -> None:
        try:
            for record in islice(read(asked), PREVIEWED):
                found.append(record)
        finally:
            if kind.reaches_out:
                connection.close()

    if not kind.reaches_out:
        look()
        return found, False
    try:
        _threads.submit(look).result(SECONDS)
    except TookTooLong as error:
        if not found:
            raise SourceFailed(
                _(
                    "It told nothing within {seconds:g} seconds. Check its address, and whether this server may connect"
                    " there; then try again.",
                    seconds=SECONDS,
                )
            ) from error
        return list(found), True
    return found, False


def _preview(records: Sequence[Record], found: dict[str, list[str]], source: Source | None) -> Preview:
    taken = Taken(found)
    for record in records:
        taken.take(record, is_partial=False)
    entries = list(taken.entries.values())
    standing = _standing(source, [one.key for one in entries])
    is_whole = source is not None and len(records) < PREVIEWED
    return Preview(
        fields=_fields(records, found),
        entries=[_told(one, standing.get(one.key)) for one in entries],
        refused=taken.refused,
        warnings=[],
        records=len(records),
        removed=max(source.entry_count - len(standing), 0) if source is not None and is_whole else None,
    )


def _standing(source: Source | None, keys: Sequence[str]) -> dict[str, Contact]:
    if source is None or source.pk is None:
        return {}
    return {one.key: one for one in Contact.objects.filter(IS_SHOWN, source=source, key__in=keys)}


def _told(entry: Entry, stands: Contact | None) -> FoundEntry:
    outcome: Literal["added", "changed", "unchanged"] = "added"
    if stands is not None:
        kept = (stands.name, stands.note, [tuple(one) for one in stands.methods])
        outcome = "unchanged" if kept == (entry.name, entry.note, list(entry.methods)) else "changed"
    addresses = [
        f"{_(dialling.label_of(kind))}: {dialling.dial_string(kind, address)}"
        for kind, address, _class in entry.methods
    ]
    return FoundEntry(name=entry.name, note=entry.note, addresses=addresses, outcome=outcome)


def _fields(records: Sequence[Record], found: dict[str, list[str]]) -> list[FoundField]:
    """First those that the mapping uses, in its order, each for each part; then the others by name."""
    samples: dict[str, dict[str, None]] = {}
    for record in records:
        for name, values in record.fields.items():
            seen = samples.setdefault(name, {})
            for value in values:
                if value.strip() and len(seen) < SAMPLES:
                    seen[value.strip()[:_SAMPLE_LENGTH]] = None
    used = [(name, part) for part, name in mapping.pairs_of(found) if name in samples]
    names = {name for name, _part in used}
    others = [(name, "") for name in sorted(samples) if name not in names]
    return [
        FoundField(name=name, part=part, samples=list(samples[name]))
        for name, part in (*used, *others)[:_FIELDS]
    ]
