"""When a system is polled next, and why (pure). What a poll's outcome means for being alive: `evidence`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from roomkeeper.devices.limits import LOCK_OUT_SECONDS
from roomkeeper.systems.models import REACHABLE, Connectivity, NetworkSettings, State
from roomkeeper.words import gettext as _

JITTER: Final = 0.1
# Feedback tells of changes as they happen; its slot is still looked at once an hour (protocol notes C.5).
STRETCH: Final = 4
STRETCHED_AT_MOST: Final = timedelta(hours=1)
# One failure says little: soon it is asked again, so that three are together within minutes.
DOUBTFUL: Final = timedelta(seconds=45)
# A heartbeat may be a little late without anything being wrong.
LATE: Final = timedelta(seconds=30)
DEAD_AT_MOST: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Intervals:
    """The intervals of Network settings."""

    idle: timedelta
    in_call: timedelta
    watched: timedelta
    dead: timedelta

    @classmethod
    def of(cls, settings: NetworkSettings) -> "Intervals":
        """As the settings have them."""
        seconds = (settings.poll_idle, settings.poll_in_call, settings.poll_watched, settings.poll_dead)
        return cls(*(timedelta(seconds=each) for each in seconds))


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides the interval: `failures` in a row; whether our feedback arrives; the login, if it was refused."""

    is_alive: bool
    in_call: bool = False
    is_watched: bool = False
    failures: int = 0
    has_feedback: bool = False
    login_refused_at: datetime | None = None
    login_has_worked: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """When the next poll is due (None: not before somebody does something), its interval, and the reason."""

    at: datetime | None
    interval: timedelta
    because: str


def next_poll(situation: Situation, intervals: Intervals, *, now: datetime, chance: float) -> Next:
    """When to poll next. `chance` (0 to 1) spreads polls by ten percent to either side."""
    if situation.login_refused_at is not None:
        if not situation.login_has_worked:
            return Next(None, timedelta(0), _("the login was refused"))
        # It worked before, so the account is probably locked; asked once more after the longest lock-out.
        again = situation.login_refused_at + timedelta(seconds=LOCK_OUT_SECONDS)
        return Next(max(again, now) + timedelta(seconds=60), timedelta(0), _("the login may be locked"))
    interval, because = _interval(situation, intervals)
    spread = 1 + JITTER * (2 * chance - 1)
    return Next(now + interval * spread, interval, because)


def _interval(situation: Situation, intervals: Intervals) -> tuple[timedelta, str]:
    if situation.failures:
        if situation.is_alive:
            return min(DOUBTFUL, intervals.dead), _("the last poll failed")
        if situation.is_watched:
            return intervals.watched * 2, _("somebody is watching, and it does not answer")
        # Doubled with each failure after the third, with which it counted as dead.
        back_off = 1 << min(max(situation.failures - 3, 0), 10)
        return max(intervals.dead, min(intervals.dead * back_off, DEAD_AT_MOST)), _("it does not answer")
    if situation.is_watched:
        interval, because = intervals.watched, _("somebody looks")
    elif situation.in_call:
        interval, because = intervals.in_call, _("in a call")
    elif not situation.is_alive:
        return min(DOUBTFUL, intervals.dead), _("it answers again")
    else:
        interval, because = intervals.idle, "idle"
    if situation.has_feedback:
        stretched = max(interval, min(interval * STRETCH, STRETCHED_AT_MOST))
        return stretched, _("{because}, and its feedback arrives", because=because)
    return interval, because


@dataclass(frozen=True, slots=True)
class PollCandidate:
    """What decides whether a system is polled at all. `reads_status`: its family can."""

    state: str
    connectivity: str
    has_login: bool
    login_was_refused: bool
    address: str
    reads_status: bool


def why_not(candidate: PollCandidate) -> str:
    """Why the system cannot be polled, as a sentence; "" where it can."""
    if candidate.state != State.MANAGED:
        return _("It is not managed.")
    if candidate.connectivity not in REACHABLE:
        return _(
            "It cannot be reached: its connectivity is {label}.",
            label=Connectivity(candidate.connectivity).label,
        )
    if not candidate.reads_status:
        return _("Nothing is read from systems of its family.")
    if not candidate.has_login:
        return _("No login is stored for it.")
    if not candidate.address:
        return _("No address of it is known.")
    if candidate.login_was_refused:
        return _("It refused the stored login, which is not tried again until it is changed.")
    return ""
