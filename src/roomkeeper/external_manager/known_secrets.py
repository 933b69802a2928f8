"""Whether the secret in a path is a known one, before anything of the post is read (rule R14).

What is remembered is a hint for rates and memory and for nothing else: who posts is decided by the batch, from the
database, each time. Where that finds a remembered secret to prove nothing, it is forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

# Secrets remembered at most; the oldest are looked up anew.
REMEMBERED = 200_000
# Posts that wait for a look-up at most; of sources over their rate, which may be anybody's, so many.
WAITING = 2_000
WAITING_OVER_RATE = 200

Find = Callable[[Collection[str]], Awaitable[Collection[str]]]


class StoreAway(Exception):
    """The database cannot be asked now."""


class Crowded(Exception):
    """Too many wait for a look-up."""


class KnownSecrets:
    """The secrets that this process knows to be known. `find` gives those of many that the database has; while it is
    asked the next question gathers. It raises `StoreAway`. Used on one event loop."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known: dict[str, None] = {}
        self._gathered: dict[str, asyncio.Future[bool]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._waiting = 0

    def remembers(self, secret: str) -> bool:
        """Whether the secret was known lately; costs nothing."""
        return secret in self._known

    def remember(self, secret: str) -> None:
        """A system has just shown this secret."""
        self._known[secret] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def forget(self, secret: str) -> None:
        """The secret has just proven nothing."""
        self._known.pop(secret, None)

    async def look_up(self, secret: str, *, is_over_rate: bool) -> bool:
        """Whether the database has the secret. Raises `Crowded` and `StoreAway`."""
        if self._waiting >= (WAITING_OVER_RATE if is_over_rate else WAITING):
            raise Crowded
        future = self._gathered.get(secret)
        if future is None:
            future = self._gathered[secret] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        self._waiting += 1
        try:
            found = await asyncio.shield(future)
        finally:
            self._waiting -= 1
        if found:
            self.remember(secret)
        return found

    async def _ask(self) -> None:
        asked: dict[str, asyncio.Future[bool]] = {}
        try:
            while self._gathered:
                asked, self._gathered = self._gathered, {}
                try:
                    found = await self._find(asked.keys())
                except StoreAway:
                    _leave(asked)
                else:
                    for secret, future in asked.items():
                        future.set_result(secret in found)
        finally:
            _leave(asked)
            _leave(self._gathered)
            self._gathered, self._asking = {}, None


def _leave(asked: dict[str, asyncio.Future[bool]]) -> None:
    """Nobody waits for ever, whatever went wrong."""
    for future in asked.values():
        if not future.done():
            future.set_exception(StoreAway())
            future.exception()  # whoever asked may be gone
