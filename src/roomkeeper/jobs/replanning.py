"""Planning anew after the clock was set back (rule R16).

A time at which something happened lies ahead of a clock that was set back, and what waits for an hour after it would
wait for two. Features register such times; what was planned from them is planned anew with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import QuerySet

from roomkeeper.jobs.clock import STEP

log = structlog.get_logger(__name__)

# A short transaction (rule R9).
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Times:
    """A column that says when something happened; where it lies ahead, it is set to now. `mend(ids, now=…)` then plans
    anew what was planned from it."""

    name: str
    rows: Callable[[], QuerySet[Any]]
    field: str
    mend: Callable[..., object] | None = None


_times: dict[str, Times] = {}


def register(times: Times) -> None:
    """Have the column looked at whenever the clock was set, and at the start."""
    _times[times.name] = times


def replan(*, now: datetime) -> int:
    """Put every registered time that lies ahead in order; returns how many there were."""
    number = 0
    for times in _times.values():
        number += _bring_back(times, now)
    if number:
        log.warning("times were planned again because the clock went backwards", rows=number)
    return number


def _bring_back(times: Times, now: datetime) -> int:
    number = 0
    while True:
        with transaction.atomic():
            ahead = times.rows().filter(**{f"{times.field}__gt": now + STEP}).order_by("pk")
            ids = list(ahead.values_list("pk", flat=True)[:AT_ONCE])
            if not ids:
                return number
            if times.mend is not None:
                times.mend(ids, now=now)
            ahead.model._default_manager.filter(pk__in=ids).update(**{times.field: now})
        number += len(ids)
