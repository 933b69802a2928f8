"""What a source told, applied: what came of it, when a person is asked first, and when it is read next."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, transaction

from roomkeeper.jobs import clock, leases
from roomkeeper.phonebooks import reading, sources, writing
from roomkeeper.phonebooks.collecting import without_full_collections
from roomkeeper.phonebooks.mapping import Pairs
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources import SourceFailed
from roomkeeper.phonebooks.writing import Entry, EntryRefused, Told, nothing
from roomkeeper.systems import findings, live
from roomkeeper.systems.findings import Finding
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

log = structlog.get_logger(__name__)

# Below so many entries nobody is asked whether some may go.
FEW: Final = 10
# How long a reading may take.
LONGEST: Final = timedelta(minutes=20)
# How often a reading looks whether it is still wanted, and tells how far it is.
LOOK_SECONDS: Final = 1.0
# One that gives no sign of life for so long is over.
DEAD: Final = timedelta(minutes=5)
# After a failure: first so soon, and each time twice as late, but no later than this or the usual interval.
RETRY: Final = timedelta(minutes=5)
RETRY_LATEST: Final = timedelta(hours=1)
TICKET: Final = "phone book source"
_NAMED: Final = 5


class Stopped(SourceFailed):
    """Somebody stopped the reading, or the source was deleted; that is no failure of the source."""


def import_file(
    book: PhoneBook,
    kind_name: str,
    data: bytes,
    *,
    pairs: Pairs = (),
    may_shrink: bool,
    now: datetime,
    note: Callable[[], object] = nothing,
) -> Source:
    """Replace what the last file of that kind brought into the book by what this one holds; raises `SourceFailed`.
    `note` as `apply` calls it."""
    kind = sources.get_kind(kind_name)
    source = Source.objects.filter(book=book, kind=kind_name).first()
    if source is None:
        source = Source(book=book, kind=kind_name, name=_(kind.label))
    if pairs:
        source.mapping = [list(pair) for pair in pairs]
    with without_full_collections():
        told = reading.read_file(kind, data, source.mapping)
        apply_told(source, told, may_shrink=may_shrink, now=now, note=note)
    return source


def read_now(
    source: Source,
    *,
    may_shrink: bool = False,
    now: datetime,
    note: Callable[[], object] = nothing,
    holder: str = "",
) -> None:
    """Read the source and apply what it tells; raises `SourceFailed`, and then nothing has changed. `note` as `apply`
    calls it; `holder` has the right to read it already."""
    _find_out(source)
    with without_full_collections():
        told = reading.read_source(source, _Watch(source))
        apply_told(source, told, may_shrink=may_shrink, now=now, note=note, holder=holder)


def apply(
    source: Source,
    entries: Iterable[Entry],
    *,
    may_shrink: bool,
    now: datetime,
    note: Callable[[], object] = nothing,
) -> None:
    """Make the source's entries these, as `apply_told` does; raises `SourceFailed` for one that cannot be kept, too."""
    _find_out(source)
    try:
        told = Told([writing.usable(entry) for entry in entries])
    except EntryRefused as refusal:
        raise SourceFailed(str(refusal)) from refusal
    apply_told(source, told, may_shrink=may_shrink, now=now, note=note)


def apply_told(
    source: Source,
    told: Told,
    *,
    may_shrink: bool,
    now: datetime,
    note: Callable[[], object] = nothing,
    holder: str = "",
) -> None:
    """Apply what a reading brought; a source that is new is kept with it. Raises `SourceFailed` where more would go at
    once than is allowed without a yes, while somebody else does it, and where the source was deleted; what stands
    stays then. `note` is called inside the first of the transactions that write."""
    if source.pk is not None:
        _look_again(source)
    found = writing.difference(source, told)
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
    with _only_reader(source, note, holder) as go_on:
        if not found.is_nothing:
            writing.write(source, found, now=now, go_on=go_on)
        source.read_at = source.good_at = now
        source.problem, source.awaits_yes, source.may_shrink, source.failures = "", False, False, 0
        source.result = _(
            "{added} added, {changed} changed, {gone} removed, {same} as they were.",
            added=len(found.added),
            changed=len(found.replaced),
            gone=gone,
            same=found.unchanged,
        )
        source.warnings, source.memory = [one[:500] for one in told.warnings], dict(told.memory)
        source.due_at = usual_time(source, now)
        # Last: what was noted is only true of what is shown.
        source.save(
            update_fields=[
                *(
                    "read_at",
                    "good_at",
                    "problem",
                    "awaits_yes",
                    "may_shrink",
                    "failures",
                    "result",
                    "warnings",
                ),
                *("memory", "mapping", "due_at"),
            ]
        )
    tell()


def _find_out(source: Source) -> None:
    """How the source stands before it is read; raises `Stopped` where it was deleted."""
    found = Source.objects.filter(pk=source.pk, book__isnull=False).first()
    if found is None:
        raise Stopped(_("{source} was deleted meanwhile. Nothing was changed.", source=source))
    source.generation, source.entry_count = found.generation, found.entry_count


def _look_again(source: Source) -> None:
    """Raises `SourceFailed` where somebody else has written it since, and `Stopped` where it was deleted."""
    generation = source.generation
    _find_out(source)
    if source.generation != generation:
        raise _being_read(source)


@contextmanager
def _only_reader(
    source: Source, note: Callable[[], object], holder: str = ""
) -> Iterator[Callable[[], None]]:
    """The right to write what the source tells, which is written in many transactions; raises `SourceFailed` while
    somebody else has it, and where the source is not as it was looked at. Gives what keeps the right."""
    is_own, renewed = not holder, time.monotonic()
    holder = holder or leases.holder_name()

    def take() -> None:
        if not leases.take(lease_of(source.pk), holder, now=clock.measure()):
            raise _being_read(source)

    def go_on() -> None:
        nonlocal renewed
        _look_again(source)
        if time.monotonic() - renewed > leases.RENEW_SECONDS:
            take()
            Source.objects.filter(pk=source.pk, reading_at__isnull=False).update(reading_at=clock.now())
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
        if is_own:
            leases.release(lease_of(source.pk), holder)


def lease_of(source_id: int) -> str:
    """The name of the right to read a source."""
    return f"phone book source:{source_id}"


def _keep(source: Source) -> None:
    """Keep one that is new, unless another of its kind was made meanwhile."""
    if source.pk is not None:
        return
    if PhoneBook.objects.select_for_update(of=("self",)).filter(pk=source.book_id).first() is None:
        raise Stopped(_("The phone book was deleted meanwhile. Nothing was changed."))
    if Source.objects.filter(book=source.book_id, kind=source.kind).exists():
        raise _being_read(source)
    source.save()


def _being_read(source: Source) -> SourceFailed:
    return SourceFailed(_("{source} is being read at this moment. Try again in a minute.", source=source))


# When it is read


class _Watch:
    """Looks while a source is read whether that is still wanted, and tells how far it is."""

    def __init__(self, source: Source) -> None:
        self._source, self._next = source, 0.0
        self._until = time.monotonic() + LONGEST.total_seconds()

    def __call__(self, count: int) -> None:
        """Raises `Stopped`, or `SourceFailed` where it takes too long."""
        moment = time.monotonic()
        if moment < self._next:
            return
        self._next = moment + LOOK_SECONDS
        if moment > self._until:
            raise SourceFailed(
                _(
                    "{source} told {count:,} records in {minutes} minutes and had more. What stands was kept. Narrow"
                    " the source, or make several.",
                    source=self._source,
                    count=count,
                    minutes=int(LONGEST.total_seconds() // 60),
                )
            )
        rows = Source.objects.filter(pk=self._source.pk, book__isnull=False, is_to_stop=False)
        if not rows.update(reading_at=clock.now(), records_read=count):
            raise Stopped(_("The reading was stopped. What stands was kept."))
        live.publish("phone_books")


def find_due(now: datetime) -> Source | None:
    """The source that has been due longest and is not being read."""
    rows = Source.objects.filter(due_at__lte=now, book__isnull=False)
    return rows.exclude(reading_at__gt=now - DEAD).select_related("book__folder").order_by("due_at").first()


def read_due(*, now: datetime) -> int:
    """Read the next source that is due; 0 where there is none."""
    source = find_due(now)
    if source is not None:
        read_one(source, now=now)
    return int(source is not None)


def read_one(source: Source, *, now: datetime, holder: str = "") -> None:
    """Read the source, and note where it cannot be."""
    started = Source.objects.filter(pk=source.pk, book__isnull=False)
    started.update(reading_at=clock.now(), records_read=0, is_to_stop=False)
    try:
        read_now(source, may_shrink=source.may_shrink, now=now, holder=holder)
    except Stopped as stopped:
        started.update(result=str(stopped)[:500], due_at=usual_time(source, now))
    except SourceFailed as failure:
        log.warning("phone book source failed", source=source.pk, problem=str(failure)[:300])
        _put_off(source, str(failure), now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # A fault of ours with one source is not to hold up those that are due after it.
        log.exception("phone book source could not be read", source=source.pk)
        _put_off(source, _("It could not be read because of a fault in Roomkeeper; the log says which."), now)
    finally:
        Source.objects.filter(pk=source.pk).update(reading_at=None)
        live.publish("phone_books")


def usual_time(source: Source, now: datetime) -> datetime | None:
    """When it is read next after a good reading; None where somebody has to ask."""
    return now + timedelta(minutes=source.every) if source.every and source.is_on else None


def _put_off(source: Source, problem: str, now: datetime) -> None:
    usual = usual_time(source, now)
    failures = min(source.failures + 1, 1_000)
    later = min(RETRY * 2 ** min(failures - 1, 12), max(timedelta(minutes=source.every), RETRY_LATEST))
    Source.objects.filter(pk=source.pk).update(
        read_at=now,
        problem=problem[:1000],
        failures=failures,
        may_shrink=False,
        due_at=now + later if usual is not None else None,
    )
    tell()


def tell() -> None:
    """Have one ticket open while sources cannot be read, and none else."""
    failing = (
        Source.objects.filter(book__isnull=False).exclude(problem="").select_related("book").order_by("id")
    )
    named = [f"{one} ({one.book}): {one.problem}" for one in failing[:_NAMED]]
    if not named:
        with transaction.atomic():
            findings.clear(TICKET, None, _("All sources of phone books are read."))
        return
    count = failing.count()
    words = ngettext(
        "{count} phone book source was not read. {named}",
        "{count} phone book sources were not read. {named}",
        count,
        named=" ".join(named),
    )
    advice = _("What stands was kept. Look at Phone books > Sources: correct the source and read it again.")
    if failing.filter(awaits_yes=True).exists():
        advice += " " + _("Where entries are meant to go, choose Read now there and allow that.")
    with transaction.atomic():
        findings.report(Finding(TICKET, None, words, advice))


def note_settings(source: Source) -> None:
    """What belongs to the former settings of a source no longer holds: its problem, and the wait for a yes."""
    source.problem, source.awaits_yes, source.failures = "", False, 0
    source.save(update_fields=["problem", "awaits_yes", "failures"])
    tell()
