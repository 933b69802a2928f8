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
from functools import lru_cache
from ipaddress import ip_address, ip_network

_MOST_REMEMBERED = 20_000
LOCK_OUT_SECONDS = 3600.0
BRIDGED_SECONDS = 10.0


@lru_cache(maxsize=_MOST_REMEMBERED)
def network_of(address: str) -> str:
    """The network whose limit an address shares: its /24, or its /64 for IPv6; "" for a host name."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    # An interface would take the zone of a link-local address for a part of it.
    plain = str(found).partition("%")[0]
    return str(ip_network(f"{plain}/{24 if found.version == 4 else 64}", strict=False))


@dataclass(slots=True)
class _Gate:
    """What is going on with one device, or in one network; kept while somebody uses it."""

    slots: asyncio.Semaphore
    first_login: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Limits:
    """Places for exchanges: `per_device` and `per_network` each, `at_once` in all, and a lane for dead devices.

    Old codecs answer one or two requests at a time (protocol notes N.1), and a site's line should not be filled by
    asking everything behind it at once. Devices that did not answer wait in a lane of their own, `dead_at_once`
    wide, and take no place from the living: neither in all, nor in their network.
    """

    def __init__(
        self, *, per_device: int = 2, per_network: int = 30, at_once: int = 100, dead_at_once: int = 20
    ) -> None:
        self._per_device = per_device
        self._per_network = per_network
        self._alive = asyncio.Semaphore(at_once)
        self._dead_lane = asyncio.Semaphore(dead_at_once)
        self._devices: dict[str, _Gate] = {}
        self._networks: dict[str, _Gate] = {}
        self._dead: OrderedDict[str, None] = OrderedDict()

    @asynccontextmanager
    async def place(self, device: str, network: str = "") -> AsyncIterator[asyncio.Lock]:
        """Wait for a place; gives the lock under which a login that is not known to work is tried.

        `network` is what `network_of` says of its address; "" is none, and shares no limit.
        """
        # Everybody waits in this order, so that nobody waits for somebody who waits for him.
        async with _through(self._devices, device, self._per_device) as gate, self.lane(device, network):
            yield gate.first_login

    @asynccontextmanager
    async def lane(self, device: str, network: str = "") -> AsyncIterator[None]:
        """Wait for a place in all and in the network, not for the device: to look who answers at an address.

        One address may stand for a whole site behind it, whose systems should not wait for each other's silence.
        """
        if device in self._dead:
            async with self._dead_lane:
                yield
        elif network:
            async with _through(self._networks, network, self._per_network), self._alive:
                yield
        else:
            async with self._alive:
                yield

    @property
    def gates(self) -> int:
        """How many devices and networks somebody waits for or uses: what `Limits` keeps in memory of them."""
        return len(self._devices) + len(self._networks)

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


@asynccontextmanager
async def _through(gates: dict[str, _Gate], name: str, width: int) -> AsyncIterator[_Gate]:
    gate = gates.setdefault(name, _Gate(asyncio.Semaphore(width)))
    gate.users += 1
    try:
        async with gate.slots:
            yield gate
    finally:
        gate.users -= 1
        if not gate.users:
            gates.pop(name, None)


class LoginMemory:
    """Which logins worked and which were refused. A refused one is not sent again until it changes (rule R6).

    One that worked before is probably locked, and tried once more after an hour: the longest lock-out that
    releases have as their default (protocol notes D.2, M).
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Passwords are kept as digests under a key that ends with the process.
        self._key = secrets.token_bytes(32)
        # Until when it is not sent again, and when that was learnt.
        self._refused: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._accepted: OrderedDict[str, None] = OrderedDict()

    def mark(self, device: str, username: str, password: str) -> str:
        """The name under which a login to a device is remembered."""
        text = "\0".join((device, username, password))
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def was_refused(self, mark: str, *, is_tracked: bool = False) -> bool:
        """Whether the device refused exactly this, and it must not be tried again now. Where the caller keeps that
        for good (`is_tracked`), this memory only bridges the time until it has."""
        now = self._clock()
        until, learnt_at = self._refused.get(mark, (-math.inf, -math.inf))
        return now < until and not (is_tracked and now - learnt_at > BRIDGED_SECONDS)

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
        now = self._clock()
        self._refused[mark] = (now + LOCK_OUT_SECONDS if has_worked else math.inf, now)
        self._refused.move_to_end(mark)
        if len(self._refused) > _MOST_REMEMBERED:
            self._refused.popitem(last=False)

    def forget(self, mark: str) -> None:
        """A person wants it tried again."""
        self._refused.pop(mark, None)
