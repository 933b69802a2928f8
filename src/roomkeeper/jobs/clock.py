"""The installation's time: the clock of its database, which all processes share (rule R16).

On SQLite that is this machine's. On PostgreSQL it is asked for every few seconds and carried on by the monotonic clock,
so that a machine whose own clock is wrong takes nobody's lease. Whether the clock stepped is judged here too.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

MEASURE_EVERY: Final = 5.0
# Clocks that are kept in step move by less; what is more was set by somebody, or the machine slept.
STEP: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Measured:
    at: datetime
    moment: float


_measured: _Measured | None = None
_lock = threading.Lock()


def now() -> datetime:
    """The time now, by the database's clock as it was last measured; never asks it, so it may be called anywhere."""
    measured = _measured
    if measured is None:
        return datetime.now(UTC)
    return measured.at + timedelta(seconds=time.monotonic() - measured.moment)


def measure() -> datetime:
    """The time now, asked for where the last measurement is older than `MEASURE_EVERY`. For threads that may wait for
    the database; raises `DatabaseError` where it is away."""
    global _measured
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with _lock:
        measured = _measured
        is_fresh = measured is not None and time.monotonic() - measured.moment < MEASURE_EVERY
    if not is_fresh:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            asked = cursor.fetchone()[0].astimezone(UTC)
        with _lock:
            _measured = _Measured(asked, time.monotonic())
    return now()


class Watch:
    """Notices that the clock was set: it went on by another span than the monotonic clock did."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def step(self, now: datetime, moment: float) -> timedelta | None:
        """By how much the clock stepped since the last call, where that is more than `STEP`."""
        last, self._last = self._last, (now, moment)
        if last is None:
            return None
        step = (now - last[0]) - timedelta(seconds=moment - last[1])
        return step if abs(step) > STEP else None
