"""Entries of phone books as people and programs see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Q, QuerySet

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.phonebooks import editing, index, quality, words
from roomkeeper.phonebooks.dialling import CALL_TYPES, MethodKind, label_of
from roomkeeper.phonebooks.importing import REFUSED
from roomkeeper.phonebooks.models import IS_SHOWN, Contact, PhoneBook
from roomkeeper.phonebooks.surface import into_book


def _shown(grants: Grants) -> Q:
    return IS_SHOWN & grants.folders(Permission.VIEW, "source__book__folder__path")


def _find(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """As endpoints find them."""
    if not text.strip():
        return rows
    asked = words.asked(text)
    return index.find(rows, asked) if asked is not None else rows.none()


# The others are columns for whoever chooses them: most books hold none.
_USUAL: Final = (MethodKind.SIP, MethodKind.E164, MethodKind.TELEPHONE)


def _first(kind: MethodKind) -> Field:
    def read(row: Any) -> str:
        return next((method[1] for method in row.methods if method[0] == kind), "")

    label = label_of(kind)
    return Field(
        name=kind.value,
        type=str,
        read=read,
        sort="",
        heading=label[0].upper() + label[1:],
        cell="value",
        is_shown=kind in _USUAL,
    )


def _add(row: None = None, *, user: Person, now: datetime, book: PhoneBook, **typed: Any) -> Contact:
    return editing.add_entry(book, _typed(typed))


def _change(row: Contact, *, user: Person, now: datetime, **typed: Any) -> None:
    given = {name: value for name, value in typed.items() if value is not None}
    kept: dict[str, Any] = {"name": row.name, "note": row.note}
    kept |= {method[0]: method[1] for method in reversed(row.methods)}
    kept["bandwidth"] = next((method[2] for method in row.methods), "")
    editing.change_entry(row, _typed(kept | given))


def _typed(values: Mapping[str, Any]) -> editing.Typed:
    bandwidth = values.get("bandwidth") or ""
    methods = [(kind.value, values[kind.value], bandwidth) for kind in MethodKind if values.get(kind.value)]
    return editing.Typed(values["name"], methods, values.get("note") or "")


def _remove(row: Contact, *, user: Person, now: datetime) -> None:
    editing.delete_entry(row, now=now)


def _addresses(default: Any) -> tuple[Input, ...]:
    return (
        Input(name="note", default=default, most=255, label="Note", meaning="Such as a department."),
        *(
            Input(
                name=kind.value,
                default=default,
                most=255,
                label=label_of(kind)[0].upper() + label_of(kind)[1:],
            )
            for kind in MethodKind
        ),
        Input(
            name="bandwidth",
            default=default,
            most=8,
            label="Bandwidth",
            meaning="Empty, or a class in kbit/s.",
            choices=(("", "as the system calls"), *((one, one) for one in CALL_TYPES)),
        ),
    )


ENTRIES: Final = register(
    Subject(
        noun="phone book entry",
        plural="phone book entries",
        model=Contact,
        meaning="Somebody or something that can be dialled.",
        seen_by=_shown,
        place=lambda row: row.source.book.folder.path,
        order="name",
        find=_find,
        related=("source__book__folder",),
        label=lambda row: row.name,
        topic="phone_books",
        page="phone_book_entry",
        pages=Pages(
            help="phone-books",
            heading="Phone book entries",
            empty="Nothing is found here. Add an entry, or import a CSV file into a phone book.",
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, sort="sort_name", heading="Name", cell="link"),
            Field(name="note", type=str, heading="Note", sort=""),
            *(_first(kind) for kind in MethodKind),
            Field(
                name="book",
                type=int,
                at="source__book_id",
                filter="any",
                filter_type=Identifier,
                sort="",
            ),
            Field(
                name="book_name",
                type=str,
                at="source__book__name",
                sort="",
                filter="one",
                heading="Phone book",
                options=lambda grants: list(
                    PhoneBook.objects.filter(grants.folders(Permission.VIEW))
                    .order_by("name")
                    .values_list("name", flat=True)
                ),
            ),
            Field(name="source", type=int, at="source_id", filter="one", filter_type=Identifier, sort=""),
            Field(name="source_name", type=str, at="source__name", sort="", heading="From"),
            Field(
                name="system",
                type=int | None,
                at="system_id",
                sort="",
                meaning="The system that it is, if one.",
            ),
            Field(
                name="finding",
                type=Literal["no_address", "never_connected", "duplicate"],
                meaning="What is wrong: no address, never reached when dialled, or an address that another entry has.",
                filter="own",
                narrow=quality.by_finding,
                sort="",
                is_told=False,
                in_csv=False,
                choices=(
                    ("no_address", "without an address"),
                    ("never_connected", "never reached"),
                    ("duplicate", "address twice"),
                ),
            ),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.MANAGE_SYSTEMS,
                places=into_book,
                run=_add,
                refused=REFUSED,
                rest=Rest(status=422),
                summary="Add an entry to a phone book.",
                title="Add an entry",
                what="Systems that are given the phone book find it from their next search on.",
                undo="It can be changed and deleted.",
                button="Add entry",
                done="{row.name} is added.",
                takes=(
                    Input(name="book", type=Identifier, refers="phone books", label="Phone book"),
                    Input(name="name", type=Text, least=1, most=255, label="Name"),
                    *_addresses(""),
                ),
            ),
            Act(
                name="change",
                needs=Permission.MANAGE_SYSTEMS,
                run=_change,
                refused=REFUSED,
                rest=Rest(status=422, method="PATCH"),
                summary="Change an entry; what you leave out stays.",
                title="Change {row.name}",
                what="Systems find what you enter from their next search on.",
                undo="Change it back at any time.",
                button="Change",
                done="{row.name} is changed.",
                offered=lambda row: row.source.kind == editing.MANUAL,
                takes=(
                    Input(name="name", type=Text, default=None, least=1, most=255, label="Name"),
                    *_addresses(None),
                ),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_SYSTEMS,
                run=_remove,
                refused=REFUSED,
                summary="Delete an entry that was typed.",
                title="Delete {row.name}?",
                what="Systems no longer find it.",
                undo="It cannot be undone.",
                button="Delete",
                done="{row.name} is deleted.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
                for_many=True,
                offered=lambda row: row.source.kind == editing.MANUAL,
            ),
        ),
    )
)
