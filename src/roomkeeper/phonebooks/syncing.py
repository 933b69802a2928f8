"""Sources read: when they are due, what came of it, and when a person is asked first."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Q

from roomkeeper.phonebooks import sources, writing
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources import SourceFailed, csv_file, our_systems
from roomkeeper.phonebooks.writing import Entry, EntryRefused
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


def import_csv(book: PhoneBook, text: str, *, may_shrink: bool, now: datetime) -> Source:
    """Replace what the last file brought into the book by what this one holds; raises `SourceFailed`."""
    entries, warnings = csv_file.read_entries(text)
    source, _is_new = Source.objects.get_or_create(
        book=book, kind=csv_file.NAME, defaults={"name": _("CSV file")}
    )
    apply(source, entries, may_shrink=may_shrink, now=now)
    source.result = " ".join([source.result, *warnings])[:500]
    source.save(update_fields=["result"])
    return source


def read_now(source: Source, *, may_shrink: bool = False, now: datetime) -> None:
    """Read the source and apply what it tells; raises `SourceFailed`, and then nothing has changed."""
    kind = sources.get_kind(source.kind)
    if kind.read is None:
        raise SourceFailed(_("{source} is filled by people; there is nothing to read.", source=source))
    apply(source, kind.read(source), may_shrink=may_shrink, now=now)


def apply(source: Source, entries: Iterable[Entry], *, may_shrink: bool, now: datetime) -> None:
    """Make the source's entries these. Raises `SourceFailed` where more would go at once than is allowed without a
    yes; what stands stays then."""
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
    if not found.is_nothing:
        writing.write(source, found, now=now)
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
        source.read_at, source.problem = now, str(failure)[:1000]
        source.due_at = now + timedelta(minutes=max(source.every, 1))
        source.save(update_fields=["read_at", "problem", "due_at"])
        log.warning("phone book source failed", source=source.pk, problem=str(failure)[:300])
    return 1
