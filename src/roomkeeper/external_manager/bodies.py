"""Reading the bodies of requests within bounds of size, memory and time (rule R14)."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from roomkeeper.external_manager import body_budget
from roomkeeper.external_manager.body_budget import BodyBudget, Reading, time_allowed
from roomkeeper.external_manager.connections import CONNECTION_KEY

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# Reserved at first for a body of a known secret whose length is not told, and again whenever that is used up.
UNTOLD = 1_000_000
WAIT_SECONDS = 30.0
# How much of a body that is too large is read on, and how long, after the answer; and how many at once. Who is not
# known gets less.
DISCARD_BYTES = 100_000_000
DISCARD_UNPROVEN = 16_000_000
DISCARD_SECONDS = 10.0
DISCARD_PAUSE = 0.5
DISCARDS_AT_ONCE = 64


class Refused(Exception):
    """The body is not read. `status` is 413 (too large), 408 (too slow), 429 (the source has its share) or 503 (no
    memory now); 0 where the sender is gone."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Bodies:
    """The bodies being read in this process; used on one event loop."""

    def __init__(self, in_all: int) -> None:
        self.budget = BodyBudget(in_all)
        self._waiting: deque[tuple[Reading, asyncio.Future[None]]] = deque()
        self._discards = 0

    async def take_complete(self, receive: Receive, limit: int) -> bytes:
        """The body of a request that is complete (`COMPLETE_KEY`): nothing is reserved for what is there already.
        Raises `Refused` where it is larger than `limit`."""
        body: bytes = (await receive()).get("body", b"")
        if len(body) > limit:
            raise Refused(413)
        return body

    @contextlib.asynccontextmanager
    async def reading(
        self, scope: Scope, receive: Receive, *, source: str, secret: str, limit: int, seconds: float
    ) -> AsyncIterator[bytes]:
        """The whole body of an unfinished request, of `limit` bytes at most, while the memory for it is reserved.
        `secret` is the known secret of its path, "" for the unproven. Raises `Refused`."""
        declared = declared_length(scope)
        if declared is not None and declared > limit:
            raise Refused(413)
        if not secret:
            reading = Reading(source, "", (limit if declared is None else declared) + _beside(scope))
            if not self.budget.admit_unproven(reading):
                raise Refused(429)
        else:
            reading = Reading(source, secret, min(limit, UNTOLD) if declared is None else declared)
            if (connection := scope.get(CONNECTION_KEY)) is not None:
                # It may wait for us now; what it sent until here is no stranger's.
                connection.prove()
            await self._wait_for_room(reading)
            if connection is not None:
                connection.widen()
        try:
            yield await self._read(scope, receive, reading, limit, seconds, is_told=declared is not None)
        finally:
            self.budget.end(reading)
            if secret:
                self.budget.withdraw(reading)
                self._wake()

    async def _read(
        self,
        scope: Scope,
        receive: Receive,
        reading: Reading,
        limit: int,
        seconds: float,
        *,
        is_told: bool,
    ) -> bytes:
        loop = asyncio.get_running_loop()
        began = loop.time()
        parts, size = [], 0
        connection = scope.get(CONNECTION_KEY)
        try:
            async with asyncio.timeout_at(began + time_allowed(0, seconds)) as timer:
                reading.drop = lambda: timer.reschedule(began)
                while True:
                    message = await receive()
                    if connection is not None:
                        connection.note_unread(0)
                    if message["type"] != "http.request":
                        raise Refused(0)
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limit:
                        raise Refused(413)
                    is_over = bool(reading.secret) and not is_told and size > reading.cost
                    if is_over and not self.budget.grow(reading, UNTOLD):
                        raise Refused(503)
                    parts.append(part)
                    if not message.get("more_body"):
                        return b"".join(parts)
                    if not reading.is_dropped:
                        timer.reschedule(began + time_allowed(size, seconds))
        except TimeoutError:
            raise Refused(503 if reading.is_dropped else 408) from None
        finally:
            reading.drop = None

    async def _wait_for_room(self, reading: Reading) -> None:
        """Returns once the memory is reserved; nothing is read meanwhile."""
        if not self.budget.announce(reading):
            raise Refused(429)
        try:
            if not self._waiting and self.budget.admit_known(reading):
                return
            if len(self._waiting) >= body_budget.WAITING:
                raise Refused(503)
            place = (reading, asyncio.get_running_loop().create_future())
            self._waiting.append(place)
            # Room for this one, though not for one before it that has used up the share of its source.
            self._wake()
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await place[1]
            except BaseException:
                if place in self._waiting:
                    self._waiting.remove(place)
                elif place[1].done() and not place[1].cancelled():
                    self.budget.end(reading)
                    self._wake()
                raise
        except TimeoutError:
            self.budget.withdraw(reading)
            raise Refused(503) from None
        except BaseException:
            self.budget.withdraw(reading)
            raise

    def _wake(self) -> None:
        """Let those in whose turn it is: in the order of arrival, but for those whose source has used up its share."""
        for place in list(self._waiting):
            reading, future = place
            if future.done():
                self._waiting.remove(place)
            elif self.budget.admit_known(reading):
                self._waiting.remove(place)
                future.set_result(None)
            elif self.budget.is_full(reading.cost):
                return

    async def answer_too_large(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        *,
        is_known: bool,
    ) -> None:
        """Answer 413, then read on and forget, within bounds: a connection that ends while its peer still sends takes
        the answer with it."""
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await self._discard(scope, receive, DISCARD_BYTES if is_known else DISCARD_UNPROVEN)
        await send({"type": "http.response.body", "body": b""})

    async def _discard(self, scope: Scope, receive: Receive, most: int) -> None:
        if (
            header(scope, b"expect")
            or self._discards >= DISCARDS_AT_ONCE
            or (declared_length(scope) or 0) > most
        ):
            return  # it waits for leave to send, and has the answer instead; or it is not worth it
        size = 0
        loop = asyncio.get_running_loop()
        until = loop.time() + DISCARD_SECONDS
        self._discards += 1
        try:
            with contextlib.suppress(TimeoutError):
                while size < most and loop.time() < until:
                    async with asyncio.timeout(DISCARD_PAUSE):
                        message = await receive()
                    size += len(message.get("body", b""))
                    if not message.get("more_body"):
                        return
        finally:
            self._discards -= 1


def header(scope: Scope, wanted: bytes) -> str:
    """The first header of that name, "" without one."""
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value, "latin-1")
    return ""


def declared_length(scope: Scope) -> int | None:
    """The length of the body in bytes, 0 without a body; None where it comes in chunks of untold number."""
    length = None
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and length is None:
            length = int(value) if value.isdigit() and len(value) < 20 else None
            if length is None:
                return None
    return length or 0


def _beside(scope: Scope) -> int:
    """What the request holds beside its body; the scheme of the connection itself, whatever a proxy says."""
    is_tls = getattr(scope.get(CONNECTION_KEY), "is_tls", False)
    return body_budget.REQUEST_OVER_TLS if is_tls else body_budget.REQUEST
