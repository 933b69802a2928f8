"""Background work of a process: a thread with its own loop runs the schedule, the pumps and the durable engine."""

import asyncio
import threading
from datetime import UTC, datetime

import structlog
from django.db import DatabaseError

from roomkeeper.jobs import leases, schedule
from roomkeeper.jobs.engine import Engine
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.pumps import Pumping
from roomkeeper.systems import device_access

log = structlog.get_logger(__name__)

TICK = 0.5
START_AGAIN = 5.0


class Background:
    """Runs until stopped; a failing round is logged and the next one tried."""

    def __init__(self) -> None:
        self._holder = leases.holder_name()
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
        async with device_access.open_transport():
            await asyncio.gather(self._keep_schedule(), self._keep_pumping(), self._keep_jobs())

    async def _keep_schedule(self) -> None:
        while not self._stopping.is_set():
            try:
                await off_loop(self._tick, datetime.now(UTC))
            except DatabaseError as error:
                log.error("background work waits for the database", error=str(error)[:300])
            await asyncio.sleep(TICK)

    async def _keep_pumping(self) -> None:
        pumping = Pumping()
        while not self._stopping.is_set():
            pumping.tick()
            await asyncio.sleep(TICK)
        await pumping.stop()

    async def _keep_jobs(self) -> None:
        engine = Engine()
        if not await self._start(engine):
            return
        while not self._stopping.is_set():
            try:
                await off_loop(engine.sweep)
            except Exception:
                log.exception("jobs wait for the database")
            await asyncio.sleep(TICK)
        await off_loop(engine.stop)

    async def _start(self, engine: Engine) -> bool:
        while not self._stopping.is_set():
            try:
                await off_loop(engine.start, asyncio.get_running_loop())
            except Exception:
                log.exception("jobs wait for the database")
                await asyncio.sleep(START_AGAIN)
            else:
                return True
        return False

    def _tick(self, now: datetime) -> None:
        if schedule.take_lease(self._holder, now=now):
            schedule.run_due(now=now, may_go_on=self._keeps_lease)

    def _keeps_lease(self) -> bool:
        return schedule.take_lease(self._holder, now=datetime.now(UTC))
