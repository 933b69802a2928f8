"""The phone book of the demonstration: invented people of an invented organisation, beside its rooms."""

from datetime import datetime
from typing import Final

from roomkeeper.phonebooks import editing, keeping, setting, syncing
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources.our_systems import OUR_SYSTEMS
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.systems.models import Folder
from roomkeeper.words import gettext as _

PEOPLE: Final = 300
_FIRST: Final = (
    "Amélie", "Bjørn", "Chloé", "Dariusz", "Elif", "Fiona", "Günter", "Hanna", "Ibrahim", "Jürgen",
    "Kateřina", "Liam", "Mireille", "Noor", "Oskar", "Priya", "Quentin", "Rosa", "Søren", "Tomasz",
)  # fmt: skip
_LAST: Final = (
    "Ångström", "Berg", "Castillo", "Dubois", "Eriksen", "Fischer", "Großmann", "Hughes", "Ivanova",
    "Jóhannsdóttir", "Kowalski", "Lindqvist", "Müller", "Novák", "Okafor",
)  # fmt: skip
_DEPARTMENTS: Final = ("Law", "Medicine", "Facilities", "Library", "Finance", "Physics")
_ASCII: Final = str.maketrans(
    {"å": "a", "ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "é": "e", "ř": "r", "á": "a", "ó": "o", "ß": "ss"}
)


def prepare(root: Folder, *, now: datetime) -> None:
    """A phone book of people and of the rooms, set on all systems; what a demonstration had before stays."""
    if PhoneBook.objects.exists():
        return
    book = editing.create_book(_("Corporate"), root)
    people = Source.objects.create(book=book, kind=editing.MANUAL, name=_("People"))
    syncing.apply(people, _people(), may_shrink=True, now=now)
    keeping.add_source(OUR_SYSTEMS, book, {"folder": root.pk}, now=now, every=1)
    setting.set_on_folder(book, root)


def _people() -> list[Entry]:
    found = []
    for number in range(PEOPLE):
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
        address = f"{first}.{last}".lower().translate(_ASCII)
        found.append(
            Entry(
                f"person {number}",
                f"{first} {last}",
                (("sip", f"{address}@example.org", ""), ("e164", f"7{number:04d}", "")),
                _DEPARTMENTS[number % len(_DEPARTMENTS)],
            )
        )
    return found
