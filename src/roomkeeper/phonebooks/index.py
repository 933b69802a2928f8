"""The index of words behind the search: a full-text table of SQLite, or a table with two `tsvector` on PostgreSQL.

Both hold the words of `words` and nothing else; neither stems, folds or leaves out any. Rows have the id of the
version of the entry (`Contact`) that they are of.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from django.db import connection

from roomkeeper.phonebooks.models import Contact
from roomkeeper.phonebooks.words import name_words, number_words

TABLE: Final = "phonebooks_index"


def add(contacts: Iterable[Contact]) -> None:
    """Make these findable, inside the caller's transaction."""
    rows = []
    for one in contacts:
        names = name_words(one.name)
        others = [*number_words(method[1] for method in one.methods), *name_words(one.note)]
        rows.append((one.pk, names, others))
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.executemany(
                f"INSERT INTO {TABLE} (rowid, names, words) VALUES (%s, array_to_tsvector(%s), array_to_tsvector(%s))",  # noqa: S608
                [(pk, sorted(set(names)), sorted({*names, *others})) for pk, names, others in rows],
            )
        else:
            cursor.executemany(
                f"INSERT INTO {TABLE} (rowid, names, others) VALUES (%s, %s, %s)",  # noqa: S608
                [(pk, " ".join(names), " ".join(others)) for pk, names, others in rows],
            )


def remove(keys: Collection[int]) -> None:
    """Take these out, inside the caller's transaction."""
    with connection.cursor() as cursor:
        for at in range(0, len(keys), 500):
            part = list(keys)[at : at + 500]
            marks = ",".join(["%s"] * len(part))
            cursor.execute(f"DELETE FROM {TABLE} WHERE rowid IN ({marks})", part)  # noqa: S608


def matching(
    groups: Sequence[tuple[str, ...]], *, in_names: bool, but_not_in_names: bool = False
) -> tuple[str, list[Any]]:
    """A query that gives the `rowid` of entries in which each group is found, by one of its forms, as the beginning of
    a word: of the name alone, of any, or of any but not by the name alone."""
    if connection.vendor == "postgresql":
        forms = (" | ".join(f"'{form}':*" for form in group) for group in groups)
        # Written out, because only then the planner knows how many there are; the forms are letters and digits.
        asked = "'" + " & ".join(f"({one})" for one in forms).replace("'", "''") + "'::tsquery"
        found = f"SELECT rowid FROM {TABLE} WHERE {'names' if in_names else 'words'} @@ {asked}"  # noqa: S608
        return (f"{found} AND NOT names @@ {asked}" if but_not_in_names else found), []
    asked = " AND ".join("(" + " OR ".join(f'"{form}" *' for form in group) + ")" for group in groups)
    of_names = f"names : ({asked})"
    found = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"  # noqa: S608
    if but_not_in_names:
        return f"{found} EXCEPT {found}", [asked, of_names]
    return found, [of_names if in_names else asked]
