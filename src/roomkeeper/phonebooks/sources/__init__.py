"""Sources of phone books, one file each: what they are called, what they need, and how their entries are read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.writing import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of source. `read` gives all that it tells now; it raises `SourceFailed` where it cannot tell all of it.
    What has no `read` is filled by people."""

    name: str
    label: str
    read: Callable[[Source], Iterable[Entry]] | None = None


class SourceFailed(ValueError):
    """The source did not tell its entries; the sentence says why, and what to do. What stands stays."""


_kinds: dict[str, SourceKind] = {}


def register(kind: SourceKind) -> SourceKind:
    """Make a kind known."""
    _kinds[kind.name] = kind
    return kind


def get_kind(name: str) -> SourceKind:
    """The kind of that name. Raises KeyError."""
    return _kinds[name]


def all_kinds() -> list[SourceKind]:
    """Every kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]
