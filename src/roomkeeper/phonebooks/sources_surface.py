"""Sources of phone books, and where books are set, as people and programs see them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field, Row
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Pages, Subject, register
from roomkeeper.phonebooks import editing, setting, sources, syncing
from roomkeeper.phonebooks.models import PhoneBook, PhoneBookSetting, Source
from roomkeeper.phonebooks.surface import MAY_SHRINK, REFUSED, into_book
from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _

# Sources


def _add_source(*, user: Person, now: datetime, book: PhoneBook, folder: Folder | None = None) -> Source:
    return syncing.add_our_systems(book, folder, now=now)


def _read(row: Source, *, user: Person, now: datetime, noted: Callable[[Any], Any], may_shrink: bool) -> None:
    syncing.read_now(row, may_shrink=may_shrink, now=now, note=lambda: noted(None))


def _delete_source(row: Source, *, user: Person, now: datetime) -> None:
    editing.delete_source(row)


def _book_and_folder(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    folder = taken.get("folder")
    return (*into_book(row, taken), *([folder.path] if folder is not None else []))


def _kind_word(row: Source) -> str:
    return sources.get_kind(row.kind).label


SOURCES: Final = register(
    Subject(
        noun="phone book source",
        plural="phone book sources",
        model=Source,
        meaning="Where entries of a phone book come from.",
        seen_by=lambda grants: grants.folders(Permission.VIEW, "book__folder__path"),
        place=lambda row: row.book.folder.path,
        order="id",
        search=("name", "book__name"),
        related=("book__folder",),
        label=lambda row: f"{row.name} ({row.book})",
        topic="phone_books",
        page="phone_book_source",
        pages=Pages(
            help="phone-books", heading="Phone book sources", empty="No phone book has a source yet."
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, heading="Name", cell="link"),
            Field(name="kind", type=str, sort=""),
            Field(name="kind_name", type=str, read=_kind_word, heading="Kind", is_told=False),
            Field(name="book", type=int, at="book_id", filter="one", filter_type=Identifier, sort=""),
            Field(name="book_name", type=str, at="book__name", sort="", heading="Phone book"),
            Field(name="entry_count", type=int, heading="Entries", cell="amount"),
            Field(
                name="good_at",
                type=datetime | None,
                heading="Read",
                cell="when",
                meaning="The last good reading.",
            ),
            Field(name="due_at", type=datetime | None, sort="", meaning="When it is read next."),
            Field(name="result", type=str, sort="", heading="Result"),
            Field(name="problem", type=str, sort="", heading="Problem", wraps=True),
            Field(
                name="awaits_yes",
                type=bool,
                sort="",
                meaning="So many entries would go that somebody has to allow it.",
            ),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.MANAGE_SYSTEMS,
                places=_book_and_folder,
                run=_add_source,
                refused=REFUSED,
                summary="Have your systems stand in a phone book.",
                title="Have your systems stand in a phone book",
                what="Every managed system of the folder that has a SIP address is an entry; it is read again every"
                " five minutes.",
                undo="Delete the source again.",
                button="Add your systems",
                done="Your systems stand in {row.book} within a minute.",
                takes=(
                    Input(name="book", type=Identifier, refers="phone books", label="Phone book"),
                    Input(
                        name="folder",
                        type=Identifier | None,
                        default=None,
                        refers="folders",
                        label="Folder",
                        meaning="Of which systems; by default the folder of the phone book.",
                    ),
                ),
            ),
            Act(
                name="read",
                needs=Permission.MANAGE_SYSTEMS,
                run=_read,
                has_portions=True,
                refused=REFUSED,
                summary="Read a source now.",
                title="Read {row.name} now?",
                what="What it tells replaces the entries that it told before.",
                undo="The next reading brings what it tells then.",
                button="Read now",
                done="{row.name} is read.",
                offered=lambda row: sources.get_kind(row.kind).read is not None,
                takes=(MAY_SHRINK,),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_SYSTEMS,
                run=_delete_source,
                summary="Delete a source with its entries.",
                title="Delete {row.name}?",
                what="Its {row.entry_count} entries go with it.",
                undo="It cannot be undone.",
                button="Delete",
                done="The source is deleted.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)


# Where books are set


def _set(
    *,
    user: Person,
    now: datetime,
    book: PhoneBook,
    folder: Folder | None = None,
    system: System | None = None,
) -> PhoneBookSetting:
    if folder is not None and system is None:
        return setting.set_on_folder(book, folder)
    if system is not None and folder is None:
        return setting.set_on_system(book, system)
    raise editing.BookRefused(_("Choose a folder or a system, one of the two."))


def _on_what(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    folder, system = taken.get("folder"), taken.get("system")
    found = [folder.path] if folder is not None else []
    return [*found, *([system.folder.path] if system is not None else [])]


def _take_away(row: PhoneBookSetting, *, user: Person, now: datetime) -> None:
    setting.take_away(row)


def _place_of_setting(row: Row) -> str:
    path: str = (row.folder or row.system.folder).path
    return path


SETTINGS: Final = register(
    Subject(
        noun="phone book setting",
        plural="phone book settings",
        model=PhoneBookSetting,
        meaning="A phone book that is set on a folder, for the systems in it and below, or on one system.",
        seen_by=lambda grants: (
            grants.folders(Permission.VIEW, "folder__path")
            | grants.folders(Permission.VIEW, "system__folder__path")
        ),
        place=_place_of_setting,
        order="id",
        related=("book", "folder", "system__folder"),
        label=str,
        topic="phone_books",
        page="phone_book_setting",
        pages=Pages(
            help="phone-books",
            heading="Where phone books are set",
            empty="No phone book is set yet, so every system keeps the phone book server that it has.",
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="book", type=int, at="book_id", filter="any", filter_type=Identifier, sort=""),
            Field(name="book_name", type=str, at="book__name", sort="", heading="Phone book", cell="link"),
            Field(
                name="folder", type=int | None, at="folder_id", filter="one", filter_type=Identifier, sort=""
            ),
            Field(name="folder_name", type=str | None, at="folder__name", sort="", heading="Folder"),
            Field(
                name="system", type=int | None, at="system_id", filter="one", filter_type=Identifier, sort=""
            ),
            Field(name="system_name", type=str | None, at="system__name", sort="", heading="System"),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.MANAGE_SYSTEMS,
                places=_on_what,
                run=_set,
                refused=REFUSED,
                rest=Rest(status=422),
                summary="Set a phone book on a folder or a system.",
                title="Set a phone book",
                what="The systems are told to search here, in place of the phone book server that they have now.",
                undo="It can be taken away again; the phone book server of before is not restored.",
                button="Set a phone book",
                done="{row.book} is set. Systems are told with their next answer.",
                takes=(
                    Input(name="book", type=Identifier, refers="phone books", label="Phone book"),
                    Input(
                        name="folder",
                        type=Identifier | None,
                        default=None,
                        refers="folders",
                        label="Folder",
                        meaning="For all systems in it and below, and those that come there.",
                    ),
                    Input(
                        name="system",
                        type=Identifier | None,
                        default=None,
                        refers="systems",
                        label="System",
                        meaning="For this system alone.",
                    ),
                ),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_SYSTEMS,
                run=_take_away,
                summary="Take a phone book from a folder or a system.",
                title="Take {row.book} away?",
                what="The systems keep our address; they find the other phone books that they are given, or nothing.",
                undo="Set it again at any time.",
                button="Take away",
                done="The phone book is taken away.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
                for_many=True,
            ),
        ),
    )
)
