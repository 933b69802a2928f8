"""How fast one device is asked: what its release takes, less what is left to others. Pure: `now` is in seconds.

RoomOS 11 and 26 take one Basic-authenticated request a second with a queue of 30, and 15 a second with a session cookie
with a queue of 90; what comes on top is answered 503 at once (protocol notes P.3). Several processes may ask the same
device, and people and other services do, so that each of ours uses a part of it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

_MOST_REMEMBERED: Final = 20_000
BASIC_RATE: Final = 1.0
BASIC_BURST: Final = 3
SESSION_RATE: Final = 7.0
SESSION_BURST: Final = 15
# One poll asks for one document or two; what asks for more within seconds signs in to a session. Not told by the rate:
# a device that lets each wait a second never sees more than one a second.
ALONE_BURST: Final = 2
ALONE_RATE: Final = 0.1
# A device that has no sessions is updated to a release that has them once in its life; one whose sessions are all
# taken may have a free one soon.
NO_SESSIONS_FOR: Final = 3600.0
SESSIONS_TAKEN_FOR: Final = 60.0
# A full queue of 30 is empty after half a minute.
LONGEST_WAIT: Final = 45.0
_FIRST_WAIT: Final = 1.0
_WIDEST_WAIT: Final = 8.0


@dataclass(slots=True)
class RequestBudget:
    """Requests that may be sent: `burst` at once, then `rate` a second."""

    rate: float
    burst: int
    _left: float = field(init=False)
    _counted_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        self._left = float(self.burst)

    def left(self, now: float) -> float:
        """How many may be sent at once; below zero, so many are promised that wait."""
        if now > self._counted_at:
            self._left = min(float(self.burst), self._left + (now - self._counted_at) * self.rate)
            self._counted_at = now
        return self._left

    def reserve(self, now: float) -> float:
        """Take the next place, and tell in how many seconds it comes."""
        self._left = self.left(now) - 1
        return max(0.0, -self._left / self.rate)

    def give_back(self) -> None:
        """A place that was taken was not used."""
        self._left = min(float(self.burst), self._left + 1)


@dataclass(slots=True)
class Pace:
    """One device: requests with the password, and the time in which it is left alone because it was busy."""

    _basic: RequestBudget = field(default_factory=lambda: RequestBudget(BASIC_RATE, BASIC_BURST))
    _alone: RequestBudget = field(default_factory=lambda: RequestBudget(ALONE_RATE, ALONE_BURST))
    _rests_until: float = float("-inf")
    _no_session_until: float = float("-inf")
    # The limit came with RoomOS 11. What has no sessions (TC) is older, and has none.
    _has_limit: bool = True

    def reserve(self, now: float) -> float:
        """Take the next place for a request with the password; in how many seconds it comes."""
        if self._alone.left(now) >= 1:
            self._alone.reserve(now)
        wait = self._basic.reserve(now) if self._has_limit else 0.0
        return max(wait, self.rest(now))

    def give_back(self) -> None:
        """A place that was taken was not used: nothing was sent."""
        self._alone.give_back()
        if self._has_limit:
            self._basic.give_back()

    def rest(self, now: float) -> float:
        """How many seconds more it is left alone."""
        return max(0.0, self._rests_until - now)

    def wants_session(self, now: float) -> bool:
        """Whether the next request should sign in to a session, because several went with the password just now."""
        is_possible = now >= self._no_session_until
        if is_possible and not self._has_limit:
            # Looked at anew: the device may run a newer release by now.
            self._has_limit = True
        return is_possible and self._alone.left(now) < 1

    def note_busy(self, seconds: float, now: float) -> None:
        """It answered 503: nothing more is sent to it for so long."""
        self._rests_until = max(self._rests_until, now + seconds)

    def note_no_sessions(self, now: float, *, has_none: bool) -> None:
        """It gave no session: `has_none` where its release knows none, else only now."""
        self._no_session_until = now + (NO_SESSIONS_FOR if has_none else SESSIONS_TAKEN_FOR)
        self._has_limit = not has_none


class Paces:
    """The pace of each device, by the name that the transport gives it."""

    def __init__(self) -> None:
        self._by_device: OrderedDict[str, Pace] = OrderedDict()

    def of(self, device: str) -> Pace:
        """The pace of a device."""
        found = self._by_device.get(device)
        if found is None:
            found = self._by_device[device] = Pace()
            if len(self._by_device) > _MOST_REMEMBERED:
                self._by_device.popitem(last=False)
        return found


class Waits:
    """How long one request waits for a busy device, in all no longer than `most` seconds."""

    def __init__(self, most: float) -> None:
        self._left = min(most, LONGEST_WAIT)
        self._next = _FIRST_WAIT

    def next(self, asked: float | None) -> float | None:
        """Seconds to wait before asking again: what the device `asked` for, else longer each time; None to give up."""
        seconds = self._next if asked is None else max(asked, _FIRST_WAIT)
        self._next = min(self._next * 2, _WIDEST_WAIT)
        if seconds > self._left:
            return None
        self._left -= seconds
        return seconds
