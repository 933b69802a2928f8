"""Background work of a process: a thread with its own loop runs the schedule, the pumps and the durable engine."""

import asyncio
import contextlib
import threading
import time

import structlog
from django.db import DatabaseError

from roomkeeper.jobs import clock, leases, replanning, schedule
from roomkeeper.jobs.engine import Engine
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.pumps import Pumping
from roomkeeper.systems.contact import device_access

log = structlog.get_logger(__name__)

TICK = 0.5
START_AGAIN = 5.0


class Background:
    """Runs until stopped; a failing round is logged and the next one tried."""

    def __init__(self) -> None:
        self._holder = leases.holder_name()
        self._watch = clock.Watch()
        self._is_planned = False
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
                await off_loop(self._tick)
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
            except DatabaseError as error:
                log.error("jobs wait for the database", error=_in_one_line(error))
            except Exception:
                log.exception("jobs could not be looked after")
            await asyncio.sleep(TICK)
        await off_loop(engine.stop)

    async def _start(self, engine: Engine) -> bool:
        """Try until it runs. Each reason is told once, in one line; the checks see it in the worker's row."""
        told = ""
        while not self._stopping.is_set():
            try:
                await off_loop(engine.start, asyncio.get_running_loop())
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again and told in one line
                problem = _in_one_line(error)
                if problem != told:
                    log.error("the job engine cannot start", error=problem, again_in_seconds=START_AGAIN)
                    told = problem
                with contextlib.suppress(DatabaseError):
                    await off_loop(engine.tell_problem, problem, now=clock.now())
                await self._pause(START_AGAIN)
            else:
                if told:
                    log.info("the job engine runs now")
                return True
        return False

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and time.monotonic() < until:
            await asyncio.sleep(TICK)

    def _tick(self) -> None:
        now, moment = clock.measure(), time.monotonic()
        step = self._watch.step(now, moment)
        if step is not None:
            log.warning("the clock was set", by_seconds=round(step.total_seconds()))
            self._is_planned = False
        if not schedule.take_lease(self._holder, now=now):
            # Whoever has the schedule next looks at its times first.
            self._is_planned = False
            return
        if not self._is_planned:
            replanning.replan(now=now)
            self._is_planned = True
        schedule.run_due(now=now, moment=moment, may_go_on=self._keeps_lease)

    def _keeps_lease(self) -> bool:
        return schedule.take_lease(self._holder, now=clock.measure())


def _in_one_line(error: Exception) -> str:
    """What went wrong, without the statement that SQLAlchemy adds below it."""
    return " ".join(str(error).split("[SQL:")[0].split())[:300] or type(error).__name__
