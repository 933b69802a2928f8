"""Entries written: differences under the next generation of their source, shown all at once.

Short transactions only (rule R9): while 50,000 are written, rooms search and systems post.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import F

from roomkeeper.phonebooks import dialling, index, words
from roomkeeper.phonebooks.models import FOREVER, NAME_LIMIT, Contact, Source
from roomkeeper.systems import live
from roomkeeper.words import gettext as _

_T = TypeVar("_T")
AT_ONCE: Final = 100
METHODS: Final = 10
_ADDRESS: Final = 255
# Somebody may be turning pages behind an entry that has gone.
KEPT: Final = timedelta(hours=1)


class EntryRefused(ValueError):
    """The entry cannot be kept; `field` names what is wrong where it is one thing."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as a source tells it. `key` is what the source calls it; `methods` are (kind, address, bandwidth)."""

    key: str
    name: str
    methods: tuple[tuple[str, str, str], ...] = ()
    note: str = ""
    system_id: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a reading brought: all entries of the source, or where it `is_partial` those that changed and the keys of
    those that are `gone`. Entries with keys that are `kept` stay as they stand. `memory` is what the source noted."""

    entries: Iterable[Entry]
    gone: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    is_partial: bool = False
    memory: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What a reading changes: entries to add, versions to replace, versions to remove, and how many stay."""

    added: Sequence[Entry]
    replaced: Sequence[tuple[int, int, Entry]]
    removed: Sequence[int]
    unchanged: int

    @property
    def is_nothing(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.replaced or self.removed)


def usable(entry: Entry) -> Entry:
    """The entry as it is kept; raises `EntryRefused`."""
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in entry.name).split())[:NAME_LIMIT]
    if not name:
        raise EntryRefused(_("An entry needs a name."), "name")
    methods: dict[tuple[str, str], tuple[str, str, str]] = {}
    for kind, address, call_type in entry.methods:
        text = "".join(sign for sign in address.strip() if sign.isprintable())
        if kind not in dialling.PROTOCOLS:
            raise EntryRefused(
                _("{name}: {kind!r} is not a kind of address.", name=name, kind=kind), "methods"
            )
        if call_type and call_type not in dialling.CALL_TYPES:
            known = ", ".join(dialling.CALL_TYPES)
            raise EntryRefused(
                _(
                    "{name}: {given!r} is not a bandwidth class; use one of {known}.",
                    name=name,
                    given=call_type,
                    known=known,
                ),
                "methods",
            )
        if len(text) > _ADDRESS:
            raise EntryRefused(
                _("{name}: an address has at most {most} characters.", name=name, most=_ADDRESS), "methods"
            )
        if text:
            methods.setdefault((kind, text), (kind, text, call_type))
    if len(methods) > METHODS:
        raise EntryRefused(
            _("{name}: an entry has at most {most} addresses.", name=name, most=METHODS), "methods"
        )
    note = " ".join("".join(sign if sign.isprintable() else " " for sign in entry.note).split())[:255]
    return Entry(entry.key[:255], name, tuple(methods.values()), note, entry.system_id)


def difference(source: Source, told: Told) -> Difference:
    """What a reading changes. Of several with one key the first counts."""
    standing = {
        key: (pk, number, name, note, methods, system_id)
        for pk, number, key, name, note, methods, system_id in Contact.objects.filter(
            source=source.pk, since__lte=source.generation, until__gt=source.generation
        )
        .values_list("id", "number", "key", "name", "note", "methods", "system_id")
        .iterator(2_000)
    }
    added, replaced, seen = [], [], set()
    for entry in told.entries:
        if entry.key in seen:
            continue
        seen.add(entry.key)
        found = standing.get(entry.key)
        if found is None:
            added.append(entry)
        elif (found[2], found[3], found[5]) != (entry.name, entry.note, entry.system_id) or [
            tuple(one) for one in found[4]
        ] != list(entry.methods):
            replaced.append((found[0], found[1], entry))
    removed = [
        found[0]
        for key, found in standing.items()
        if key not in seen and key not in told.kept and (key in told.gone or not told.is_partial)
    ]
    unchanged = len(standing) - len(replaced) - len(removed)
    return Difference(added, replaced, removed, unchanged)


def nothing() -> None:
    """Nobody wants to hear of it."""


def write(
    source: Source,
    found: Difference,
    *,
    now: datetime,
    go_on: Callable[[], object] = nothing,
) -> None:
    """Write a difference under the next generation, some entries a transaction, and then show it. `go_on` is called
    before each part."""
    go_on()
    forget_unfinished(source)
    generation = source.generation + 1
    gone = [*found.removed, *(pk for pk, _, _ in found.replaced)]
    for ids in _parts(gone):
        go_on()
        with transaction.atomic():
            Contact.objects.filter(pk__in=ids).update(until=generation, gone_at=now)
    fresh = [
        *((0, entry) for entry in found.added),
        *((number, entry) for _, number, entry in found.replaced),
    ]
    for part in _parts(fresh):
        go_on()
        with transaction.atomic():
            _create(source, part, generation)
    with transaction.atomic():
        _show(source, generation, len(found.added) - len(found.removed))


def add_typed(source: Source, entry: Entry) -> Contact:
    """A new entry at once, inside the caller's transaction."""
    source = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
    made = _create(source, [(0, entry)], source.generation)
    _show(source, source.generation, 1)
    return made[0]


def change_typed(contact: Contact, entry: Entry) -> None:
    """Another content of an entry at once, inside the caller's transaction."""
    index.remove([contact.pk])
    _fill(contact, entry)
    contact.save()
    index.add([contact])
    live.publish("phone_books")


def remove_typed(contact: Contact, *, now: datetime) -> None:
    """Take an entry out at once, inside the caller's transaction."""
    contact.until, contact.gone_at = contact.source.generation, now
    contact.save(update_fields=["until", "gone_at"])
    _show(contact.source, contact.source.generation, -1)


def forget_unfinished(source: Source) -> None:
    """Take back what a reading wrote that was never shown."""
    while ids := list(
        Contact.objects.filter(source=source, since__gt=source.generation).values_list("id", flat=True)[
            :AT_ONCE
        ]
    ):
        with transaction.atomic():
            index.remove(ids)
            Contact.objects.filter(pk__in=ids).delete()
    while ids := list(
        Contact.objects.filter(source=source, until__gt=source.generation, until__lt=FOREVER).values_list(
            "id", flat=True
        )[:AT_ONCE]
    ):
        with transaction.atomic():
            Contact.objects.filter(pk__in=ids).update(until=FOREVER, gone_at=None)


def forget_deleted(*, now: datetime) -> int:
    """Scheduled until it returns 0: delete some entries of a source that was deleted, and then the source."""
    source = Source.objects.filter(book__isnull=True).order_by("id").first()
    if source is None:
        return 0
    ids = list(Contact.objects.filter(source=source).values_list("id", flat=True)[:AT_ONCE])
    with transaction.atomic():
        index.remove(ids)
        Contact.objects.filter(pk__in=ids).delete()
        if not ids:
            source.delete()
    return 1


def forget_gone(*, now: datetime) -> int:
    """Scheduled until it returns 0: delete some of what went more than an hour ago."""
    rows = Contact.objects.filter(gone_at__lt=now - KEPT, until__lte=F("source__generation"))
    ids = list(rows.values_list("id", flat=True)[:AT_ONCE])
    if ids:
        with transaction.atomic():
            index.remove(ids)
            Contact.objects.filter(pk__in=ids).delete()
    return len(ids)


def _create(source: Source, entries: Sequence[tuple[int, Entry]], generation: int) -> list[Contact]:
    made = Contact.objects.bulk_create(
        _fill(Contact(source=source, number=number, key=entry.key, since=generation), entry)
        for number, entry in entries
    )
    fresh = [one for one in made if not one.number]
    if fresh:
        Contact.objects.filter(pk__in=[one.pk for one in fresh]).update(number=F("id"))
        for one in fresh:
            one.number = one.pk
            if not one.key:
                one.key = str(one.pk)
        Contact.objects.bulk_update([one for one in fresh if one.key == str(one.pk)], ["key"])
    index.add(made)
    return made


def _fill(contact: Contact, entry: Entry) -> Contact:
    contact.name, contact.sort_name, contact.note = entry.name, words.sort_name(entry.name), entry.note
    contact.methods = [list(method) for method in entry.methods]
    contact.dial_key, contact.protocols = (
        dialling.dial_key(entry.methods),
        dialling.protocols_of(entry.methods),
    )
    contact.words = words.words_of(entry.name, (method[1] for method in entry.methods), entry.note)
    contact.system_id = entry.system_id
    return contact


def _show(source: Source, generation: int, more: int) -> None:
    Source.objects.filter(pk=source.pk).update(generation=generation, entry_count=F("entry_count") + more)
    source.refresh_from_db(fields=["generation", "entry_count"])
    live.publish("phone_books")


def _parts(rows: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for at in range(0, len(rows), AT_ONCE):
        yield rows[at : at + AT_ONCE]
