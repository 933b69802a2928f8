"""Telling open pages that something changed: rows in `ChangeEvent`, and a wake-up inside this process (rule R9)."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.db.models import Max, Min

from roomkeeper.systems.models import ChangeEvent, System

# Other processes are noticed by looking; in this one the wake-up comes at once.
LOOK_EVERY = 1.0


class _Bell:
    """Wakes every waiting stream of this process, from whichever thread it is rung."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def ring(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for loop, event in waiting:
            # A stream's loop may end at this very moment; then nobody is left to be woken.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

    @contextlib.contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """An event that is set at every ring; whoever listens clears it before looking, so that none is missed."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.add(entry)
        try:
            yield entry[1]
        finally:
            with self._lock:
                self._waiting.discard(entry)


_bell = _Bell()


def publish(topic: str, system: System | None = None, folder_path: str = "") -> None:
    """Note a change for open pages, in the caller's transaction; they hear of it after the commit.

    Topics: system, systems (the list), inbox, change_set, ticket, network_settings, job.
    """
    if system is not None:
        folder_path = system.folder.path
    ChangeEvent.objects.create(topic=topic, system_id=system.pk if system else None, folder_path=folder_path)
    transaction.on_commit(_bell.ring)


def publish_many(events: list[tuple[str, int | None, str]]) -> None:
    """The same for many (topic, system id, folder path) at once, for whoever writes sets."""
    if events:
        ChangeEvent.objects.bulk_create(
            [ChangeEvent(topic=topic, system_id=system, folder_path=path) for topic, system, path in events]
        )
        transaction.on_commit(_bell.ring)


def publish_job(*, job: Any, **_: Any) -> None:
    """A job has moved on; who may see its folder hears of it. Connected to `jobs.work.changed`."""
    publish_many([("job", job.pk, job.folder_path)])


def latest_id(*, before: datetime | None = None) -> int:
    """The newest event's id, or the newest of those that were written before then; to start listening from."""
    newest = ChangeEvent.objects.aggregate(newest=Max("id"))["newest"] or 0
    if before is None or not newest:
        return newest
    # Ids grow with time, but for writers at the same moment.
    later = ChangeEvent.objects.filter(at__gte=before).aggregate(first=Min("id"))["first"]
    return newest if later is None else later - 1


async def events_after(last_id: int, *, idle: float = 15.0) -> AsyncIterator[list[ChangeEvent]]:
    """Batches of events newer than `last_id`, as they come; an empty batch about every `idle` seconds of silence."""
    quiet = 0.0
    with _bell.listen() as rung:
        while True:
            rung.clear()
            batch = await sync_to_async(_newer, thread_sensitive=False)(last_id)
            if batch:
                last_id, quiet = batch[-1].pk, 0.0
                yield batch
            elif quiet >= idle:
                quiet = 0.0
                yield []
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await rung.wait()
            quiet += LOOK_EVERY


def _newer(last_id: int) -> list[ChangeEvent]:
    try:
        return list(ChangeEvent.objects.filter(id__gt=last_id).order_by("id")[:500])
    finally:
        connection.close()
