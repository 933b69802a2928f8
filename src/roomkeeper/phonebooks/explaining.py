"""A search as a system makes it, for people: what it finds, and of what it does not find why not."""

from dataclasses import dataclass
from typing import Final

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.phonebooks import answering, dialling, granting, index, searching, words
from roomkeeper.phonebooks.answering import Asker
from roomkeeper.phonebooks.granting import Library
from roomkeeper.phonebooks.models import IS_SHOWN, Contact
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.phonebooks.words import Asked
from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.phonebook import Catalog, Search
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

MOST_HIDDEN: Final = 50
_KINDS: Final = {dialling.SIP: "SIP", dialling.H323: "H.323", dialling.ISDN: "ISDN"}


@dataclass(frozen=True, slots=True)
class Hidden:
    """An entry that the system does not find, and why not, as a sentence."""

    id: int
    name: str
    book: str
    why: str


@dataclass(frozen=True, slots=True)
class Explained:
    """What the system finds, the books that it is given, and what is hidden from it of the books that one may see."""

    found: Catalog
    books: tuple[str, ...]
    hidden: tuple[Hidden, ...]


def search_as(system: System, text: str, grants: Grants, *, path: str = "", limit: int = 50) -> Explained:
    """The exact answer that the system gets to this search now, from its beginning."""
    asker = answering.read_asker(system.pk)
    library = granting.read_library(asker.system_id, asker.folder_path)
    question = Search(Identification(), path=path, text=text, max_results=limit)
    return Explained(
        answering.answer(asker, question, library),
        tuple(one.name for one in library.roots),
        tuple(_hidden(asker, question, library, grants)) if text.strip() else (),
    )


def _hidden(asker: Asker, question: Search, library: Library, grants: Grants) -> list[Hidden]:
    asked = words.asked(question.text)
    if asked is None:
        return []
    place = answering.place_of("", library) or (None, ())
    scope = answering.scope_of(asker, library, place, question)
    given = {pk for pk, _generation in scope.sources}
    # What it may be: in no book that it is given, without an address that it dials, or told as another entry.
    visible = Contact.objects.filter(IS_SHOWN, grants.folders(Permission.VIEW, "source__book__folder__path"))
    rows = (
        index.find(visible, asked)
        .select_related("source__book")
        .order_by("sort_name", "number")[: MOST_HIDDEN * 4]
    )
    found: list[Hidden] = []
    for row in rows:
        why = _why(row, given, scope, asked)
        if why:
            found.append(Hidden(row.pk, row.name, str(row.source.book), why))
    return found[:MOST_HIDDEN]


def _why(row: Contact, given: set[int], scope: Scope, asked: Asked) -> str:
    """Why the system does not find it; "" where it does."""
    if row.source_id not in given:
        return _("The phone book is not set on the system or on a folder above it.")
    if not row.protocols:
        return _("It has no address.")
    if not row.protocols & scope.protocols:
        return _(
            "It has addresses for {has} only, and the system can dial {dials}: see its settings"
            " NetworkServices SIP Mode and H323 Mode.",
            has=_in_words(row.protocols),
            dials=_in_words(scope.protocols) or _("none"),
        )
    same = searching.duplicates(scope, [row.dial_key]).get(row.dial_key, [])
    if len(same) > 1 and (shown := searching.shown_of(same, asked)).number != row.number:
        return _("It is shown as {name}, which has the same first address.", name=shown.name)
    return ""


def _in_words(protocols: int) -> str:
    return ", ".join(name for bit, name in _KINDS.items() if protocols & bit)
