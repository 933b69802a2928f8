"""Entries found and listed, best first: by the beginning of the name, by words of it, by addresses and notes.

Within each of these three, by name. Raw SQL, as little as can be: rooms wait for it while somebody types.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from roomkeeper.phonebooks import index, words
from roomkeeper.phonebooks.dialling import Method
from roomkeeper.systems.check_ins.statements import Row, among, execute

COUNTED: Final = 1_000
_LAST: Final = "\U0010ffff"
_COLUMNS: Final = (
    "c.id, c.number, c.sort_name, c.name, c.methods, c.dial_key, c.source_id, c.note, c.system_id"
)
BEGINNING, NAME, ANY = range(3)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where is searched: (source, generation) of each, and the protocols of which one must do."""

    sources: tuple[tuple[int, int], ...]
    protocols: int

    @property
    def ids(self) -> list[int]:
        """The sources."""
        return [pk for pk, _ in self.sources]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry; `methods` are its own and then those of its duplicates, which are `others` (number, source)."""

    number: int
    name: str
    methods: tuple[Method, ...]
    source: int
    sort_name: str
    # What kind of system it is, where it is one of ours.
    system_type: str = ""
    others: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry behind which a page begins."""

    stage: int
    sort_name: str
    number: int


def search(scope: Scope, text: str, limit: int, after: Mark | None = None) -> list[Found]:
    """Up to `limit` entries, each once, behind that mark. All of them where nothing is asked for."""
    if not scope.sources:
        return []
    beginning, groups = words.sort_name(text), words.asked_words(text)
    if text.strip() and not groups:
        return []
    found: list[Found] = []
    for stage in (BEGINNING, NAME, ANY) if groups else (BEGINNING,):
        if after is not None and stage < after.stage:
            continue
        mark = (after.sort_name, after.number) if after is not None and stage == after.stage else None
        while len(found) < limit:
            wanted = limit - len(found)
            rows = _stage(scope, stage, beginning, groups, wanted, mark)
            found += _without_duplicates(scope, rows, groups)
            if len(rows) < wanted:
                break
            mark = (rows[-1][2], rows[-1][1])
    return found


def count(scope: Scope, text: str) -> int:
    """How many there are, duplicates counted, as far as `COUNTED`."""
    if not scope.sources:
        return 0
    groups = words.asked_words(text)
    if groups:
        sql, values = _matching(scope, "SELECT 1", index.matching(groups, in_names=False))
    elif text.strip():
        return 0
    else:
        parts, values = [], []
        for pk, generation in scope.sources:
            parts.append(f"SELECT 1 {_listed()}")
            values += [pk, generation, generation, scope.protocols]
        sql = " UNION ALL ".join(parts)
    return int(_ask(f"SELECT count(*) FROM ({sql} LIMIT {COUNTED}) AS counted", values)[0][0])  # noqa: S608


def find_mark(number: int, text: str) -> Mark | None:
    """Where the entry of that number stands among what is found by the text, gone or not; None if there was none."""
    rows = execute(
        "SELECT sort_name, name FROM phonebooks_contact WHERE number = %s ORDER BY id DESC LIMIT 1", [number]
    )
    if not rows:
        return None
    sort_name, name = rows[0]
    if sort_name.startswith(words.sort_name(text)):
        return Mark(BEGINNING, sort_name, number)
    return Mark(NAME if words.has_all(name, words.asked_words(text)) else ANY, sort_name, number)


def _ask(sql: str, values: Sequence[Any]) -> list[Row]:
    """Run what depends on how many there are: planned anew each time on PostgreSQL."""
    if connection.vendor != "postgresql":
        return execute(sql, values)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[Row] = cursor.fetchall()
        return rows


# The three stages


def _stage(
    scope: Scope,
    stage: int,
    beginning: str,
    groups: Sequence[tuple[str, ...]],
    limit: int,
    mark: tuple[str, int] | None,
) -> list[Row]:
    if stage == BEGINNING:
        return _by_beginning(scope, beginning, limit, mark)
    found = index.matching(groups, in_names=stage == NAME, but_not_in_names=stage == ANY)
    sql, values = _matching(scope, "SELECT c.id", found)
    sql += " AND NOT (c.sort_name >= %s AND c.sort_name < %s)"
    values += [beginning, beginning + _LAST]
    if mark is not None:
        sql += " AND (c.sort_name, c.number) > (%s, %s)"
        values += mark
    order = "ORDER BY c.sort_name, c.number"
    # Sorted by little, and then read.
    return _ask(
        f"SELECT {_COLUMNS} FROM ({sql} {order} LIMIT {limit:d}) AS page"  # noqa: S608
        f" CROSS JOIN phonebooks_contact c WHERE c.id = page.id {order}",
        values,
    )


def _by_beginning(scope: Scope, beginning: str, limit: int, mark: tuple[str, int] | None) -> list[Row]:
    parts: list[str] = []
    values: list[Any] = []
    for pk, generation in scope.sources:
        sql = f"SELECT {_COLUMNS} {_listed()}"
        values += [pk, generation, generation, scope.protocols]
        if beginning:
            sql += " AND c.sort_name >= %s AND c.sort_name < %s"
            values += [beginning, beginning + _LAST]
        if mark is not None:
            sql += " AND (c.sort_name, c.number) > (%s, %s)"
            values += mark
        parts.append(f"SELECT * FROM ({sql} ORDER BY c.sort_name, c.number LIMIT {limit:d}) AS s{pk:d}")  # noqa: S608
    if len(parts) == 1:
        return execute(parts[0], values)
    return execute(f"{' UNION ALL '.join(parts)} ORDER BY 3, 2 LIMIT {limit:d}", values)


def _listed() -> str:
    return (
        "FROM phonebooks_contact c WHERE c.source_id = %s AND c.since <= %s AND c.until > %s"
        " AND (c.protocols & %s) <> 0"
    )


def _matching(scope: Scope, what: str, found: tuple[str, list[Any]]) -> tuple[str, list[Any]]:
    is_one, values = among(scope.ids)
    inner, asked = found
    is_fixed = "MATERIALIZED " if connection.vendor == "postgresql" else ""
    sql = (
        # First the index, then the entries: SQLite would look each entry up in the index otherwise, for seconds.
        f"WITH i AS {is_fixed}({inner})"
        f" {what} FROM i CROSS JOIN phonebooks_contact c CROSS JOIN phonebooks_source s"
        f" WHERE c.id = i.rowid AND s.id = c.source_id AND c.source_id {is_one}"
        " AND c.since <= s.generation AND c.until > s.generation"
        " AND (c.protocols & %s) <> 0"
    )
    return sql, [*asked, *values, scope.protocols]


# Duplicates


def duplicates(scope: Scope, keys: Collection[str]) -> dict[str, list[Row]]:
    """All entries in scope by their first address, the one that is shown first: the one with the lowest number."""
    keys = [key for key in keys if key]
    if not keys:
        return {}
    by_key, wanted = among(keys)
    is_one, values = among(scope.ids)
    rows = execute(
        # The sign keeps SQLite from going through all entries of a source for these few.
        f"SELECT {_COLUMNS} FROM phonebooks_contact c CROSS JOIN phonebooks_source s"  # noqa: S608
        f" WHERE c.dial_key {by_key} AND s.id = c.source_id AND +c.source_id {is_one} AND c.since <= s.generation"
        " AND c.until > s.generation AND (c.protocols & %s) <> 0 ORDER BY c.number",
        [*wanted, *values, scope.protocols],
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[5], []).append(row)
    return found


def _without_duplicates(scope: Scope, rows: Sequence[Row], groups: Sequence[tuple[str, ...]]) -> list[Found]:
    alike = duplicates(scope, {row[5] for row in rows})
    found = []
    for row in rows:
        same = alike.get(row[5], ()) if row[5] else ()
        if len(same) > 1 and shown_of(same, groups)[1] != row[1]:
            continue
        found.append(_found(row, same))
    return found


def shown_of(same: Sequence[Row], groups: Sequence[tuple[str, ...]]) -> Row:
    """Which of several entries with one address stands for all: the first that was there, of those that are found."""
    return next((one for one in same if _holds(one, groups)), same[0])


def _holds(row: Row, groups: Sequence[tuple[str, ...]]) -> bool:
    if not groups:
        return True
    known = [
        *words.name_words(row[3]),
        *words.number_words(method[1] for method in _methods(row[4])),
        *words.name_words(row[7]),
    ]
    return all(any(word.startswith(form) for word in known for form in group) for group in groups)


def _found(row: Row, same: Sequence[Row]) -> Found:
    methods: dict[tuple[str, str], Method] = {}
    for one in (row, *same):
        for method in _methods(one[4]):
            methods.setdefault((method[0], method[1]), method)
    others = tuple((one[1], one[6]) for one in same if one[1] != row[1])
    system_type = row[7] if row[8] is not None else ""
    return Found(row[1], row[3], tuple(methods.values()), row[6], row[2], system_type, others)


def _methods(stored: Any) -> list[Method]:
    loaded: list[Method] = json.loads(stored) if isinstance(stored, str | bytes) else stored
    return loaded
