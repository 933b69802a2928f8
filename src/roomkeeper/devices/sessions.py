"""Sessions that are open on devices: one for each login, shared by all who talk to the device, ended when idle.

A device has 20 or 30 in all, and they end by themselves never (protocol notes D.2, P.3): what was begun is ended. What
signing in and out looks like on the wire: `client`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.devices.pacing import SESSION_BURST, SESSION_RATE, RequestBudget

# What belongs together follows within seconds; a poll every few seconds is cheaper by the password.
IDLE_SECONDS: Final = 10.0
# A courtesy: nobody waits long for it.
_SIGNING_OUT_SECONDS: Final = 3.0


@dataclass(slots=True)
class DeviceSession:
    """A session that a device gave by `https` or `http`. `end` takes its cookie and signs out."""

    cookie: str = field(repr=False)
    scheme: str
    end: Callable[[str], Awaitable[None]] = field(repr=False)
    pace: RequestBudget = field(default_factory=lambda: RequestBudget(SESSION_RATE, SESSION_BURST))
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """It is not ended meanwhile."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            self.used_at = time.monotonic()


class Sessions:
    """The open sessions of one transport, by what their login is remembered as."""

    def __init__(self, *, idle: float = IDLE_SECONDS) -> None:
        self._idle = idle
        self._open: dict[str, DeviceSession] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def find(self, mark: str) -> DeviceSession | None:
        """The open session of a login, if there is one."""
        return self._open.get(mark)

    def keep(self, mark: str, session: DeviceSession) -> None:
        """A session was begun: it is ended when nobody has used it for a while."""
        self._open[mark] = session
        self._watch(mark, self._idle)

    def drop(self, mark: str, session: DeviceSession) -> None:
        """The device knows the session no more."""
        if self._open.get(mark) is session:
            self._forget(mark)

    async def close(self) -> None:
        """End all of them."""
        for mark in list(self._open):
            self._end(mark)
        await asyncio.gather(*self._ending)

    def _watch(self, mark: str, seconds: float) -> None:
        self._timers[mark] = asyncio.get_running_loop().call_later(seconds, self._look, mark)

    def _look(self, mark: str) -> None:
        session = self._open[mark]
        left = self._idle if session.users else session.used_at + self._idle - time.monotonic()
        if left > 0:
            self._watch(mark, left)
        else:
            self._end(mark)

    def _end(self, mark: str) -> None:
        session = self._forget(mark)
        task = asyncio.get_running_loop().create_task(_sign_out(session))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _forget(self, mark: str) -> DeviceSession:
        self._timers.pop(mark).cancel()
        return self._open.pop(mark)


async def _sign_out(session: DeviceSession) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_SIGNING_OUT_SECONDS):
            await session.end(session.cookie)
