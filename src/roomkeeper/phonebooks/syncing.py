"""Sources read: when they are due, what came of it, and when a person is asked first."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from roomkeeper.jobs import clock, leases
from roomkeeper.phonebooks import mapping, sources, writing
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources import Reading, SourceFailed, csv_file, our_systems
from roomkeeper.phonebooks.writing import Entry, EntryRefused, nothing
from roomkeeper.systems.models import Folder
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

# Below so many entries nobody is asked whether some may go.
FEW: Final = 10
OUR_SYSTEMS_EVERY: Final = 5


def add_our_systems(book: PhoneBook, folder: Folder | None, *, now: datetime) -> Source:
    """Have all our systems in the folder (the book's own by default) stand in the book; raises `SourceFailed`."""
    if Source.objects.filter(book=book, kind=our_systems.NAME).exists():
        raise SourceFailed(_("{book} holds our systems already.", book=book))
    return Source.objects.create(
        book=book,
        kind=our_systems.NAME,
        name=_("Our systems"),
        settings={"folder": (folder or book.folder).pk},
        every=OUR_SYSTEMS_EVERY,
        due_at=now,
        shrink_limit=100,
    )


def import_csv(
    book: PhoneBook, text: str, *, may_shrink: bool, now: datetime, note: Callable[[], object] = nothing
) -> Source:
    """Replace what the last file brought into the book by what this one holds; raises `SourceFailed`. `note` as
    `apply` calls it."""
    entries, warnings = csv_file.read_entries(text)
    source = Source.objects.filter(book=book, kind=csv_file.NAME).first()
    if source is None:
        source = Source(book=book, kind=csv_file.NAME, name=_("CSV file"))
    apply(source, entries, may_shrink=may_shrink, now=now, note=note)
    source.result = " ".join([source.result, *warnings])[:500]
    source.save(update_fields=["result"])
    return source


def read_now(
    source: Source, *, may_shrink: bool = False, now: datetime, note: Callable[[], object] = nothing
) -> None:
    """Read the source and apply what it tells; raises `SourceFailed`, and then nothing has changed. `note` as `apply`
    calls it."""
    kind = sources.get_kind(source.kind)
    if kind.read is None:
        raise SourceFailed(_("{source} is filled by people; there is nothing to read.", source=source))
    reading = Reading(source.settings)
    entries = (mapping.entry_of(record, kind.mapping) for record in kind.read(reading))
    apply(source, entries, may_shrink=may_shrink, now=now, note=note)


def apply(
    source: Source,
    entries: Iterable[Entry],
    *,
    may_shrink: bool,
    now: datetime,
    note: Callable[[], object] = nothing,
) -> None:
    """Make the source's entries these; one that is new is kept with them. Raises `SourceFailed` where more would go at
    once than is allowed without a yes, and while somebody else does it; what stands stays then. `note` is called
    inside the first of the transactions that write."""
    if source.pk is not None:
        source.refresh_from_db(fields=["generation", "entry_count"])
    try:
        found = writing.difference(source, map(writing.usable, entries))
    except EntryRefused as refusal:
        raise SourceFailed(str(refusal)) from refusal
    gone, stood = len(found.removed), source.entry_count
    if gone > FEW and stood and gone * 100 > source.shrink_limit * stood and not may_shrink:
        Source.objects.filter(pk=source.pk).update(awaits_yes=True)
        raise SourceFailed(
            _(
                "{gone} of {stood} entries of {source} would go, which is more than {limit} per cent. What stands was"
                " kept. If they are meant to go, read it again and allow that.",
                gone=gone,
                stood=stood,
                source=source,
                limit=source.shrink_limit,
            )
        )
    with _only_reader(source, note) as go_on:
        if not found.is_nothing:
            writing.write(source, found, now=now, go_on=go_on)
        source.read_at = source.good_at = now
        source.problem, source.awaits_yes = "", False
        source.result = _(
            "{added} added, {changed} changed, {gone} removed, {same} as they were.",
            added=len(found.added),
            changed=len(found.replaced),
            gone=gone,
            same=found.unchanged,
        )
        source.due_at = now + timedelta(minutes=source.every) if source.every else None
        source.save(update_fields=["read_at", "good_at", "problem", "awaits_yes", "result", "due_at"])


@contextmanager
def _only_reader(source: Source, note: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """The right to write what the source tells, which is written in many transactions; raises `SourceFailed` while
    somebody else has it, and where the source is not as it was looked at. Gives what keeps the right."""
    holder, renewed = leases.holder_name(), time.monotonic()

    def take() -> None:
        if not leases.take(f"phone book source:{source.pk}", holder, now=clock.measure()):
            raise _being_read(source)

    def go_on() -> None:
        nonlocal renewed
        if time.monotonic() - renewed > leases.RENEW_SECONDS:
            take()
            renewed = time.monotonic()

    with transaction.atomic():
        _keep(source)
        take()
        if not Source.objects.filter(pk=source.pk, generation=source.generation).exists():
            raise _being_read(source)
        note()
    try:
        yield go_on
    finally:
        leases.release(f"phone book source:{source.pk}", holder)


def _keep(source: Source) -> None:
    """Keep one that is new, unless another of its kind was made meanwhile."""
    if source.pk is not None:
        return
    PhoneBook.objects.select_for_update(of=("self",)).get(pk=source.book_id)
    if Source.objects.filter(book=source.book_id, kind=source.kind).exists():
        raise _being_read(source)
    source.save()


def _being_read(source: Source) -> SourceFailed:
    return SourceFailed(_("{source} is being read at this moment. Try again in a minute.", source=source))


def read_due(*, now: datetime) -> int:
    """Scheduled until it returns 0: read the next source that is due."""
    source = (
        Source.objects.filter(Q(due_at__lte=now)).select_related("book__folder").order_by("due_at").first()
    )
    if source is None:
        return 0
    try:
        read_now(source, now=now)
    except SourceFailed as failure:
        log.warning("phone book source failed", source=source.pk, problem=str(failure)[:300])
        _put_off(source, str(failure), now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # A fault of ours with one source is not to hold up those that are due after it.
        log.exception("phone book source could not be read", source=source.pk)
        _put_off(source, _("It could not be read because of a fault in Roomkeeper; the log says which."), now)
    return 1


def _put_off(source: Source, problem: str, now: datetime) -> None:
    source.read_at, source.problem = now, problem[:1000]
    source.due_at = now + timedelta(minutes=max(source.every, 1))
    source.save(update_fields=["read_at", "problem", "due_at"])
