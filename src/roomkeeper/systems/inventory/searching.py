"""One search for systems, for every surface: names, folder, product, addresses, numbers, tags, notes."""

from typing import Any, Final

from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from roomkeeper.operations.folding import NaturalKey, fold
from roomkeeper.systems.models import System

WORDS_LIMIT: Final = 8
_NAMED: Final = ("name", "reported_name", "folder__name", "notes")
_DESCRIBED: Final = ("product", "software_version", "sip_uri")
_ADDRESSES: Final = ("host", "contact__reported_address", "contact__source_address")
# Fewer digits than these stand in every other serial number and MAC address; whoever types "12" means Room 12.
_TELLING_DIGITS: Final = 4


def search(rows: QuerySet[System], words: str) -> QuerySet[System]:
    """The systems in which every word is found; letter case and accents do not count."""
    for word in words.split()[:WORDS_LIMIT]:
        rows = rows.filter(_holds(word))
    return rows


def _holds(word: str) -> Q:
    folded = fold(word)
    found = Q(pk__in=_tagged(folded))
    for lookup in (*_NAMED, *_DESCRIBED):
        found |= Q(**{f"{lookup}__folded__contains": folded})
    if "." in word or ":" in word or not word.isdigit():
        for lookup in _ADDRESSES:
            found |= Q(**{f"{lookup}__icontains": word})
    plain = "".join(letter for letter in word if letter not in ":-.").upper()
    is_number = any(letter.isdigit() for letter in plain)
    if len(plain) >= (_TELLING_DIGITS if is_number else 2):
        found |= Q(serial_number__icontains=word) | Q(mac_address__contains=plain)
    return found


def _tagged(folded: str) -> QuerySet[Any, Any]:
    return System.tags.through.objects.filter(tag__name__folded__contains=folded).values("system_id")


def by_name(words: str = "") -> Combinable:
    """What systems are sorted by where nothing else is asked: the one whose name is the search comes first, then by
    name, `Room 2` before `Room 10`."""
    key = NaturalKey("name")
    if not words.strip():
        return key
    exact = fold(" ".join(words.split()))
    first = Case(When(name__folded=exact, then=Value("0")), default=Value("1"))
    return Concat(first, key)
