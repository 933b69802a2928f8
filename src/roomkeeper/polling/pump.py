"""The pump of polls: as many systems as may be asked at a time are being asked, and what comes is kept in batches.

One call of a process does the work while there is some; the calls in between find it busy and leave. A poll holds its
place until its outcome is stored, so that no more documents are in memory than polls are allowed at a time.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog

from roomkeeper.jobs import clock
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.polling import asking, claiming, results
from roomkeeper.polling.asking import AskedSystem
from roomkeeper.polling.claiming import RENEW_EVERY, PollTask
from roomkeeper.provisioning.reading import KEPT_AT_ONCE

log = structlog.get_logger(__name__)

WRITE_EVERY: Final = 0.2
LOOK_EVERY: Final = 0.5
# Systems that did not answer wait beside the others, and take none of their places.
SILENT_AT_ONCE: Final = 20


class Poller:
    """The polls of one process."""

    def __init__(self) -> None:
        self._is_busy = False
        self._held: dict[int, PollTask] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._unwritten: list[AskedSystem] = []
        self._is_full = asyncio.Event()
        self.most_held = 0

    async def run(self) -> int:
        """Poll until nothing is due, and return how many were asked; 0 at once where another call is at it."""
        if self._is_busy:
            return 0
        self._is_busy, self._is_full = True, asyncio.Event()
        try:
            return await self._run()
        finally:
            for task in self._asking:
                task.cancel()
            await asyncio.gather(*self._asking, return_exceptions=True)
            self._held.clear()
            self._unwritten.clear()
            self._is_busy = False

    async def _run(self) -> int:
        done = 0
        looked_at = renewed_at = time.monotonic() - LOOK_EVERY
        is_more = True
        while True:
            now = time.monotonic()
            if is_more or now - looked_at >= LOOK_EVERY:
                is_more, looked_at = await self._take(), now
            if not self._held:
                return done
            if now - renewed_at >= RENEW_EVERY.total_seconds():
                renewed_at = now
                await off_loop(claiming.renew, list(self._held), now=clock.now())
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITE_EVERY):
                    await self._is_full.wait()
            done += await self._write()

    async def _take(self) -> bool:
        """Claim what there are places for and begin to ask. Whether more may be due than was taken."""
        held = list(self._held.values())
        silent = sum(task.was_silent for task in held)
        taken = await off_loop(
            claiming.claim_free,
            answering=len(held) - silent,
            silent=silent,
            silent_at_most=SILENT_AT_ONCE,
            busy_networks=Counter(task.network for task in held),
            now=clock.now(),
        )
        for task in taken.tasks:
            # One that is still held here had its claim run out; it is not asked twice at a time.
            if task.system_id not in self._held:
                self._held[task.system_id] = task
                asking_it = asyncio.create_task(self._ask(task))
                self._asking.add(asking_it)
                asking_it.add_done_callback(self._asking.discard)
        self.most_held = max(self.most_held, len(self._held))
        return taken.is_more

    async def _ask(self, task: PollTask) -> None:
        try:
            asked = await asking.ask(task)
        except Exception:
            # Its claim runs out, and it is asked again.
            log.exception("a poll failed with an internal error", system=task.system_id)
            self._held.pop(task.system_id, None)
            return
        self._unwritten.append(asked)
        if len(self._unwritten) >= KEPT_AT_ONCE:
            self._is_full.set()

    async def _write(self) -> int:
        """Keep what has come, and give its places free."""
        self._is_full.clear()
        written = 0
        while batch := self._unwritten[:KEPT_AT_ONCE]:
            del self._unwritten[: len(batch)]
            await off_loop(results.store, batch, now=clock.now())
            for asked in batch:
                self._held.pop(asked.system_id, None)
            written += len(batch)
            if len(self._unwritten) < KEPT_AT_ONCE:
                break
        return written


_poller = Poller()


async def poll_due(*, now: datetime) -> int:
    """Poll what is due, until nothing is; returns how many systems were asked."""
    return await _poller.run()
