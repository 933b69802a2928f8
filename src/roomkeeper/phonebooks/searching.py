"""Entries found and listed, best first: by the beginning of the name, by words of it, by addresses and notes, by parts
of numbers. Within the first by name, within the others by the word that is found and then by name.

Raw SQL, as little as can be: rooms wait for it while somebody types.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection

from roomkeeper.phonebooks import index, words
from roomkeeper.phonebooks.dialling import Method
from roomkeeper.phonebooks.words import Asked
from roomkeeper.systems.check_ins.statements import among, execute

COUNTED: Final = 1_000
BEGINNING: Final = 0
_COLUMNS: Final = (
    "c.sort_name, c.number, c.name, c.methods, c.dial_key, c.source_id, c.words,"
    " CASE WHEN c.system_id IS NULL THEN '' ELSE c.note END, c.since, c.until, c.protocols"
)
# Of several words. Where fewer entries have the longest, each of them is looked at.
_FEW: Final = 1_500
# Where fewer have another one, only those are looked at.
_RARE: Final = 500
# Where fewer have another one, all that have it are read first.
_MANY: Final = 5_000


class _Row(NamedTuple):
    """An entry as it is read, behind the kind of row and the word by which it was found."""

    kind: int
    word: str
    sort_name: str
    number: int
    name: str
    methods: str
    dial_key: str
    source: int
    words: str
    system_type: str
    since: int
    until: int
    protocols: int

    @property
    def mark(self) -> "Mark":
        return Mark(*self[:4])


@dataclass(frozen=True, slots=True)
class Scope:
    """Where is searched: (source, generation) of each, and the protocols of which one must do."""

    sources: tuple[tuple[int, int], ...]
    protocols: int


@dataclass(frozen=True, slots=True)
class Found:
    """An entry; `methods` are its own and then those of its duplicates, which are `others` (number, source)."""

    number: int
    name: str
    methods: tuple[Method, ...]
    source: int
    # What kind of system it is, where it is one of ours.
    system_type: str = ""
    others: tuple[tuple[int, int], ...] = ()


class Mark(NamedTuple):
    """An entry behind which a page begins: by which kind of row and which word it was found, and where it stands."""

    kind: int
    word: str
    sort_name: str
    number: int


def search(scope: Scope, text: str, limit: int, after: Mark | None = None) -> list[Found]:
    """Up to `limit` entries, each once, behind that mark. All of them where nothing is asked for."""
    asked = words.asked(text)
    if not scope.sources or (text.strip() and asked is None):
        return []
    beside = _beside(scope, asked) if asked is not None else _Beside()
    if not beside.is_had:
        return []
    found: list[Found] = []
    while len(found) < limit:
        wanted = limit - len(found)
        rows = _page(scope, asked, beside, wanted, after)
        found += _without_duplicates(scope, rows, asked)
        if len(rows) < wanted:
            break
        after = rows[-1].mark
    return found


def count(scope: Scope, text: str) -> int:
    """About how many a text finds, for a list that has more than a page: how many entries have the longest of its
    words, as far as `COUNTED` rows tell. The exact number would cost more than the page."""
    asked = words.asked(text)
    if asked is None or not scope.sources:
        return 0
    counted = _counting(scope, asked.groups[0], "count(DISTINCT contact_id)", COUNTED)
    return int(execute(*counted)[0][0])


def find_mark(number: int, text: str) -> Mark | None:
    """Where the entry of that number stands among what is found by the text, gone or not; None if it does not."""
    asked = words.asked(text)
    rows = execute(
        "SELECT sort_name, words FROM phonebooks_contact WHERE number = %s ORDER BY id DESC LIMIT 20",
        [number],
    )
    for sort_name, known in rows:
        if asked is None or sort_name.startswith(asked.beginning):
            return Mark(BEGINNING, "", sort_name, number)
        if (row := asked.best_row(known)) is not None:
            return Mark(*row, sort_name, number)
    return None


# Rows, best first


def _order(row: _Row) -> tuple[Any, ...]:
    return row[:4]


def _page(scope: Scope, asked: Asked | None, beside: "_Beside", limit: int, after: Mark | None) -> list[_Row]:
    """The next entries behind the mark, duplicates among them; fewer than `limit` only at the end."""
    if beside.rare and asked is not None:
        return _by_rare_word(scope, asked, beside, limit, after)
    found: list[_Row] = []
    while len(found) < limit:
        wanted = limit - len(found)
        rows = _next_rows(scope, asked, beside, wanted, after)
        # Where several of its words begin alike, an entry counts by the best.
        found += [
            row
            for row in rows
            if asked is None or not row.kind or asked.best_row(row.words) == (row.kind, row.word)
        ]
        if len(rows) < wanted:
            break
        after = rows[-1].mark
    return found


def _next_rows(
    scope: Scope, asked: Asked | None, beside: "_Beside", limit: int, after: Mark | None
) -> list[_Row]:
    """A kind of rows is read only where those before it did not fill the page."""
    found: list[_Row] = []
    for kind in (BEGINNING, *(asked.kinds if asked is not None else ())):
        if len(found) < limit and (after is None or kind >= after.kind):
            behind = after if after is not None and after.kind == kind else None
            # As many of each: a statement of its own for every remainder would have to be planned.
            found += _rows_of_kind(scope, kind, asked, beside, limit, behind)
    return found[:limit]


def _rows_of_kind(
    scope: Scope, kind: int, asked: Asked | None, beside: "_Beside", limit: int, after: Mark | None
) -> list[_Row]:
    """Of each source and for each form as many as are wanted, and of all these the first."""
    values: dict[str, Any] = {"protocols": scope.protocols}
    if asked is not None:
        values |= {"beginning": asked.beginning, "beginning_end": asked.beginning + index.LAST}
    if after is not None:
        values |= after._asdict()
    found: list[_Row] = []
    for form in asked.forms if kind and asked is not None else ("",):
        values |= {"form": form, "form_end": form + index.LAST}
        sql = _of_words(kind, beside, values, after) if kind else _of_names(asked, after)
        found += _of_each_source(scope, f"{sql} LIMIT {limit}", values)
    return sorted(found, key=_order)[:limit]


def _of_each_source(scope: Scope, sql: str, values: dict[str, Any]) -> Iterator[_Row]:
    """The rows that a select gives for each source, which it calls `source` and `generation`."""
    if connection.vendor != "postgresql":
        for source, generation in scope.sources:
            yield from map(_Row._make, execute(sql, {**values, "source": source, "generation": generation}))
        return
    of_all = (
        "SELECT page.* FROM unnest(%(sources)s::bigint[], %(generations)s::int[]) AS s(source, generation)"  # noqa: S608
        f" CROSS JOIN LATERAL ({sql}) AS page"
    )
    sources, generations = zip(*scope.sources, strict=True)
    rows = execute(of_all, {**values, "sources": list(sources), "generations": list(generations)})
    yield from map(_Row._make, rows)


def _named(name: str) -> str:
    """A value of that name in a statement."""
    if connection.vendor != "postgresql":
        return f":{name}"
    return f"s.{name}" if name in ("source", "generation") else f"%({name})s"


def _shown() -> str:
    generation = _named("generation")
    return f" AND c.since <= {generation} AND c.until > {generation} AND (c.protocols & {_named('protocols')}) <> 0"


def _of_names(asked: Asked | None, after: Mark | None) -> str:
    """Entries in the order of their names, those that begin with what is asked."""
    sql = (
        f"SELECT 0 AS kind, '' AS word, {_COLUMNS} FROM phonebooks_contact c"  # noqa: S608
        f" WHERE c.source_id = {_named('source')}{_shown()}"
    )
    if asked is not None:
        sql += f" AND c.sort_name >= {_named('beginning')} AND c.sort_name < {_named('beginning_end')}"
    if after is not None:
        sql += f" AND (c.sort_name, c.number) > ({_named('sort_name')}, {_named('number')})"
    return f"{sql} ORDER BY c.sort_name, c.number"


def _of_words(kind: int, beside: "_Beside", values: dict[str, Any], after: Mark | None) -> str:
    """Entries in the order of their words of one kind, those that begin with the form; not those of `_of_names`."""
    sql = (
        # A cross join keeps SQLite at the order that is written: first the words, then the entries.
        f"SELECT w.kind, w.word, {_COLUMNS} FROM {index.TABLE} w CROSS JOIN phonebooks_contact c"  # noqa: S608
        f" WHERE w.source_id = {_named('source')} AND w.kind = {kind} AND c.id = w.contact_id{_shown()}"
        f" AND w.word >= {_named('form')} AND w.word < {_named('form_end')}"
        f" AND NOT (w.sort_name >= {_named('beginning')} AND w.sort_name < {_named('beginning_end')})"
    )
    if after is not None:
        marks = f"{_named('word')}, {_named('sort_name')}, {_named('number')}"
        sql += f" AND (w.word, w.sort_name, w.number) > ({marks})"
    return f"{sql}{beside.sql(values)} ORDER BY w.word, w.sort_name, w.number"


# Other words beside the longest


@dataclass(frozen=True, slots=True)
class _Beside:
    """How the other words are looked for: in each entry's own words, or by reading all entries that have them first.
    `rare` is one that so few have that only they are looked at at all; `is_had` is false where nobody has one."""

    looked_for: Sequence[Sequence[str]] = ()
    read: Sequence[Sequence[str]] = ()
    rare: Sequence[str] = ()
    is_had: bool = True

    def sql(self, values: dict[str, Any]) -> str:
        """A condition for an entry `c` found by a row `w`, and its values."""
        where = "strpos" if connection.vendor == "postgresql" else "instr"
        sql = ""
        for group in self.read:
            # So written, PostgreSQL reads them once, and does not begin with them because it takes them for few.
            sql += f" AND (w.contact_id IN ({_of_group(group, values)})) IS TRUE"
        for group in self.looked_for:
            either = (f"{where}(c.words, {_put(part, values)}) > 0" for part in group)
            sql += f" AND ({' OR '.join(either)})"
        return sql


def _put(value: str, values: dict[str, Any]) -> str:
    name = f"v{len(values)}"
    values[name] = value
    return _named(name)


def _of_group(group: Sequence[str], values: dict[str, Any]) -> str:
    """A select of the entries that have one of these beginnings of words: of a source, or on PostgreSQL of all."""
    sources = "ANY(%(sources)s::bigint[])" if connection.vendor == "postgresql" else _named("source")
    return " UNION ALL ".join(
        f"SELECT contact_id FROM {index.TABLE} WHERE source_id = {sources} AND kind IN ({_kinds(group)})"  # noqa: S608
        f" AND word >= {_put(form, values)} AND word < {_put(form + index.LAST, values)}"
        for form in (part.strip() for part in group)
    )


def _kinds(group: Sequence[str]) -> str:
    has_parts = not group[0].startswith(" ")
    return f"{words.NAME}, {words.OTHER}, {words.PART}" if has_parts else f"{words.NAME}, {words.OTHER}"


def _beside(scope: Scope, asked: Asked) -> _Beside:
    if len(asked.groups) < 2 or _size(scope, asked.groups[0], _FEW) < _FEW:
        return _Beside(asked.groups[1:])
    few: list[Sequence[str]] = []
    many: list[Sequence[str]] = []
    for group in asked.groups[1:]:
        size = _size(scope, group, _MANY)
        if not size:
            return _Beside(is_had=False)
        if size < _RARE:
            return _Beside([one for one in asked.groups if one != group], rare=group)
        (few if size < _MANY else many).append(group)
    return _Beside(many, few)


def _by_rare_word(scope: Scope, asked: Asked, beside: _Beside, limit: int, after: Mark | None) -> list[_Row]:
    """The same page as the longest word gives, of the few entries that have the rare one."""
    values: dict[str, Any] = {"protocols": scope.protocols}
    sql = (
        f"SELECT 0 AS kind, '' AS word, {_COLUMNS} FROM phonebooks_contact c"  # noqa: S608
        f" WHERE c.id IN ({_of_group(beside.rare, values)}) AND c.source_id = {_named('source')}"
        f"{_shown()}{beside.sql(values)}"
    )
    found: list[_Row] = []
    for row in _of_each_source(scope, sql, values):
        if row.sort_name.startswith(asked.beginning):
            found.append(row)
        elif (best := asked.best_row(row.words)) is not None:
            found.append(row._replace(kind=best[0], word=best[1]))
    return sorted((row for row in found if after is None or row.mark > after), key=_order)[:limit]


def _size(scope: Scope, group: Sequence[str], most: int) -> int:
    """How many rows of words there are for a group, as far as `most`."""
    return int(execute(*_counting(scope, group, "count(*)", most))[0][0])


def _counting(scope: Scope, group: Sequence[str], what: str, most: int) -> tuple[str, list[Any]]:
    is_one, pks = among([pk for pk, _ in scope.sources])
    parts: list[str] = []
    values: list[Any] = []
    for form in (part.strip() for part in group):
        parts.append(
            f"SELECT contact_id FROM {index.TABLE} WHERE source_id {is_one} AND kind IN ({_kinds(group)})"  # noqa: S608
            " AND word >= %s AND word < %s"
        )
        values += [*pks, form, form + index.LAST]
    return f"SELECT {what} FROM ({' UNION ALL '.join(parts)} LIMIT {most}) AS counted", values  # noqa: S608


# Duplicates


def duplicates(scope: Scope, keys: Collection[str]) -> dict[str, list[_Row]]:
    """All entries in scope by their first address, where that is the address of several; the oldest first."""
    keys = [key for key in keys if key]
    if not keys:
        return {}
    by_key, wanted = among(keys)
    several = execute(
        f"SELECT dial_key FROM phonebooks_contact WHERE dial_key {by_key} GROUP BY dial_key HAVING count(*) > 1",  # noqa: S608
        wanted,
    )
    if not several:
        return {}
    by_key, wanted = among([key for (key,) in several])
    generations = dict(scope.sources)
    found: dict[str, list[_Row]] = {}
    sql = f"SELECT 0, '', {_COLUMNS} FROM phonebooks_contact c WHERE c.dial_key {by_key} ORDER BY c.number"  # noqa: S608
    for row in map(_Row._make, execute(sql, wanted)):
        generation = generations.get(row.source, -1)
        if row.since <= generation < row.until and row.protocols & scope.protocols:
            found.setdefault(row.dial_key, []).append(row)
    return found


def _without_duplicates(scope: Scope, rows: Sequence[_Row], asked: Asked | None) -> list[Found]:
    alike = duplicates(scope, {row.dial_key for row in rows})
    found = []
    for row in rows:
        same = alike.get(row.dial_key, ())
        if len(same) > 1 and shown_of(same, asked).number != row.number:
            continue
        found.append(_found(row, same))
    return found


def shown_of(same: Sequence[_Row], asked: Asked | None) -> _Row:
    """Which of several entries with one address stands for all: the first that was there, of those that are found."""
    return next((one for one in same if asked is None or asked.is_in(one.words)), same[0])


def _found(row: _Row, same: Sequence[_Row]) -> Found:
    if len(same) < 2:
        return Found(row.number, row.name, _methods(row.methods), row.source, row.system_type)
    methods: dict[tuple[str, str], Method] = {}
    for one in (row, *same):
        for method in _methods(one.methods):
            methods.setdefault((method[0], method[1]), method)
    others = tuple((one.number, one.source) for one in same if one.number != row.number)
    return Found(row.number, row.name, tuple(methods.values()), row.source, row.system_type, others)


@lru_cache(maxsize=20_000)
def _methods(stored: str) -> tuple[Method, ...]:
    """As they are stored, read; those of an entry that many ask for once."""
    return tuple((kind, address, call_type) for kind, address, call_type in json.loads(stored))
