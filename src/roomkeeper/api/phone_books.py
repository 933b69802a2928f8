"""A search as a system makes it, with why it does not find what it does not; and what is wrong in phone books."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.on_systems import routes
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.operations.subjects import get_subject
from roomkeeper.phonebooks import explaining, quality
from roomkeeper.phonebooks.explaining import Hidden


class AddressOut(Schema):
    """One way in which the system can dial it."""

    protocol: str
    dial_string: str
    call_type: str


class FoundEntryOut(Schema):
    """An entry as the touch panel shows it."""

    id: str
    name: str
    addresses: list[AddressOut]


class FoundFolderOut(Schema):
    """A phone book that is shown as a folder."""

    id: str
    name: str
    entries: int


class HiddenEntryOut(Schema):
    """An entry that the system does not find."""

    id: int
    name: str
    book: str
    why: str


class FoundInBooksOut(Schema):
    """What the system finds now, and of what you may see what it does not find."""

    books: list[str] = Field(description="The phone books that it is given.")
    folders: list[FoundFolderOut]
    entries: list[FoundEntryOut]
    count: int = Field(description="How many there are, as the system is told: counted to 1,000.")
    hidden: list[HiddenEntryOut] = Field(description="At most 50; empty without a search.")


class PhoneBookQuestion(Schema, extra="forbid"):
    """What is searched for."""

    search: str = Field("", max_length=255, description="Empty: the list that a touch panel begins with.")
    folder: str = Field("", max_length=32, description="The id of a folder that was found, as `c_12`.")
    limit: int = Field(50, ge=1, le=100)


@routes.get("/{int:system_id}/phone-book", response=FoundInBooksOut)
@needs(Permission.VIEW, anywhere=True)
def search_as_system(
    request: HttpRequest, system_id: int, asked: Query[PhoneBookQuestion]
) -> FoundInBooksOut:
    """Search the phone books as a system does; each entry that it does not find with the reason."""
    user = user_of(request)
    system = get_system(user, system_id)
    told = explaining.search_as(system, asked.search, grants_of(user), path=asked.folder, limit=asked.limit)
    return FoundInBooksOut(
        books=list(told.books),
        folders=[
            FoundFolderOut(id=one.id, name=one.name, entries=one.entry_count) for one in told.found.catalogs
        ],
        entries=[
            FoundEntryOut(
                id=one.id,
                name=one.name,
                addresses=[
                    AddressOut(protocol=way.protocol, dial_string=way.dial_string, call_type=way.call_type)
                    for way in one.routes
                ],
            )
            for one in told.found.entries
        ],
        count=told.found.entry_count,
        hidden=[_encode(one) for one in told.hidden],
    )


def _encode(one: Hidden) -> HiddenEntryOut:
    return HiddenEntryOut(id=one.id, name=one.name, book=one.book, why=one.why)


class FindingOut(Schema):
    """Something that is wrong so many times, and where those are listed."""

    key: str
    title: str
    advice: str
    count: int
    list: str = Field(description="The address of the list behind the number, below the API's root.")


class QualityOut(Schema):
    """What is wrong in the phone books that you see."""

    items: list[FindingOut]


book_routes = Routes("phone books")


@book_routes.get("/quality", response=QualityOut)
@needs(Permission.VIEW, anywhere=True)
def phone_book_quality(request: HttpRequest) -> QualityOut:
    """Count what is wrong in phone books: entries, sources, and systems that search elsewhere."""
    found = quality.examine(grants_of(user_of(request)), now=timezone.now())
    return QualityOut(
        items=[
            FindingOut(
                key=one.key,
                title=one.title,
                advice=one.advice,
                count=one.count,
                list=f"{get_subject(one.subject).path}?{urlencode(one.filters)}",
            )
            for one in found
        ]
    )
