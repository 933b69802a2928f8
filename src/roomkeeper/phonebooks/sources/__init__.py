"""Sources of phone books, one file each: what they are called, what they take, and how they tell their records.

A source knows nothing of books and of the database. It tells records: the fields that it has, by its own names. What of
a record is the name, what an address of which kind, says a mapping (`phonebooks.mapping`), which people can change.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.operations.acts import Input

# What is asked of every source, and what the door of acts hands over besides.
RESERVED: Final = frozenset(
    {"book", "name", "every", "shrink_limit", "is_on", "user", "now", "noted", "next"}
)
# Of a preview: enough to see what is in which field.
PREVIEWED: Final = 50


class SourceFailed(ValueError):
    """The source did not tell its records; the sentence says why, and what to do. What stands stays."""


@dataclass(frozen=True, slots=True)
class Record:
    """Something that a source tells: a person, a room, a line.

    `key` is what the source calls it for as long as it lives (at most 255 characters). `fields` are all values of each
    of its fields, in the source's order, as text. One that `is_gone` has no fields: a source that tells only what
    changed since the last reading tells so what went. `system_id` is our own system that it is, `at` where a person
    finds it (“line 7”).
    """

    key: str
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_gone: bool = False
    system_id: int | None = None
    at: str = ""


@dataclass(slots=True)
class Reading:
    """One reading of a source: what it is given, and what it says besides its records.

    `settings` are what the kind takes, secrets in clear; they are never to stand in a sentence. `asked` are the fields
    that the mapping uses, empty where all are wanted; `most` is how many records are wanted, None for all. `memory` is
    what the source noted at its last good reading (a token to be told only changes with), and is kept again when this
    one is applied; it has to go into JSON. A source that tells only what changed sets `is_partial` before its first
    record. `warnings` are sentences for the people who look after it. `is_cancelled`, asked while another machine is
    waited for, says whether to stop, or raises.
    """

    settings: Mapping[str, Any]
    asked: frozenset[str] = frozenset()
    most: int | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    is_partial: bool = False
    warnings: list[str] = field(default_factory=list)
    is_cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of source.

    `takes` are its settings, checked and asked for as those of an act are. `read` tells its records; it raises
    `SourceFailed` where it cannot tell all of them, also in the middle. `read_file` does so with the content of a file
    that somebody brings, whose name ends with one of `endings` (“.csv”), and which spreadsheets write where it
    `is_table`; what has neither is filled by people. Each
    module of this package that registers a kind is found by `find_kinds`. `mapping` is what is suggested: for
    each part of an entry the fields to look at, the first that holds something first. `every` is how often it is read
    unless somebody says otherwise, in minutes, and `shrink_limit` the share of its entries, in per cent, that may go at
    once without a yes. `missing` gives a sentence where something that has to be installed is
    not. One that `reaches_out` makes this server connect to another.
    """

    name: str
    label: str
    meaning: str = ""
    takes: tuple[Input, ...] = ()
    read: Callable[[Reading], Iterable[Record]] | None = None
    read_file: Callable[[bytes, Reading], Iterable[Record]] | None = None
    endings: tuple[str, ...] = ()
    is_table: bool = False
    mapping: Mapping[str, Sequence[str]] = field(default_factory=dict)
    every: int = 0
    shrink_limit: int = 30
    reaches_out: bool = False
    missing: Callable[[], str] | None = None


_kinds: dict[str, SourceKind] = {}


def register(kind: SourceKind) -> SourceKind:
    """Make a kind known. Raises ValueError where a setting has the name of what is asked of every source."""
    if names := RESERVED & {one.name for one in kind.takes}:
        raise ValueError(f"{kind.name} {sorted(names)}")
    _kinds[kind.name] = kind
    return kind


def find_kinds() -> list[SourceKind]:
    """Every kind, by name, with those whose modules nobody has imported yet."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return all_kinds()


def get_kind(name: str) -> SourceKind:
    """The kind of that name. Raises KeyError."""
    return _kinds[name]


def all_kinds() -> list[SourceKind]:
    """Every kind, by name."""
    return [_kinds[name] for name in sorted(_kinds)]
