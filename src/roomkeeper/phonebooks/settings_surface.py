"""Where phone books are set, as people and programs see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field, Row
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Pages, Subject, register
from roomkeeper.phonebooks import editing, setting
from roomkeeper.phonebooks.importing import REFUSED
from roomkeeper.phonebooks.models import PhoneBook, PhoneBookSetting
from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _


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
