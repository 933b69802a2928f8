"""Events that systems tell by feedback, given on to whoever listens, inside the batch's transaction.

Status that they imply is merged elsewhere (`feedback`); here they are what happened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from roomkeeper.systems.check_ins.roster import Known


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a known system: `at` is when its post began, `values` are redacted texts by the last word of their
    path (`Duration`), the first of each. An event may be told twice, late, or out of order."""

    known: Known
    at: datetime
    name: str
    values: Mapping[str, str]


Listener: TypeAlias = Callable[[Sequence[Event]], None]
_listeners: dict[str, Listener] = {}


def register(name: str, listener: Listener) -> None:
    """Have the events of every batch given to `listener`, set-wise; it must not fail because of what they say."""
    _listeners[name] = listener


def tell(events: Sequence[Event]) -> None:
    """Give the events of one batch to all listeners."""
    if events:
        for listener in _listeners.values():
            listener(events)


def values_of(values: Mapping[str, str]) -> dict[str, str]:
    """An event's values by the last word of their path; of several the first."""
    found: dict[str, str] = {}
    for path, value in values.items():
        found.setdefault(path.rpartition("/")[2].partition("[")[0], value)
    return found
