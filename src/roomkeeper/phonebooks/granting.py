"""Which books a system is given, and what stands in them: read once a second, since it is few and seldom changed."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import local

from roomkeeper.phonebooks.models import PhoneBook, PhoneBookSetting, Source

KEPT_FOR = 1.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """A book, with what stands below it and the sources of its entries: (source, generation)."""

    pk: int
    path: str
    name: str
    parent: int | None
    sources: tuple[tuple[int, int], ...]
    count: int


@dataclass(slots=True)
class Library:
    """All books, and where they are set on folders."""

    shelves: dict[int, Shelf]
    below: dict[int | None, list[Shelf]]
    on_folders: dict[str, list[int]]
    read_at: float = field(default_factory=time.monotonic)

    def subtree(self, shelf: Shelf) -> list[Shelf]:
        """The book with all below it."""
        return [one for one in self.shelves.values() if one.path.startswith(shelf.path)]

    def granted(self, folder_path: str, own: Iterable[int]) -> list[Shelf]:
        """The books that a system in that folder is given beside its own, by name; none that stands in another."""
        ids = {pk for path, books in self.on_folders.items() if folder_path.startswith(path) for pk in books}
        found = [self.shelves[pk] for pk in {*ids, *own} if pk in self.shelves]
        paths = {one.path for one in found}
        outermost = [
            one for one in found if not any(one.path != path and one.path.startswith(path) for path in paths)
        ]
        return sorted(outermost, key=lambda one: (one.name.casefold(), one.pk))


def is_within(shelf: Shelf, roots: Sequence[Shelf]) -> bool:
    """Whether the book is one of these, or below one."""
    return any(shelf.path.startswith(root.path) for root in roots)


def read_library() -> Library:
    """All books as they are now."""
    sources: dict[int, list[tuple[int, int]]] = {}
    counts: dict[int, int] = {}
    for pk, book, generation, count in Source.objects.order_by("id").values_list(
        "id", "book_id", "generation", "entry_count"
    ):
        sources.setdefault(book, []).append((pk, generation))
        counts[book] = counts.get(book, 0) + count
    shelves = {
        pk: Shelf(pk, path, name, parent, tuple(sources.get(pk, ())), counts.get(pk, 0))
        for pk, path, name, parent in PhoneBook.objects.values_list("id", "path", "name", "parent_id")
    }
    below: dict[int | None, list[Shelf]] = {}
    for shelf in sorted(shelves.values(), key=lambda one: (one.name.casefold(), one.pk)):
        below.setdefault(shelf.parent, []).append(shelf)
    on_folders: dict[str, list[int]] = {}
    for path, book in PhoneBookSetting.objects.filter(folder__isnull=False).values_list(
        "folder__path", "book_id"
    ):
        on_folders.setdefault(path, []).append(book)
    return Library(shelves, below, on_folders)


_kept = local()


def library() -> Library:
    """All books as they were within the last second, for whoever answers many."""
    found: Library | None = getattr(_kept, "library", None)
    if found is None or time.monotonic() - found.read_at > KEPT_FOR:
        found = _kept.library = read_library()
    return found


def own_books(system_id: int) -> list[int]:
    """The books that are set on the system itself."""
    return list(PhoneBookSetting.objects.filter(system_id=system_id).values_list("book_id", flat=True))
