"""Background work of a process: a thread with its own loop runs the schedule and the probes."""

import asyncio
import functools
import threading
from datetime import UTC, datetime

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from roomkeeper.jobs import schedule
from roomkeeper.systems import probing

log = structlog.get_logger(__name__)

TICK = 0.5


class Background:
    """Runs until stopped; a failing round is logged and the next one tried."""

    def __init__(self) -> None:
        self._holder = schedule.holder_name()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round in hand."""
        self._stopping.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        asyncio.run(self._rounds())

    async def _rounds(self) -> None:
        probes: set[asyncio.Task[int]] = set()
        while not self._stopping.is_set():
            now = datetime.now(UTC)
            # A long look at silent hosts must not hold up the schedule.
            task = asyncio.create_task(probing.probe_due(now=now))
            probes.add(task)
            task.add_done_callback(functools.partial(_ended, probes))
            try:
                await sync_to_async(self._tick, thread_sensitive=False)(now)
            except DatabaseError as error:
                log.error("background work waits for the database", error=str(error)[:300])
            await asyncio.sleep(TICK)

    def _tick(self, now: datetime) -> None:
        try:
            if schedule.take_lease(self._holder, now=now):
                schedule.run_due(now=now, may_go_on=self._keeps_lease)
        finally:
            connection.close()

    def _keeps_lease(self) -> bool:
        return schedule.take_lease(self._holder, now=datetime.now(UTC))


def _ended(probes: set[asyncio.Task[int]], task: asyncio.Task[int]) -> None:
    probes.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("probes wait for the database", error=str(error)[:300])
