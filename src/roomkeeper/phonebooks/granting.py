"""Which books a system is given, and what stands in them: read for each question, so that it is never otherwise than it
was set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.systems.check_ins.statements import execute

# A book is given with all that stand in it, where one is set on the system, or on a folder that it stands in.
_GIVEN: Final = """
WITH given AS (
  SELECT b.id, b.path FROM phonebooks_phonebooksetting g JOIN phonebooks_phonebook b ON b.id = g.book_id
  LEFT JOIN systems_folder f ON f.id = g.folder_id
  WHERE g.system_id = %s OR substr(%s, 1, length(f.path)) = f.path
)
SELECT b.id, b.path, b.name, b.parent_id, b.id IN (SELECT id FROM given), s.id, s.generation, s.entry_count
FROM phonebooks_phonebook b LEFT JOIN phonebooks_source s ON s.book_id = b.id
WHERE EXISTS (SELECT 1 FROM given WHERE substr(b.path, 1, length(given.path)) = given.path)
ORDER BY s.id
"""


@dataclass(slots=True)
class Shelf:
    """A book with the sources of its entries, (source, generation), and how many entries they have."""

    pk: int
    path: str
    name: str
    parent: int | None
    sources: tuple[tuple[int, int], ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Library:
    """The books that a system is given, with all below them, by name; `roots` are the outermost."""

    shelves: dict[int, Shelf]
    roots: tuple[Shelf, ...]

    def subtree(self, shelf: Shelf) -> list[Shelf]:
        """The book with all below it."""
        return [one for one in self.shelves.values() if one.path.startswith(shelf.path)]

    def below(self, shelf: Shelf) -> Sequence[Shelf]:
        """The books that stand in it."""
        return [one for one in self.shelves.values() if one.parent == shelf.pk]


def read_library(system_id: int, folder_path: str) -> Library:
    """What a system in that folder is given now."""
    shelves: dict[int, Shelf] = {}
    given: set[str] = set()
    rows = execute(_GIVEN, [system_id, folder_path])
    for pk, path, name, parent, is_set, source, generation, entries in rows:
        shelf = shelves.setdefault(pk, Shelf(pk, path, name, parent))
        if is_set:
            given.add(path)
        if source is not None:
            shelf.sources += ((source, generation),)
            shelf.count += entries
    by_name = sorted(shelves.values(), key=lambda one: (one.name.casefold(), one.pk))
    roots = [
        one
        for one in by_name
        if one.path in given and not any(one.path != path and one.path.startswith(path) for path in given)
    ]
    return Library({one.pk: one for one in by_name}, tuple(roots))
