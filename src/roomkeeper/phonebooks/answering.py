"""What a system finds in the phone books that it is given (protocol notes F). Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.phonebooks import dialling, granting, searching
from roomkeeper.phonebooks.granting import Library, Shelf
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.protocols.phonebook import Catalog, PhonebookEntry, Search
from roomkeeper.systems.documents import reported_configuration
from roomkeeper.systems.models import ConfigurationVersion

_BOOK: Final = "c_"
_ENTRY: Final = "e_"
_KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a system, where it stands, and whether only what it can dial is shown."""

    system_id: int
    folder_path: str
    is_routed: bool


def answer(asker: Asker, search: Search, library: Library | None = None) -> Catalog:
    """The answer to a system's question; an empty one for a book that it is not given."""
    books = library or granting.library()
    place = place_of(asker, search.path, books)
    if place is None:
        return Catalog(does_exist=False)
    shelf, roots = place
    scope = scope_of(asker, books, place, search)
    shown = () if search.text.strip() else _folders(books, shelf, roots)
    limit = search.max_results
    after, folders = None, list(shown)
    if search.start_from_id:
        folders = _behind(folders, search.start_from_id)
        number = _number(search.start_from_id, _ENTRY)
        if number is not None:
            after = searching.find_mark(number, search.text)
            if after is None:
                return Catalog()
            if search.is_range_inclusive:
                after = searching.Mark(after.stage, after.sort_name, number - 1)
    folders, left = folders[: limit + 1], limit + 1 - len(folders[: limit + 1])
    found = searching.search(scope, search.text, left, after) if left else []
    has_more = len(folders) + len(found) > limit
    folders, found = folders[:limit], found[: max(limit - len(folders), 0)]
    is_first = not search.start_from_id
    catalogs = [
        Catalog(
            id=f"{_BOOK}{one.pk}",
            name=one.name,
            entry_count=sum(book.count for book in books.subtree(one)),
            is_first=is_first and at == 0,
            is_last=not has_more and not found and at == len(folders) - 1,
        )
        for at, one in enumerate(folders)
    ]
    entries = [
        PhonebookEntry(
            id=f"{_ENTRY}{one.number}",
            name=one.name,
            routes=dialling.routes_of(one.methods, scope.protocols, one.system_type),
            is_first=is_first and not folders and at == 0,
            is_last=not has_more and at == len(found) - 1,
            system_type=one.system_type,
        )
        for at, one in enumerate(found)
    ]
    total = len(shown) + (len(entries) if is_first and not has_more else searching.count(scope, search.text))
    return Catalog(
        id=f"{_BOOK}{shelf.pk}" if shelf is not None and search.path else "",
        name=shelf.name if shelf is not None and search.path else "",
        catalogs=tuple(catalogs),
        entries=tuple(entries),
        entry_count=total,
    )


Place = tuple[Shelf | None, list[Shelf]]


def place_of(asker: Asker, path: str, books: Library) -> Place | None:
    """(the book that is looked into, the books that the system is given); None where it is not given that one. With
    several books and no path that is none of them, but the place above."""
    roots = books.granted(asker.folder_path, granting.own_books(asker.system_id))
    if not path:
        return (roots[0] if len(roots) == 1 else None), roots
    number = _number(path, _BOOK)
    shelf = books.shelves.get(number) if number is not None else None
    if shelf is None or not granting.is_within(shelf, roots):
        return None
    return shelf, roots


def scope_of(asker: Asker, books: Library, place: Place, search: Search) -> Scope:
    """Where is searched: below the book, or for a list and a search of one level in it alone."""
    shelf, roots = place
    if search.text.strip() and search.is_subtree:
        tops = [shelf] if shelf is not None else roots
        found = [one for top in tops for one in books.subtree(top)]
    else:
        found = [shelf] if shelf is not None else []
    sources = tuple(source for one in found for source in one.sources)
    protocols = protocols_of(asker.system_id) if asker.is_routed else dialling.ALL
    return Scope(sources, protocols)


def protocols_of(system_id: int) -> int:
    """What the system can dial, by the newest configuration that it reported."""
    newest = (
        ConfigurationVersion.objects.filter(system_id=system_id)
        .order_by("-last_at", "-id")
        .values_list("id", "last_at")
        .first()
    )
    if newest is None:
        return dialling.ALL
    kept = _protocols.get(system_id)
    if kept is not None and kept[0] == newest:
        return kept[1]
    reported = reported_configuration(system_id)
    found = dialling.dialable(reported.settings if reported is not None else None)
    if len(_protocols) >= _KEPT:
        _protocols.clear()
    _protocols[system_id] = (newest, found)
    return found


_protocols: dict[int, tuple[object, int]] = {}


def _folders(books: Library, shelf: Shelf | None, roots: Sequence[Shelf]) -> Sequence[Shelf]:
    return books.below.get(shelf.pk, ()) if shelf is not None else roots


def _behind(folders: list[Shelf], start: str) -> list[Shelf]:
    """The folders behind the one that was told last; none behind an entry."""
    for at, one in enumerate(folders):
        if f"{_BOOK}{one.pk}" == start:
            return folders[at + 1 :]
    return []


def _number(text: str, prefix: str) -> int | None:
    digits = text.strip().lower().removeprefix(prefix)
    is_number = text.strip().lower().startswith(prefix) and digits.isascii() and digits.isdigit()
    return int(digits) if is_number and len(digits) < 19 else None
