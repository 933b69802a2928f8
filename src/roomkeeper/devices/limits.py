"""How much is asked at a time, and that a wrong password is tried once. Not here: what is asked."""

import asyncio
import hashlib
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_MOST_REMEMBERED = 20_000
LOCK_OUT_SECONDS = 3600.0


@dataclass(slots=True)
class _Place:
    """What is going on with one device."""

    slots: asyncio.Semaphore
    first_login: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Limits:
    """Places for exchanges: `per_device` each, `at_once` in all, and a lane of its own for devices that were dead.

    Old codecs answer one or two requests at a time (protocol notes N.1); devices that do not answer at all must
    not keep the others waiting.
    """

    def __init__(self, *, per_device: int = 2, at_once: int = 100, dead_at_once: int = 20) -> None:
        self._per_device = per_device
        self._alive = asyncio.Semaphore(at_once)
        self._dead_lane = asyncio.Semaphore(dead_at_once)
        self._places: dict[str, _Place] = {}
        self._dead: OrderedDict[str, None] = OrderedDict()

    @asynccontextmanager
    async def place(self, device: str) -> AsyncIterator[asyncio.Lock]:
        """Wait for a place; gives the lock under which a login that is not known to work is tried."""
        place = self._places.setdefault(device, _Place(asyncio.Semaphore(self._per_device)))
        place.users += 1
        try:
            async with place.slots, self._dead_lane if device in self._dead else self._alive:
                yield place.first_login
        finally:
            place.users -= 1
            if not place.users:
                self._places.pop(device, None)

    def note(self, device: str, *, is_dead: bool) -> None:
        """Remember whether the device answered."""
        self._dead.pop(device, None)
        if is_dead:
            self._dead[device] = None
            if len(self._dead) > _MOST_REMEMBERED:
                self._dead.popitem(last=False)

    def is_dead(self, device: str) -> bool:
        """Whether it did not answer the last time."""
        return device in self._dead


class LoginMemory:
    """Which logins worked and which were refused. A refused one is not sent again until it changes (rule R6).

    One that worked before is probably locked, and tried once more after an hour: the longest lock-out that
    releases have as their default (protocol notes D.2, M).
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Passwords are kept as digests under a key that ends with the process.
        self._key = secrets.token_bytes(32)
        self._refused: OrderedDict[str, float] = OrderedDict()
        self._accepted: OrderedDict[str, None] = OrderedDict()

    def mark(self, device: str, username: str, password: str) -> str:
        """The name under which a login to a device is remembered."""
        text = "\0".join((device, username, password))
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def was_refused(self, mark: str) -> bool:
        """Whether the device refused exactly this, and it must not be tried again now."""
        return self._clock() < self._refused.get(mark, -math.inf)

    def has_worked(self, mark: str) -> bool:
        """Whether the device accepted exactly this, the last time it was asked."""
        return mark in self._accepted

    def note_accepted(self, mark: str) -> None:
        """The device let it in."""
        self._refused.pop(mark, None)
        self._accepted[mark] = None
        self._accepted.move_to_end(mark)
        if len(self._accepted) > _MOST_REMEMBERED:
            self._accepted.popitem(last=False)

    def note_refused(self, mark: str, *, has_worked: bool) -> None:
        """The device refused it."""
        self._accepted.pop(mark, None)
        self._refused[mark] = self._clock() + LOCK_OUT_SECONDS if has_worked else math.inf
        self._refused.move_to_end(mark)
        if len(self._refused) > _MOST_REMEMBERED:
            self._refused.popitem(last=False)

    def forget(self, mark: str) -> None:
        """A person wants it tried again."""
        self._refused.pop(mark, None)
