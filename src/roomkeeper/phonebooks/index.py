"""The index behind the search: a table of words in order, the same in both databases.

A row is a word of one version of an entry (`Contact`), with what lists are sorted by. Whatever a text finds stands in
one stretch of it for each source and kind of word, best first, so that a page costs what is on it and not what is
found in all: a full-text index would have to read all that match, and sort them.
"""

import functools
import operator
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from roomkeeper.phonebooks import words
from roomkeeper.phonebooks.models import Contact

TABLE: Final = "phonebooks_word"
LAST: Final = "\U0010ffff"
"""Behind every word that begins as the word does that it is put to."""
_COLUMNS: Final = "source_id, kind, word, sort_name, number, contact_id"
_MANY: Final = "unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])"


def add(contacts: Iterable[Contact]) -> None:
    """Make these findable, inside the caller's transaction."""
    rows = [
        row for one in contacts for row in _rows(one.source_id, one.words, one.sort_name, one.number, one.pk)
    ]
    rows.sort()
    _execute(
        f"INSERT INTO {TABLE} ({_COLUMNS}) SELECT * FROM {_MANY}",  # noqa: S608
        f"INSERT INTO {TABLE} ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)",  # noqa: S608
        rows,
    )


def remove(keys: Collection[int]) -> None:
    """Take these out as they are stored, inside the caller's transaction."""
    ids = list(keys)
    for at in range(0, len(ids), 500):
        standing = Contact.objects.filter(pk__in=ids[at : at + 500])
        rows = [
            row
            for one in standing.values_list("source_id", "words", "sort_name", "number", "id")
            for row in _rows(*one)
        ]
        columns = _COLUMNS.split(", ")
        _execute(
            f"DELETE FROM {TABLE} WHERE ({_COLUMNS}) IN (SELECT * FROM {_MANY})",  # noqa: S608
            f"DELETE FROM {TABLE} WHERE {' AND '.join(f'{name} = %s' for name in columns)}",  # noqa: S608
            rows,
        )


def find(rows: QuerySet[Contact], asked: words.Asked) -> QuerySet[Contact]:
    """Those of these rows that are found by what is asked, for lists in any order."""
    kinds = ", ".join(map(str, asked.kinds))
    ranges = " OR ".join(["(word >= %s AND word < %s)"] * len(asked.forms))
    sql = (
        f"SELECT contact_id FROM {TABLE}"  # noqa: S608
        f" WHERE source_id IN (SELECT id FROM phonebooks_source) AND kind IN ({kinds}) AND ({ranges})"
    )
    values = [value for form in asked.forms for value in (form, form + LAST)]
    rows = rows.filter(pk__in=RawSQL(sql, values))  # noqa: S611 - numbers and marks only
    for group in asked.groups[1:]:
        rows = rows.filter(functools.reduce(operator.or_, (Q(words__contains=part) for part in group)))
    return rows


Row = tuple[int, int, str, str, int, int]


def _rows(source: int, text: str, sort_name: str, number: int, pk: int) -> list[Row]:
    return [(source, kind, word, sort_name, number, pk) for kind, word in words.rows_of(text)]


def _execute(of_many: str, of_one: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(of_many, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(of_one, rows)
