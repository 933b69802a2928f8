"""Work that workers look for all the time: probes that are due, polls that are due.

A pump is an asynchronous function that takes what is due, a bounded number at a time, does it and returns how many
there were. Its rows say who took them, so that every worker may pump.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from django.db import DatabaseError

from roomkeeper.jobs import clock

log = structlog.get_logger(__name__)

Pump = Callable[..., Awaitable[int]]

_pumps: dict[str, Pump] = {}
# Calls of one pump that may overlap, so that those which wait for silent hosts do not hold up the others.
AT_ONCE = 8


def register_pump(name: str, function: Pump) -> None:
    """Have `function(now=…)` called on the worker's event loop every half second; calls may overlap."""
    _pumps[name] = function


class Pumping:
    """The pumps of one worker."""

    def __init__(self) -> None:
        self._running: dict[str, set[asyncio.Task[int]]] = {}

    def tick(self) -> None:
        """Call every pump; a failure is logged and the pump comes again."""
        for name, function in _pumps.items():
            running = self._running.setdefault(name, set())
            for task in [task for task in running if task.done()]:
                running.discard(task)
                _log_failure(name, task)
            if len(running) < AT_ONCE:
                running.add(asyncio.ensure_future(function(now=clock.now())))

    async def stop(self) -> None:
        """Give up what is running; its rows run out and are taken by another worker, or by us after a restart."""
        tasks = [task for running in self._running.values() for task in running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_failure(name: str, task: "asyncio.Task[int]") -> None:
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, DatabaseError):
        log.error("background work waits for the database", pump=name, error=str(error)[:300])
    else:
        log.error("background work failed", pump=name, exc_info=error)
