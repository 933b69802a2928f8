"""What of a source's record is what of an entry. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from roomkeeper.phonebooks.dialling import MethodKind
from roomkeeper.phonebooks.sources import Record
from roomkeeper.phonebooks.writing import Entry

PARTS: Final = ("name", "note", *(kind.value for kind in MethodKind), "bandwidth")
"""The parts of an entry that fields can be mapped to."""
Pairs = Sequence[Sequence[str]]
"""A mapping as it is kept: (part, field), of one part the first that holds something first."""


def pairs_of(mapping: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """A mapping as it is kept."""
    return [[part, name] for part in PARTS for name in mapping.get(part, ())]


def of_pairs(pairs: Pairs) -> dict[str, list[str]]:
    """A mapping of parts to fields out of what is kept."""
    found: dict[str, list[str]] = {}
    for part, name in pairs:
        if name not in found.setdefault(part, []):
            found[part].append(name)
    return found


def fields_of(mapping: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """All fields that a mapping uses."""
    return frozenset(name for names in mapping.values() for name in names)


def entry_of(record: Record, mapping: Mapping[str, Sequence[str]]) -> Entry:
    """The entry that a record is, by a mapping of parts to fields.

    Of a name, a note and a bandwidth class the first field that holds something counts; of a kind of address every
    value of every field, in the mapping's order. The best address stands first: kinds in the order of `MethodKind`.
    """
    bandwidth = _first(record, mapping.get("bandwidth", ()))
    methods = tuple(
        (kind.value, value.strip(), bandwidth)
        for kind in MethodKind
        for name in mapping.get(kind.value, ())
        for value in record.fields.get(name, ())
        if value.strip()
    )
    return Entry(
        record.key,
        _first(record, mapping.get("name", ())),
        methods,
        _first(record, mapping.get("note", ())),
        record.system_id,
    )


def _first(record: Record, names: Sequence[str]) -> str:
    for name in names:
        for value in record.fields.get(name, ()):
            if value.strip():
                return value.strip()
    return ""
