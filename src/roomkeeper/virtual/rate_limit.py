"""How many HTTP requests an endpoint answers: RoomOS 11 and 26 hold clients to a rate (protocol notes P.3)."""

from __future__ import annotations

from collections.abc import Mapping

BASIC = (1.0, 30)
SESSION = (15.0, 90)
"""Requests a second, and how many more may wait: with a password, and with a session's cookie."""


class Queue:
    """Requests of one kind, in the order in which they came."""

    def __init__(self, per_second: float, room: int) -> None:
        self._seconds = 1.0 / per_second
        self._room = room
        self._next_at = float("-inf")

    def wait(self, now: float) -> float | None:
        """The seconds that a request of now has to wait; None where the queue is full."""
        at = max(self._next_at, now)
        if (at - now) / self._seconds > self._room + 1e-6:
            return None
        self._next_at = at + self._seconds
        return at - now


class RateLimit:
    """The queues of one endpoint.  Whether they are one for all clients or one for each is not known: here for all."""

    def __init__(self) -> None:
        self._basic = Queue(*BASIC)
        self._session = Queue(*SESSION)

    def wait(self, headers: Mapping[str, str], now: float) -> float | None:
        """The seconds that a request with those headers waits, None for one too many; who shows no login never does."""
        if "authorization" in headers:
            return self._basic.wait(now)
        if "SessionId=" in headers.get("cookie", ""):
            return self._session.wait(now)
        return 0.0
