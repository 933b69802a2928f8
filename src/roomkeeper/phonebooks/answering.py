"""What a system finds in the phone books that it is given (protocol notes F). Reads only."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from roomkeeper.phonebooks import dialling, granting, searching
from roomkeeper.phonebooks.granting import Library, Shelf
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.protocols.phonebook import Catalog, PhonebookEntry, Search
from roomkeeper.systems.check_ins.statements import execute
from roomkeeper.systems.documents import reported_configuration

_BOOK: Final = "c_"
_ENTRY: Final = "e_"
_KEPT: Final = 20_000


ASKER: Final = (
    "s.id, f.path, COALESCE((SELECT n.phone_books_route FROM systems_networksettings n ORDER BY n.id LIMIT 1), TRUE),"
    " (SELECT v.id FROM systems_configurationversion v WHERE v.system_id = s.id"
    " ORDER BY v.last_at DESC, v.id DESC LIMIT 1),"
    " (SELECT max(v.last_at) FROM systems_configurationversion v WHERE v.system_id = s.id)"
)
"""The columns of an `Asker`, of a system `s` in its folder `f`."""


class Asker(NamedTuple):
    """Who asks: a system, where it stands, whether only what it can dial is shown, and which is the newest
    configuration that it reported (its id, and as of when)."""

    system_id: int
    folder_path: str
    is_routed: bool
    configuration: int | None
    configuration_at: object


def read_asker(system_id: int) -> Asker:
    """The system as one who asks."""
    sql = f"SELECT {ASKER} FROM systems_system s JOIN systems_folder f ON f.id = s.folder_id WHERE s.id = %s"  # noqa: S608
    return Asker(*execute(sql, [system_id])[0])


def answer(asker: Asker, search: Search, library: Library | None = None) -> Catalog:
    """The answer to a system's question; an empty one for a book that it is not given."""
    books = library or granting.read_library(asker.system_id, asker.folder_path)
    place = place_of(search.path, books)
    if place is None:
        return Catalog(does_exist=False)
    shelf, roots = place
    scope = scope_of(asker, books, place, search)
    is_list = not search.text.strip()
    shown = (books.below(shelf) if shelf is not None else roots) if is_list else ()
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
                after = after._replace(number=number - 1)
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
    if is_first and not has_more:
        total = len(shown) + len(entries)
    elif is_list:
        total = len(shown) + (shelf.count if shelf is not None else 0)
    else:
        total = searching.count(scope, search.text)
    return Catalog(
        id=f"{_BOOK}{shelf.pk}" if shelf is not None and search.path else "",
        name=shelf.name if shelf is not None and search.path else "",
        catalogs=tuple(catalogs),
        entries=tuple(entries),
        entry_count=total,
    )


Place = tuple[Shelf | None, Sequence[Shelf]]


def place_of(path: str, books: Library) -> Place | None:
    """(the book that is looked into, the books that the system is given); None where it is not given that one. With
    several books and no path that is none of them, but the place above."""
    if not path:
        return (books.roots[0] if len(books.roots) == 1 else None), books.roots
    shelf = books.shelves.get(_number(path, _BOOK) or 0)
    return (shelf, books.roots) if shelf is not None else None


def scope_of(asker: Asker, books: Library, place: Place, search: Search) -> Scope:
    """Where is searched: below the book, or for a list and a search of one level in it alone."""
    shelf, roots = place
    if search.text.strip() and search.is_subtree:
        tops = [shelf] if shelf is not None else roots
        found = [one for top in tops for one in books.subtree(top)]
    else:
        found = [shelf] if shelf is not None else []
    sources = tuple(source for one in found for source in one.sources)
    protocols = protocols_of(asker) if asker.is_routed else dialling.ALL
    return Scope(sources, protocols)


def protocols_of(asker: Asker) -> int:
    """What the system can dial, by the newest configuration that it reported: remembered for that very one."""
    if asker.configuration is None:
        return dialling.ALL
    newest = (asker.configuration, asker.configuration_at)
    kept = _protocols.get(asker.system_id)
    if kept is not None and kept[0] == newest:
        return kept[1]
    reported = reported_configuration(asker.system_id)
    found = dialling.dialable(reported.settings if reported is not None else None)
    if len(_protocols) >= _KEPT:
        _protocols.clear()
    _protocols[asker.system_id] = (newest, found)
    return found


_protocols: dict[int, tuple[object, int]] = {}


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
