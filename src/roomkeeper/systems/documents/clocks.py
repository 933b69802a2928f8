"""How far a device's own clock is from ours at the moment of reading, and what that forbids. Pure.

TLS with a wrong clock fails: a certificate is not valid yet, or not any more (a device whose battery is empty starts
years ago).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.words import gettext as _

SYSTEM_TIME: Final = "Time/SystemTime"
# Reading and answering take seconds, with an old codec tens of them; what is told is a matter of minutes.
TOLERANCE: Final = timedelta(minutes=2)
KIND: Final = "clock is wrong"
_NTP: Final = ("NetworkServices/NTP/Status", "NetworkServices/NTP/CurrentAddress")
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
# Zones differ by quarters of an hour, and no two by more than this.
_QUARTER: Final = timedelta(minutes=15)
_FURTHEST_ZONE: Final = timedelta(hours=14)
_DIGITS: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.ASCII)


def parse_time(text: str) -> datetime | None:
    """A device's SystemTime: with an offset (`2019-03-11T15:33:53+0000`), with Z, or naive where it gives no zone."""
    text = text.strip()
    if len(text) > 40 or not _DIGITS.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return None


def offset_of(
    values: Mapping[str, str], *, asked_at: datetime, told_at: datetime, zones: Iterable[tzinfo] = ()
) -> timedelta | None:
    """How far the clock is ahead of ours (behind: negative), by a status that was read between those two moments of
    ours; None where it tells no time.

    A time without a zone is that of UTC, of one of `zones`, or where none is known of any zone: what is least wrong
    holds, so that a zone alone is never taken for a wrong clock.
    """
    told = parse_time(first_value(values, SYSTEM_TIME))
    if told is None:
        return None
    try:
        if told.tzinfo is not None:
            return _from_between(told.astimezone(UTC), asked_at, told_at)
        known = list(zones)
        found = [_from_between(told.replace(tzinfo=zone), asked_at, told_at) for zone in (UTC, *known)]
    except (OverflowError, ValueError):
        return None
    if not known and abs(found[0]) <= _FURTHEST_ZONE:
        zone = round(found[0] / _QUARTER) * _QUARTER
        found.append(_from_between(told.replace(tzinfo=UTC) - zone, asked_at, told_at))
    return min(found, key=abs)


def _from_between(told: datetime, begin: datetime, end: datetime) -> timedelta:
    """Nothing within the time that reading took; else the distance to its nearer end."""
    if told < begin:
        return told - begin
    return told - end if told > end else timedelta()


def is_wrong(seconds: int | None) -> bool:
    """Whether a clock that is so many seconds ahead or behind differs by minutes."""
    return seconds is not None and abs(seconds) >= TOLERANCE.total_seconds()


def words(seconds: int) -> str:
    """`3 hours 12 minutes behind`, `2 days ahead`: its two largest units."""
    left, parts = abs(seconds), []
    for unit, size in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number:,} {unit}{'' if number == 1 else 's'}")
    return f"{' '.join(parts[:2]) or '0 seconds'} {'ahead' if seconds > 0 else 'behind'}"


def ntp_words(values: Mapping[str, str]) -> str:
    """What the device says of its time server, for a sentence."""
    status, server = (first_value(values, path) for path in _NTP)
    if not status and not server:
        return _("It reports no time server.")
    return _(
        "Its NTP status is {status}, its server {server}.",
        status=status or "not reported",
        server=server or "none",
    )


ADVICE: Final = (
    "Check NetworkServices NTP on it (Mode and Server), that UDP 123 to the server is open, and its time"
    " zone; time"
    " servers for all systems are in Network settings."
)
