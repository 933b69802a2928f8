"""Books made, named, moved and deleted, and entries typed by people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr

from roomkeeper.phonebooks import dialling, setting, writing
from roomkeeper.phonebooks.models import Contact, PhoneBook, Source
from roomkeeper.phonebooks.sources import SourceKind, register
from roomkeeper.phonebooks.writing import Entry, EntryRefused, usable
from roomkeeper.systems import live
from roomkeeper.systems.models import Folder
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

MANUAL: Final = "manual"
register(SourceKind(name=MANUAL, label="typed here"))
DEPTH: Final = 8


class BookRefused(ValueError):
    """The book cannot be changed like that."""


@dataclass(frozen=True, slots=True)
class Typed:
    """An entry as it is typed: a name, a note, and addresses, best first."""

    name: str
    methods: Sequence[tuple[str, str, str]]
    note: str = ""


def create_book(name: str, folder: Folder, parent: PhoneBook | None = None, notes: str = "") -> PhoneBook:
    """A new book, inside another where one is given; raises `BookRefused`."""
    if parent is not None and parent.path.count("/") > DEPTH:
        raise BookRefused(_("Phone books can be nested {most} deep. Choose a book further up.", most=DEPTH))
    with transaction.atomic():
        if parent is not None:
            # It may be moved meanwhile.
            parent = PhoneBook.objects.select_for_update(of=("self",)).get(pk=parent.pk)
        book = PhoneBook(name=_free(name, parent), folder=folder, parent=parent, notes=notes.strip())
        book.save()
        book.path = f"{parent.path if parent else '/'}{book.pk}/"
        book.save(update_fields=["path"])
        live.publish("phone_books")
    return book


def rename_book(book: PhoneBook, name: str) -> None:
    """Give it another name; raises `BookRefused` for an empty or used one."""
    book.name = _free(name, book.parent, beside=book)
    book.save(update_fields=["name"])
    live.publish("phone_books")


def move_book(book: PhoneBook, parent: PhoneBook | None) -> None:
    """Move it with all that stands in it; raises `BookRefused` where it would stand inside itself."""
    with transaction.atomic():
        # Two moves at a time could put each book into the other.
        places = dict(PhoneBook.objects.select_for_update().order_by("pk").values_list("pk", "path"))
        if book.pk not in places or (parent is not None and parent.pk not in places):
            raise BookRefused(_("The phone book was deleted at this moment. Load the page again."))
        book.path = places[book.pk]
        if parent is not None:
            parent.path = places[parent.pk]
            if parent.path.startswith(book.path):
                raise BookRefused(
                    _("{book} cannot be moved into itself or into a phone book inside it.", book=book)
                )
        _free(book.name, parent, beside=book)
        old, new = book.path, f"{parent.path if parent else '/'}{book.pk}/"
        deepest = max(path.count("/") for path in _below(book)) - old.count("/") + new.count("/") - 2
        if deepest > DEPTH:
            raise BookRefused(
                _("Phone books can be nested {most} deep. Choose a book further up.", most=DEPTH)
            )
        PhoneBook.objects.filter(pk=book.pk).update(parent=parent)
        PhoneBook.objects.filter(path__startswith=old).update(
            path=Concat(Value(new), Substr("path", len(old) + 1))
        )
        book.refresh_from_db()
        live.publish("phone_books")


def delete_book(book: PhoneBook) -> None:
    """Delete an empty book; raises `BookRefused` while it holds entries, sources or books."""
    inside = book.children.count()
    entries = sum(source.entry_count for source in book.sources.all())
    if inside or entries:
        raise BookRefused(
            _(
                "{book} still contains {entries} and {inside}. Move or delete them first.",
                book=book,
                entries=ngettext("{count} entry", "{count} entries", entries),
                inside=ngettext("{count} phone book", "{count} phone books", inside),
            )
        )
    with transaction.atomic():
        for source in book.sources.all():
            delete_source(source)
        setting.take_away_everywhere(book)
        book.delete()
        live.publish("phone_books")


# Entries that people type


def add_entry(book: PhoneBook, typed: Typed) -> Contact:
    """A new entry in the book; raises `EntryRefused`."""
    _check_addresses(typed.methods)
    entry = usable(Entry("", typed.name, tuple(typed.methods), typed.note))
    with transaction.atomic():
        return writing.add_typed(_manual(book), entry)


def change_entry(contact: Contact, typed: Typed) -> None:
    """Another content of an entry that was typed; raises `EntryRefused` and `BookRefused`."""
    _check_typed(contact)
    # What stands there already may have been typed before anybody looked.
    _check_addresses(
        one for one in typed.methods if one[:2] not in {tuple(old[:2]) for old in contact.methods}
    )
    entry = usable(Entry(contact.key, typed.name, tuple(typed.methods), typed.note))
    with transaction.atomic():
        writing.change_typed(contact, entry)


def _check_addresses(methods: Iterable[tuple[str, str, str]]) -> None:
    for kind, address, _call_type in methods:
        if address.strip() and (fault := dialling.fault_of(kind, address)):
            raise EntryRefused(fault, kind)


def delete_entry(contact: Contact, *, now: datetime) -> None:
    """Take out an entry that was typed; raises `BookRefused` for one that a source brings."""
    _check_typed(contact)
    with transaction.atomic():
        writing.remove_typed(contact, now=now)


def delete_source(source: Source) -> None:
    """Delete a source with its entries, which nobody finds from then on; they go some at a time, since they may be
    many (`writing.forget_deleted`)."""
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(book=None, due_at=None, is_to_stop=True)
        live.publish("phone_books")


def _check_typed(contact: Contact) -> None:
    if contact.source.kind != MANUAL:
        raise BookRefused(
            _(
                "{entry} comes from the source {source}. Change it there: the next reading brings it here.",
                entry=contact,
                source=contact.source,
            )
        )


def _manual(book: PhoneBook) -> Source:
    source, _is_new = Source.objects.select_for_update(of=("self",)).get_or_create(
        book=book, kind=MANUAL, defaults={"name": _("Typed here")}
    )
    return source


def _below(book: PhoneBook) -> list[str]:
    return list(PhoneBook.objects.filter(path__startswith=book.path).values_list("path", flat=True))


def _free(name: str, parent: PhoneBook | None, *, beside: PhoneBook | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise BookRefused(_("A phone book needs a name of at most 100 characters."))
    taken = PhoneBook.objects.filter(parent=parent, name__iexact=name)
    if beside is not None:
        taken = taken.exclude(pk=beside.pk)
    if taken.exists():
        raise BookRefused(_("There is a phone book {name} here already. Choose another name.", name=name))
    return name
