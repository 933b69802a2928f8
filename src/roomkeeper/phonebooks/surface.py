"""Phone books as people and programs see them: books, entries, sources, and where books are set."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.phonebooks import editing
from roomkeeper.phonebooks.importing import IMPORT, REFUSED
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.readings import QUALITY
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder


def _place_of_book(row: PhoneBook) -> str:
    return row.folder.path


def _into(row: PhoneBook | None, taken: Mapping[str, Any]) -> Sequence[str]:
    """Where a book is made: its folder, and that of the book which it stands in."""
    found = [one.path for one in [taken.get("folder")] if one is not None]
    if (parent := taken.get("parent")) is not None:
        found.append(parent.folder.path)
    return found if taken else ()


def into_book(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    """Where something of a book is made: the folder of the book."""
    return (taken["book"].folder.path,) if taken else ()


# Books


def _with_counts(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    counted = (
        Source.objects.filter(book=OuterRef("pk")).order_by().values("book").annotate(n=Sum("entry_count"))
    )
    found: QuerySet[Any] = rows.annotate(
        entries=Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)
    )
    return found


def _create(
    *,
    user: Person,
    now: datetime,
    name: str,
    folder: Folder | None = None,
    parent: PhoneBook | None = None,
    notes: str = "",
) -> PhoneBook:
    return editing.create_book(
        name, folder or (parent.folder if parent else inventory.root_folder()), parent, notes
    )


def _where(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    return _into(row, taken) or ((ROOT_PATH,) if taken else ())


def _rename(row: PhoneBook, *, user: Person, now: datetime, name: str) -> None:
    editing.rename_book(row, name)


def _move(row: PhoneBook, *, user: Person, now: datetime, parent: PhoneBook | None) -> None:
    editing.move_book(row, parent)


def _out_and_in(row: PhoneBook, taken: Mapping[str, Any]) -> Sequence[str]:
    return (row.folder.path, *_into(None, {"parent": taken.get("parent")}))


def _delete(row: PhoneBook, *, user: Person, now: datetime) -> None:
    editing.delete_book(row)


PHONE_BOOKS: Final = register(
    Subject(
        noun="phone book",
        plural="phone books",
        model=PhoneBook,
        meaning="A phone book that endpoints search. What it holds are phone book entries.",
        seen_by=lambda grants: grants.folders(Permission.VIEW),
        place=_place_of_book,
        order="name",
        search=("name", "notes"),
        related=("folder", "parent"),
        annotate=_with_counts,
        label=lambda row: row.name,
        topic="phone_books",
        page="phone_book",
        pages=Pages(
            help="phone-books",
            heading="Phone books",
            empty="No phone book yet. Create one, have your systems stand in it or import a CSV file, and set it on a"
            " folder: the systems there then search it at their touch panel. Until then they keep the phone book server"
            " that they have.",
        ),
        command_line=CommandLine(named_by="name"),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, filter="one", heading="Name", cell="link"),
            Field(
                name="parent",
                type=int | None,
                at="parent_id",
                filter="one",
                filter_type=Identifier,
                sort="",
                meaning="The phone book that it stands in.",
            ),
            Field(
                name="parent_name",
                type=str | None,
                at="parent__name",
                sort="",
                heading="Inside",
                is_told=False,
            ),
            Field(name="folder", type=int, at="folder_id", sort="", meaning="Who may see and change it."),
            Field(name="folder_name", type=str, at="folder__name", sort="", heading="Folder", is_told=False),
            Field(
                name="entries",
                type=int,
                at="entries",
                heading="Entries",
                cell="phone_books/cell_entries.html",
            ),
            Field(name="notes", type=str, sort="", heading="Notes"),
        ),
        readings=(QUALITY,),
        acts=(
            Act(
                name="create",
                on="all",
                needs=Permission.MANAGE_SYSTEMS,
                places=_where,
                run=_create,
                refused=REFUSED,
                summary="Create a phone book.",
                title="Create a phone book",
                what="It is empty at first, and no system searches it before it is set on a folder or a system.",
                undo="It can be deleted again.",
                button="Create phone book",
                done="{row.name} is created.",
                takes=(
                    Input(name="name", type=Text, least=1, most=100, label="Name"),
                    Input(
                        name="folder",
                        type=Identifier | None,
                        default=None,
                        refers="folders",
                        label="Folder",
                        meaning="Who may manage systems there may change it. By default the top folder.",
                    ),
                    Input(
                        name="parent",
                        type=Identifier | None,
                        default=None,
                        refers="phone books",
                        label="Inside",
                        meaning="The phone book that it stands in, as a folder.",
                    ),
                    Input(name="notes", default="", most=500, label="Notes"),
                ),
            ),
            Act(
                name="rename",
                needs=Permission.MANAGE_SYSTEMS,
                run=_rename,
                refused=REFUSED,
                summary="Rename a phone book.",
                title="Rename {row.name}",
                what="Endpoints show the new name from their next search on.",
                undo="Rename it back at any time.",
                button="Rename",
                done="{row.name} is renamed.",
                rest=Rest(method="PATCH"),
                takes=(Input(name="name", type=Text, least=1, most=100, label="Name"),),
            ),
            Act(
                name="move",
                needs=Permission.MANAGE_SYSTEMS,
                places=_out_and_in,
                run=_move,
                refused=REFUSED,
                summary="Move a phone book into another, or to the top.",
                title="Move {row.name}",
                what="Systems that are given the phone book which it stands in find its entries, too.",
                undo="Move it back at any time.",
                button="Move",
                done="{row.name} is moved.",
                takes=(
                    Input(
                        name="parent",
                        type=Identifier | None,
                        default=None,
                        refers="phone books",
                        label="Inside",
                        meaning="The phone book that it is to stand in; none: at the top.",
                    ),
                ),
            ),
            IMPORT,
            Act(
                name="delete",
                needs=Permission.MANAGE_SYSTEMS,
                run=_delete,
                refused=REFUSED,
                summary="Delete an empty phone book.",
                title="Delete {row.name}?",
                what="No system finds it any longer.",
                undo="It cannot be undone.",
                button="Delete",
                done="{row.name} is deleted.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
