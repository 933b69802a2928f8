"""A small HTTP/1.1 server in the manner of a codec's: one request a connection, then close (notes D.3).

Its own code, and not aiohttp's, for two reasons: thousands of listeners in one process, and faults on the level
of bytes.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

_LOG = logging.getLogger(__name__)

MAX_HEAD = 64_000
MAX_BODY = 8_000_000
"""The documented maximum of a putxml (protocol notes D.6)."""
IDLE_SECONDS = 60.0

REASONS = {
    101: "Switching Protocols",
    200: "OK",
    204: "No Content",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    503: "Service Temporarily Unavailable",
}

SECURITY_HEADERS = (
    ("Server", "nginx"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "base-uri 'self'; default-src 'self'; frame-ancestors 'self'"),
    ("Permissions-Policy", "fullscreen=(self)"),
    ("Strict-Transport-Security", "max-age=0"),
    ("Cache-Control", "no-store, max-age=0"),
)


class BadRequest(ValueError):
    """Bytes that are no HTTP request."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(slots=True)
class HttpRequest:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    is_tls: bool
    source: str


@dataclass(slots=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml; charset=UTF-8"
    headers: list[tuple[str, str]] = field(default_factory=list)

    def encode(self) -> bytes:
        """The bytes on the wire."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        if self.status != 204:
            lines.append(f"Content-Type: {self.content_type}")
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("Connection: close")
        lines += [f"{name}: {value}" for name, value in (*SECURITY_HEADERS, *self.headers)]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + self.body


class Upgrade:
    """An answer that takes the connection over (a WebSocket): told of every byte, and of the end."""

    def head(self) -> bytes:
        """The 101 answer."""
        raise NotImplementedError

    def opened(self, connection: HttpConnection) -> None:
        """The head has been written."""

    def data_received(self, data: bytes) -> None:
        """More bytes of the peer."""

    def connection_lost(self) -> None:
        """The peer has gone."""


Handler = Callable[[HttpRequest], Awaitable["Response | Upgrade"]]
Writer = Callable[["HttpConnection", bytes], Awaitable[None]]


class HttpConnection(asyncio.Protocol):
    """One connection: reads one request, has it answered, closes."""

    def __init__(self, handler: Handler, writer: Writer | None, *, is_tls: bool) -> None:
        self._handler = handler
        self._writer = writer
        self.is_tls = is_tls
        self.transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._upgrade: Upgrade | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP and TLS servers give
        self.transport = transport
        self._timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, transport.abort)
        if self._buffer:
            self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        """Gather one request."""
        if self._upgrade is not None:
            self._upgrade.data_received(data)
            return
        if self._task is not None:
            return
        self._buffer += data
        if self.transport is None:
            # TLS may hand over the first bytes before it says that the connection is made.
            return
        try:
            request = self._take_request()
        except BadRequest as error:
            self.write_and_close(Response(error.status, b"", "text/html").encode())
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._answer(request))

    def _take_request(self) -> HttpRequest | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(400)
            return None
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest(400)
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadRequest(400)
            headers[name.strip().lower()] = value.strip()
        body = self._body(headers, end + 4)
        if body is None:
            return None
        target = urlsplit(words[1])
        peer = self.transport.get_extra_info("peername") if self.transport else None
        return HttpRequest(
            method=words[0].upper(),
            path=unquote(target.path),
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers=headers,
            body=body,
            is_tls=self.is_tls,
            source=str(peer[0]) if peer else "",
        )

    def _body(self, headers: dict[str, str], start: int) -> bytes | None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return _dechunk(self._buffer, start)
        length_text = headers.get("content-length", "0")
        if not (length_text.isascii() and length_text.isdigit()):
            raise BadRequest(400)
        length = int(length_text[:12])
        if length > MAX_BODY:
            raise BadRequest(413)
        if (
            headers.get("expect", "").lower() == "100-continue"
            and len(self._buffer) == start
            and self.transport
        ):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._buffer) - start < length:
            return None
        return bytes(self._buffer[start : start + length])

    async def _answer(self, request: HttpRequest) -> None:
        try:
            answer = await self._handler(request)
        except Exception:  # noqa: BLE001
            # The outermost loop of a connection: whatever broke, the client is told and the endpoint lives.
            _LOG.exception("a virtual endpoint could not answer %s %s", request.method, request.path)
            answer = Response(500, b"500 Internal Server Error\n", "text/plain; charset=UTF-8")
        if self.transport is None or self.transport.is_closing():
            return
        if isinstance(answer, Upgrade):
            self._upgrade = answer
            if self._timer is not None:
                self._timer.cancel()
            self.transport.write(answer.head())
            answer.opened(self)
            return
        data = answer.encode()
        if request.method == "HEAD":
            data = data[: data.index(b"\r\n\r\n") + 4]
        if self._writer is not None:
            await self._writer(self, data)
        self.write_and_close(b"" if self._writer is not None else data)

    def write_and_close(self, data: bytes) -> None:
        """The last bytes of this connection."""
        if self.transport is not None and not self.transport.is_closing():
            if data:
                self.transport.write(data)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self._upgrade is not None:
            self._upgrade.connection_lost()
        elif self._task is not None and not self._task.done():
            self._task.cancel()
        self.transport = None


def _dechunk(buffer: bytearray, start: int) -> bytes | None:
    body = bytearray()
    while True:
        end = buffer.find(b"\r\n", start)
        if end < 0:
            return None
        try:
            size = int(bytes(buffer[start:end]).partition(b";")[0], 16)
        except ValueError:
            raise BadRequest(400) from None
        if size < 0 or len(body) + size > MAX_BODY:
            raise BadRequest(413)
        if len(buffer) < end + 2 + size + 2:
            return None
        body += buffer[end + 2 : end + 2 + size]
        start = end + 2 + size + 2
        if size == 0:
            return bytes(body)


class _TlsDoor(asyncio.Protocol):
    """Takes a TCP connection and wraps it in TLS with a context made when the first client comes.

    A context costs memory; of five thousand endpoints few are ever asked over TLS.
    """

    def __init__(
        self, make_context: Callable[[], ssl.SSLContext], make_connection: Callable[[], HttpConnection]
    ):
        self._make_context = make_context
        self._make_connection = make_connection
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold the client's first bytes back until TLS listens for them."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._wrap(transport))

    async def _wrap(self, transport: asyncio.Transport) -> None:
        connection = self._make_connection()
        try:
            wrapped = await asyncio.get_running_loop().start_tls(
                transport, connection, self._make_context(), server_side=True, ssl_handshake_timeout=20
            )
        except (OSError, ssl.SSLError):
            transport.abort()
            return
        if wrapped is not None:
            connection.connection_made(wrapped)


class HttpListener:
    """One listening socket of an endpoint.  `wrap` may put a TLS stack of its own around a connection."""

    def __init__(
        self,
        handler: Handler,
        *,
        address: str,
        port: int,
        make_context: Callable[[], ssl.SSLContext] | None = None,
        wrap: Callable[[asyncio.Protocol], asyncio.Protocol | None] | None = None,
        writer: Writer | None = None,
    ) -> None:
        self._handler = handler
        self._writer = writer
        self._address = address
        self._make_context = make_context
        self._wrap = wrap
        self._server: asyncio.Server | None = None
        self.port = port

    async def open(self) -> None:
        """Listen; with port 0 any free one, kept for the next time."""
        loop = asyncio.get_running_loop()

        def connection() -> HttpConnection:
            return HttpConnection(self._handler, self._writer, is_tls=self._make_context is not None)

        if self._make_context is None:
            self._server = await loop.create_server(connection, self._address, self.port, backlog=16)
        else:
            make_context = self._make_context

            def door() -> asyncio.Protocol:
                wrapped = self._wrap(connection()) if self._wrap is not None else None
                return wrapped or _TlsDoor(make_context, connection)

            self._server = await loop.create_server(door, self._address, self.port, backlog=16)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def close(self) -> None:
        """Stop listening; connections in progress end on their own."""
        if self._server is not None:
            self._server.close()
            self._server = None
