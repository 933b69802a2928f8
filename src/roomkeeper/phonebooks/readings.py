"""What programs are told of phone books: as a system finds them, and what is wrong in them."""

from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from pydantic import Field

from roomkeeper.accounts.permissions import grants_of
from roomkeeper.operations.acts import Input
from roomkeeper.operations.readings import Reading, Told
from roomkeeper.operations.subjects import get_subject
from roomkeeper.phonebooks import explaining, quality
from roomkeeper.systems.models import System


class AddressOut(Told):
    """One way in which the system can dial it."""

    protocol: str
    dial_string: str
    call_type: str


class FoundEntryOut(Told):
    """An entry as the touch panel shows it."""

    id: str
    name: str
    addresses: list[AddressOut] = Field(validation_alias="routes")


class FoundFolderOut(Told):
    """A phone book that is shown as a folder."""

    id: str
    name: str
    entries: int = Field(validation_alias="entry_count")


class HiddenEntryOut(Told):
    """An entry that the system does not find."""

    id: int
    name: str
    book: str
    why: str


class FoundInBooksOut(Told):
    """What the system finds now, and of what you may see what it does not find."""

    books: list[str] = Field(description="The phone books that it is given.")
    folders: list[FoundFolderOut]
    entries: list[FoundEntryOut]
    count: int = Field(description="How many there are, as the system is told: counted to 1,000.")
    hidden: list[HiddenEntryOut] = Field(description="At most 50; empty without a search.")


def _search(row: System, *, user: Any, search: str, folder: str, limit: int) -> dict[str, Any]:
    told = explaining.search_as(row, search, grants_of(user), path=folder, limit=limit)
    return {
        "books": told.books,
        "folders": told.found.catalogs,
        "entries": told.found.entries,
        "count": told.found.entry_count,
        "hidden": told.hidden,
    }


PHONE_BOOK: Final = Reading(
    name="search_as_system",
    at="phone-book",
    summary="Search the phone books as a system does; each entry that it does not find with the reason.",
    gives=FoundInBooksOut,
    read=_search,
    takes=(
        Input(name="search", default="", most=255, meaning="Empty: the list that a touch panel begins with."),
        Input(name="folder", default="", most=32, meaning="The id of a folder that was found, as `c_12`."),
        Input(name="limit", type=int, default=50, least=1, most=100),
    ),
)


class FindingOut(Told):
    """Something that is wrong so many times, and where those are listed."""

    key: str
    title: str
    advice: str
    count: int
    list: str = Field(description="The address of the list behind the number, below the API's root.")


class QualityOut(Told):
    """What is wrong in the phone books that you see."""

    items: list[FindingOut]


def _examine(*, user: Any) -> dict[str, Any]:
    return {
        "items": [
            FindingOut(
                key=one.key,
                title=one.title,
                advice=one.advice,
                count=one.count,
                list=f"{get_subject(one.subject).path}?{urlencode(one.filters)}",
            )
            for one in quality.examine(grants_of(user), now=timezone.now())
        ]
    }


QUALITY: Final = Reading(
    name="phone_book_quality",
    at="quality",
    on="all",
    summary="Count what is wrong in phone books: entries, sources, and systems that search elsewhere.",
    gives=QualityOut,
    read=_examine,
)
