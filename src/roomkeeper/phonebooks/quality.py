"""What is wrong in phone books: entries nobody can dial, doubles, sources that fail, systems that search elsewhere.

Each finding is a filter of a list, so that a number leads to what it counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.phonebooks.dialled import DEAD_AFTER
from roomkeeper.phonebooks.models import IS_SHOWN, Contact, DialledAddress, Source
from roomkeeper.provisioning.models import Drift
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _

# A source may be late by this before it counts as stale.
LATE: Final = timedelta(hours=1)
_SERVER: Final = "Phonebook/Server"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong `count` times, what to do about it, and the list behind the number: its subject and filters."""

    key: str
    title: str
    advice: str
    count: int
    subject: str
    filters: Mapping[str, str]


def _has_no_address() -> Q:
    return Q(protocols=0)


def _is_dead() -> Q:
    calls = DialledAddress.objects.filter(key=OuterRef("dial_key"), connected=0, calls__gte=DEAD_AFTER)
    return Q(Exists(calls))


def _is_double() -> Q:
    others = Contact.objects.filter(IS_SHOWN, dial_key=OuterRef("dial_key")).exclude(
        number=OuterRef("number")
    )
    return ~Q(dial_key="") & Q(Exists(others))


_OF_ENTRIES: Final[Mapping[str, Callable[[], Q]]] = {
    "no_address": _has_no_address,
    "never_connected": _is_dead,
    "duplicate": _is_double,
}


def by_finding(value: str, grants: Grants, now: datetime) -> Q:
    """Entries of which that is wrong."""
    return _OF_ENTRIES[value]()


def by_staleness(value: bool, grants: Grants, now: datetime) -> Q:
    """Sources that fail, wait for a yes or are late, or those in order."""
    found = ~Q(problem="") | Q(awaits_yes=True) | Q(due_at__lt=now - LATE)
    return found if value else ~found


def by_phone_book(value: str, grants: Grants, now: datetime) -> Q:
    """Systems that are given a phone book of ours (`ours`), report another server all the same (`other`), or are given
    none."""
    given = Q(has_own_phone_book=True) | Q(folder__has_phone_book=True)
    if value == "none":
        return ~given
    elsewhere = Q(Exists(Drift.objects.filter(system=OuterRef("pk"), path__startswith=_SERVER)))
    return given & (elsewhere if value == "other" else ~elsewhere)


def examine(grants: Grants, *, now: datetime) -> list[Finding]:
    """Everything that can be found, also what is found nowhere now, of what somebody with these grants sees."""
    entries = Contact.objects.filter(IS_SHOWN, grants.folders(Permission.VIEW, "source__book__folder__path"))
    sources = Source.objects.filter(grants.folders(Permission.VIEW, "book__folder__path"))
    systems = System.objects.filter(grants.folders(Permission.VIEW, "folder__path"), state=State.MANAGED)
    return [
        Finding(
            "no_address",
            _("Entries without an address"),
            _("No system finds them. Add an address, or map the field that holds it in their source."),
            entries.filter(_has_no_address()).count(),
            "phone book entries",
            {"finding": "no_address"},
        ),
        Finding(
            "never_connected",
            _("Entries that are dialled and never reached"),
            _(
                "Of {calls} calls or more none was connected. Check the address, or remove the entry.",
                calls=DEAD_AFTER,
            ),
            entries.filter(_is_dead()).count(),
            "phone book entries",
            {"finding": "never_connected"},
        ),
        Finding(
            "duplicate",
            _("Entries with the same address"),
            _("Where both are in a search, systems see one of them. Remove one, or give it its own address."),
            entries.filter(_is_double()).count(),
            "phone book entries",
            {"finding": "duplicate"},
        ),
        Finding(
            "stale",
            _("Sources that fail or are late"),
            _("Their entries are those of the last good reading. Each says what is wrong."),
            sources.filter(by_staleness(True, grants, now)).count(),
            "phone book sources",
            {"is_stale": "true"},
        ),
        Finding(
            "other_server",
            _("Systems that report another phone book server"),
            _("They are given a phone book, and search elsewhere all the same. Their drift says where."),
            systems.filter(by_phone_book("other", grants, now)).count(),
            "systems",
            {"phone_book": "other"},
        ),
        Finding(
            "no_book",
            _("Systems without a phone book"),
            _("They keep the phone book server that they have. Set a phone book on their folder."),
            systems.filter(by_phone_book("none", grants, now)).count(),
            "systems",
            {"phone_book": "none"},
        ),
    ]
