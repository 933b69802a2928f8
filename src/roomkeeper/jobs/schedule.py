"""Regular work: registered by features, run by the one process that holds the lease (rule R9)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection

from roomkeeper.jobs import leases

log = structlog.get_logger(__name__)

LEASE = "schedule"
# One run does its work in short transactions; what is left over follows at once, but not for ever.
ROUNDS = 200


@dataclass(slots=True)
class ScheduledTask:
    """A function to be run every so often; it returns how much it did, and is run again at once until that is 0
    where `until_done`."""

    name: str
    every: timedelta
    function: Callable[..., int]
    until_done: bool
    # A moment of the monotonic clock: a clock that is set back must not make it wait (rule R16).
    due_at: float | None = None


_tasks: dict[str, ScheduledTask] = {}
_after_downtime: list[Callable[..., int]] = []
# A lease that nobody held for this long means that no process of the installation ran.
DOWNTIME = timedelta(seconds=60)


def register(name: str, every: timedelta, function: Callable[..., int], *, until_done: bool = False) -> None:
    """Have `function(now=…)` run every so often in one process of the installation."""
    _tasks[name] = ScheduledTask(name, every, function, until_done)


def register_after_downtime(function: Callable[..., int]) -> None:
    """Have `function(since=…, now=…)` run once the schedule runs again after nobody ran it for a minute or more."""
    _after_downtime.append(function)


def take_lease(holder: str, *, now: datetime) -> bool:
    """Take or renew the lease; False while another living process holds it."""

    def catch_up(held_until: datetime) -> None:
        if now - held_until > DOWNTIME:
            for function in _after_downtime:
                function(since=held_until - leases.HELD, now=now)

    return leases.take(LEASE, holder, now=now, on_taking=catch_up)


def run_due(*, now: datetime, moment: float, may_go_on: Callable[[], bool] = lambda: True) -> None:
    """Run every task whose time has come at that moment of the monotonic clock; one that fails is logged and comes
    again. `may_go_on` is asked before each: whoever runs them renews its lease there, since a long task may outlast
    it."""
    for task in _tasks.values():
        if task.due_at is not None and task.due_at > moment:
            continue
        if not may_go_on():
            return
        task.due_at = moment + task.every.total_seconds()
        try:
            for _ in range(ROUNDS):
                if not task.function(now=now) or not task.until_done:
                    break
        except Exception as error:
            log.exception("scheduled task failed", task=task.name)
            if isinstance(error, DatabaseError):
                connection.close()
