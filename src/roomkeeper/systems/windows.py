"""Maintenance windows: when systems may be disturbed, in their own time. Pure.

A text such as `Mon-Fri 20:00-06:00, Sat-Sun 00:00-24:00`; a window that ends before it begins goes on into the next
day.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from roomkeeper.words import gettext as _

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PART: Final = re.compile(
    r"(?:(?P<first>[A-Za-z]{3})(?:\s*-\s*(?P<last>[A-Za-z]{3}))?\s+)?"
    r"(?P<begin>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})"
)
_DAY: Final = 24 * 60
TEXT_LIMIT: Final = 200


class BadWindow(ValueError):
    """The text is no maintenance window. Write it as in `Mon-Fri 20:00-06:00, Sat-Sun 00:00-24:00`."""

    # What it is called wherever one is given.
    field = "maintenance_window"


@dataclass(frozen=True, slots=True)
class Window:
    """One part: on these days (0 is Monday), from minute to minute of the day; it may end on the next one."""

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, moment: datetime) -> bool:
        """Whether the local moment lies in it."""
        minute = moment.hour * 60 + moment.minute
        if self.begin < self.end:
            return moment.weekday() in self.days and self.begin <= minute < self.end
        is_evening = moment.weekday() in self.days and minute >= self.begin
        return is_evening or ((moment.weekday() - 1) % 7 in self.days and minute < self.end)


@lru_cache(maxsize=512)
def parse(text: str) -> tuple[Window, ...]:
    """The windows in a text; none for an empty one. Raises `BadWindow`."""
    return tuple(_parse_part(part.strip()) for part in text.split(",") if part.strip())


def is_open(text: str, zone: str, now: datetime) -> bool:
    """Whether one of the windows is open at that moment in that time zone; no window at all is always open."""
    windows = parse(text)
    local = now.astimezone(find_zone(zone) or UTC)
    return not windows or any(window.holds(local) for window in windows)


def next_opening(text: str, zone: str, now: datetime) -> datetime | None:
    """When a window opens next, to the quarter of an hour; now where one is open, None where none ever does."""
    moment = now.replace(second=0, microsecond=0)
    moment -= timedelta(minutes=moment.minute % 15)
    if is_open(text, zone, now):
        return now
    for _rest in range(8 * _DAY // 15):
        moment += timedelta(minutes=15)
        if is_open(text, zone, moment):
            return moment
    return None


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name, or None where it is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _parse_part(text: str) -> Window:
    match = _PART.fullmatch(text)
    if match is None:
        raise BadWindow(
            _("{text!r} is not a maintenance window. Write it as in Mon-Fri 20:00-06:00.", text=text)
        )
    begin, end = _minute(match["begin"], text), _minute(match["end"], text)
    if begin == end:
        raise BadWindow(
            _("{text!r} begins and ends at the same time; a whole day is 00:00-24:00.", text=text)
        )
    return Window(_days(match["first"], match["last"], text), begin, end)


def _days(first: str | None, last: str | None, text: str) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    try:
        begin = DAYS.index(first.capitalize())
        end = DAYS.index((last or first).capitalize())
    except ValueError:
        raise BadWindow(
            _("{text!r} names a day that is not one of {days}.", text=text, days=", ".join(DAYS))
        ) from None
    return frozenset(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))


def _minute(text: str, whole: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    found = hour * 60 + minute
    if minute > 59 or found > _DAY:
        raise BadWindow(_("{whole!r} holds {text}, which is not a time of day.", whole=whole, text=text))
    return found
