"""uvicorn's HTTP protocol with what it lacks: header time-out, header size, and a connection cap (rule R9)."""

import asyncio
import contextlib
import socket
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from roomkeeper.external_manager.proxy_protocol import ProxyHeader

# More than any device or browser sends; a codec's headers have about 300 bytes.
HEADER_SIZE_LIMIT = 65_536
CONNECTION_KEY = "roomkeeper.connection"
# Beginnings of requests that nobody has looked at yet, in bytes of all connections: unfinished headers, and what came
# of a body with its headers, a packet each as a rule. Over it connections that have not proven anything are cut, those
# with the oldest unfinished headers first: nobody but an attacker takes long over them.
UNREAD_LIMIT = 8_000_000
# What the kernel takes in of a connection that has not proven anything, before it is read. The buffers of TLS grow to
# what one reading brings, for each connection.
NARROW = 16_384
WIDE = 1_048_576
# Connections over TLS that have not proven anything, which hold some 50 kB each before they have sent a byte. One that
# is no stranger's proves itself with its first post. Where there are so many, who has its answer makes room for the
# next, or who is slow with its request, or has not begun one within these seconds; until then the next waits in the
# kernel.
UNPROVEN_OVER_TLS = 200
PATIENCE = 2.0
# Requests of a connection that wait for the answer to one before them. Each costs a hundred times what it takes to send
# it, and neither devices nor browsers send a second one before they have their answer.
PIPELINED = 2
# In the scope once the whole body has come; nearly every post is complete before the door sees it.
COMPLETE_KEY = "roomkeeper.complete"


class _TooManyAtOnce(Exception):
    """Ends the reading of what came, in the middle of it."""


class JoinedWrites:
    """A transport that sends an answer's head together with what follows it at once: one system call, one packet.

    uvicorn writes the head on its own, which costs a small answer twice the time. What is not followed by anything
    within the same turn of the loop leaves at its end.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send the data with what was held back; hold the data back where it is the head of an answer. Nothing is sent
        where the connection is cut: its request is not told of that before the next turn of the loop."""
        if self._transport.is_closing():
            return
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n"):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close it once everything is sent."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close it without sending anything more."""
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed or being closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows of its connection."""
        return self._transport.get_extra_info(name, default)

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `is_proven` is set by the door once a proven system or a signed-in person used it."""

    header_timeout: ClassVar[float] = 15.0
    connection_cap: ClassVar[int] = 20_000
    _open: ClassVar[dict["GuardedProtocol", None]] = {}
    _strangers: ClassVar[dict["GuardedProtocol", None]] = {}
    _slow: ClassVar[dict["GuardedProtocol", None]] = {}

    is_proven = False
    # What a proxy said of its client before the first byte of it (the PROXY protocol); None without one.
    proxied: ProxyHeader | None = None
    _all_unread: ClassVar[list[int]] = [0]
    _unread = 0
    is_tls = False
    _since = 0.0
    _is_in_headers = True
    _header_size = 0
    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection in; over the cap the oldest unproven one goes, or this one where all are proven."""
        super().connection_made(transport)
        self.is_tls = self.scheme == "https"
        if self.proxied is not None and self.proxied.address:
            self.client = (self.proxied.address, self.proxied.port)
            if self.proxied.is_tls:
                self.scheme = "https"
        self.transport = JoinedWrites(transport, self.loop)  # type: ignore[assignment]
        self._open[self] = None
        if len(self._open) > self.connection_cap:
            oldest = next((other for other in self._open if not other.is_proven), self)
            oldest.transport.abort()
        self._take_in(NARROW)
        if self.is_tls:
            self._strangers[self] = None
            self._since = self.loop.time()
        self._await_headers()

    @classmethod
    def has_room_for_strangers(cls) -> bool:
        """Whether another unproven connection over TLS may be begun; makes room where somebody may be sent away."""
        if len(cls._strangers) >= UNPROVEN_OVER_TLS:
            answered = (one for one in cls._strangers if one.is_answered)
            slow = (one for one in cls._strangers if one.is_waited_for and (one.has_begun or one.is_late))
            leaving = next(answered, None) or next(slow, None)
            if leaving is None:
                return False
            cls._strangers.pop(leaving)
            leaving.transport.abort()
        return True

    @property
    def is_answered(self) -> bool:
        """Whether its last request has its answer, and no other has begun."""
        return self.cycle is not None and self.cycle.response_complete and not self._is_in_headers

    @property
    def has_begun(self) -> bool:
        """Whether it has sent a part of a request."""
        return self.cycle is not None or self._header_size > 0

    @property
    def is_late(self) -> bool:
        """Whether it has had its time to ask for something."""
        return self.loop.time() - self._since > PATIENCE

    @property
    def is_gone(self) -> bool:
        """Whether the connection is cut or ended, though its request may not have been told yet."""
        return self.transport.is_closing()

    @property
    def is_waited_for(self) -> bool:
        """Whether its request is not complete, so that we wait for it and not it for us."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._open.pop(self, None)
        self._strangers.pop(self, None)
        self._slow.pop(self, None)
        self._stop_waiting()
        self.note_unread(0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what stands before the body; uvicorn reads headers without any bound."""
        if not self._is_in_headers and (self.cycle is None or self.cycle.response_complete):
            # What follows an answered request belongs to the next one's headers, blank lines before it too.
            self._is_in_headers, self._header_size = True, 0
        if self._is_in_headers:
            self._header_size += len(data)
            if self._header_size > HEADER_SIZE_LIMIT + len(data):
                self.transport.abort()
                return
        super().data_received(data)
        if self._is_in_headers and self._header_size:
            self._slow[self] = None
            self.note_unread(self._header_size)
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not (self._is_in_headers or cycle.response_complete):
            # No more of a body than came with its headers before somebody has looked at them and asks for it; then
            # a piece at a time (rule R14).
            self.flow.pause_reading()
            self.note_unread(len(cycle.body))
        # Headers that came in one piece, as nearly all do, never need a timer.
        if self._is_in_headers and self._header_timer is None:
            self._await_headers()

    def on_message_begin(self) -> None:
        """A further request on the connection has its own time and size for its headers."""
        if len(self.pipeline) >= PIPELINED:
            self.transport.abort()
            raise _TooManyAtOnce
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[CONNECTION_KEY] = self
        if not self._is_in_headers:
            self._is_in_headers, self._header_size = True, 0

    def on_headers_complete(self) -> None:
        """The headers are in."""
        self._is_in_headers = False
        self._stop_waiting()
        if self._slow.pop(self, self) is None:
            self.note_unread(0)
        super().on_headers_complete()

    def prove(self) -> None:
        """A proven system or a signed-in person uses the connection."""
        if not self.is_proven:
            self.is_proven = True
            self._strangers.pop(self, None)

    def widen(self) -> None:
        """Much is about to come, and it is wanted."""
        self._take_in(WIDE)

    def _take_in(self, size: int) -> None:
        made = self.transport.get_extra_info("socket")
        if made is not None:
            with contextlib.suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def note_unread(self, size: int) -> None:
        """So many bytes of this connection's unfinished headers or body wait for somebody who asks for them."""
        if size == self._unread:
            return
        self._all_unread[0] += size - self._unread
        self._unread = size
        if size and not self.is_proven and self._all_unread[0] > UNREAD_LIMIT:
            next(iter(self._slow), self)._cut()

    def _cut(self) -> None:
        """End it, and keep nothing of what came."""
        self._slow.pop(self, None)
        self.note_unread(0)
        if self.cycle is not None:
            # Its task has not run yet and would keep them until then.
            self.cycle.body = bytearray()
        # It would keep them until the loop tells it that the connection is lost.
        self.parser, self.headers = httptools.HttpRequestParser(self), []
        self.transport.abort()

    def on_response_complete(self) -> None:
        """An answer that came before the end of the body ends the connection: what follows would be read for nothing,
        without any bound of time."""
        self.note_unread(0)
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self.transport.close()

    def on_message_complete(self) -> None:
        """The body is in."""
        self.note_unread(0)
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[COMPLETE_KEY] = True
        super().on_message_complete()

    def _await_headers(self) -> None:
        self._header_timer = self.loop.call_later(self.header_timeout, self._give_up)

    def _stop_waiting(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _give_up(self) -> None:
        self._header_timer = None
        if not self.transport.is_closing():
            self.transport.abort()
