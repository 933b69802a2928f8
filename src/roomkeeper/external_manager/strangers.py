"""Who sends forwarding headers and is not trusted: noted by every process, kept in the database, so that the worker's
tickets, `roomkeeper doctor` and the pages know of it, whichever process saw it.

A request writes nothing: it notes its source in memory, and what is new is written every few seconds. Both are bounded.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import DatabaseError, transaction

from roomkeeper.installation.models import ForwardingStranger
from roomkeeper.jobs import clock
from roomkeeper.jobs.off_loop import off_loop

log = structlog.get_logger(__name__)

KEPT: Final = 20
WRITE_EVERY: Final = 5.0
# Somebody who goes on is written down again as often as this.
AGAIN_AFTER: Final = 600.0
FORGOTTEN_AFTER: Final = timedelta(hours=24)


class Strangers:
    """Those of this process: the newest `KEPT`, and which of them are to be written. Not for several threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        # When each was to be written last, the newest last.
        self._noted: dict[str, float] = {}
        self._due: dict[str, None] = {}

    def note(self, source: str) -> None:
        """A request with such headers came from there."""
        moment = self._now()
        if moment - self._noted.get(source, -AGAIN_AFTER) < AGAIN_AFTER:
            return
        self._noted.pop(source, None)
        self._noted[source] = moment
        self._due[source] = None
        while len(self._noted) > KEPT:
            first = next(iter(self._noted))
            del self._noted[first]
            self._due.pop(first, None)

    def take(self) -> list[str]:
        """Those that are to be written; they are not given again until they are noted anew."""
        taken, self._due = list(self._due), {}
        return taken

    def give_back(self, sources: Collection[str]) -> None:
        """They could not be written."""
        self._due |= {source: None for source in sources if source in self._noted}


NOTED: Final = Strangers()


def keep(sources: Collection[str], *, now: datetime) -> None:
    """Write them down as seen now; no more than the newest `KEPT` stay, and none for longer than a day."""
    with transaction.atomic():
        for source in sources:
            ForwardingStranger.objects.update_or_create(source=source[:45], defaults={"seen_at": now})
        newest = lately(now=now)
        ForwardingStranger.objects.exclude(source__in=newest).delete()


def lately(*, now: datetime) -> list[str]:
    """From where such requests came within a day, whichever process saw them, the newest first."""
    rows = ForwardingStranger.objects.filter(seen_at__gt=now - FORGOTTEN_AFTER)
    return list(rows.order_by("-seen_at", "source").values_list("source", flat=True)[:KEPT])


async def go_on_writing(stopping: asyncio.Event, noted: Strangers = NOTED) -> None:
    """Write what is noted, every few seconds until `stopping`."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), WRITE_EVERY)
        if sources := noted.take():
            try:
                await off_loop(_keep, sources)
            except DatabaseError as error:
                noted.give_back(sources)
                log.warning("who forwards without being trusted could not be noted", error=str(error)[:300])


def _keep(sources: Collection[str]) -> None:
    keep(sources, now=clock.measure())
