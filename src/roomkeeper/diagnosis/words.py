"""How the figures of findings are written: times, durations, sizes. Pure."""

from datetime import datetime, timedelta

from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def duration(length: timedelta) -> str:
    """`14 minutes`, `1 day`: the largest unit of which there are two or more, else seconds."""
    seconds = max(0, round(length.total_seconds()))
    for size, unit in _UNITS:
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return _counted(seconds // size, unit)
    return _counted(seconds, "second")


def ago(at: datetime | None, now: datetime) -> str:
    """`14 minutes ago`, `just now`, `never`."""
    if at is None:
        return "never"
    return (
        _("just now") if now - at < timedelta(seconds=2) else _("{duration} ago", duration=duration(now - at))
    )


def due(at: datetime | None, now: datetime) -> str:
    """`in 13 minutes`, `now`, `at its next boot` where no time is known."""
    if at is None:
        return _("at its next boot")
    return _("in {duration}", duration=duration(at - now)) if at > now else _("now")


def times(number: int) -> str:
    """`1 time`, `12 times`."""
    return ngettext("{count} time", "{count} times", number)


def span(milliseconds: int) -> str:
    """`41 ms`, `2.4 s`."""
    return (
        _("{milliseconds} ms", milliseconds=milliseconds)
        if milliseconds < 1_000
        else f"{milliseconds / 1_000:.1f} s"
    )


def size(number: int) -> str:
    """`18 kB`."""
    return _("{number} bytes", number=number) if number < 1_000 else f"{number / 1_000:.0f} kB"


def day(at: datetime | None) -> str:
    """`12 Mar 2027`, in UTC."""
    return f"{at.day} {at:%b %Y}" if at is not None else _("an unknown day")


def listed(words: list[str] | tuple[str, ...], none: str = "nothing") -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return words[0] if words else none
    return _("{words} and {words_2}", words=", ".join(words[:-1]), words_2=words[-1])


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
