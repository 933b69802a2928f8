"""WebSocket frames on the server's side (RFC 6455): text messages, ping, close; nothing about their content."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from roomkeeper.virtual.http_server import SECURITY_HEADERS, HttpConnection, HttpRequest, Upgrade

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX_MESSAGE = 8_000_000
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


class ProtocolViolation(ValueError):
    """A frame that may not be."""


def accept_key(key: str) -> str:
    """The answer to a client's Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()  # noqa: S324 - as RFC 6455 says


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """One unmasked, final frame."""
    head = bytes([0x80 | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack(">H", len(payload))
    else:
        head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload


class FrameReader:
    """Takes bytes as they come, gives (opcode, payload) messages; fragments are put together."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._fragments = bytearray()
        self._opcode = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Whole messages so far; raises ProtocolViolation."""
        self._buffer += data
        messages: list[tuple[int, bytes]] = []
        while True:
            frame = self._take_frame()
            if frame is None:
                return messages
            is_final, opcode, payload = frame
            if opcode >= 8:
                messages.append((opcode, payload))
                continue
            if opcode:
                self._opcode, self._fragments = opcode, bytearray()
            self._fragments += payload
            if len(self._fragments) > _MAX_MESSAGE:
                raise ProtocolViolation("message too long")
            if is_final:
                messages.append((self._opcode, bytes(self._fragments)))
                self._fragments = bytearray()

    def _take_frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, start = struct.unpack(">H", buffer[2:4])[0], 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, start = struct.unpack(">Q", buffer[2:10])[0], 10
        if length > _MAX_MESSAGE:
            raise ProtocolViolation("frame too long")
        if not buffer[1] & 0x80:
            raise ProtocolViolation("clients mask their frames")
        if len(buffer) < start + 4 + length:
            return None
        mask = bytes(buffer[start : start + 4])
        masked = bytes(buffer[start + 4 : start + 4 + length])
        whole = int.from_bytes(masked, "big") ^ int.from_bytes((mask * (length // 4 + 1))[:length], "big")
        is_final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        del buffer[: start + 4 + length]
        return is_final, opcode, whole.to_bytes(length, "big")


class WebSocket(Upgrade):
    """A connection that has become a WebSocket."""

    def __init__(
        self, request: HttpRequest, *, subprotocol: str, on_text: Callable[[str], Awaitable[None]]
    ) -> None:
        self._key = request.headers.get("sec-websocket-key", "")
        self._subprotocol = subprotocol
        self._on_text = on_text
        self._reader = FrameReader()
        self._connection: HttpConnection | None = None
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self.on_closed: Callable[[], Any] | None = None

    def head(self) -> bytes:
        """The 101 answer; the subprotocol that carried the login is echoed (protocol notes E)."""
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {accept_key(self._key)}",
        ]
        if self._subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {self._subprotocol}")
        lines += [f"{name}: {value}" for name, value in SECURITY_HEADERS]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"

    def opened(self, connection: HttpConnection) -> None:
        """Begin to handle messages, one after the other."""
        self._connection = connection
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while True:
            await self._on_text(await self._queue.get())

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        try:
            messages = self._reader.feed(data)
        except ProtocolViolation:
            self.close(1002)
            return
        for opcode, payload in messages:
            if opcode in (_TEXT, _BINARY):
                self._queue.put_nowait(payload.decode("utf-8", "replace"))
            elif opcode == _PING:
                self._send(_PONG, payload)
            elif opcode == _CLOSE:
                self.close(1000)

    def send(self, text: str) -> None:
        """Send a text message, if the client is still there."""
        self._send(_TEXT, text.encode())

    def _send(self, opcode: int, payload: bytes) -> None:
        transport = self._connection.transport if self._connection is not None else None
        if transport is not None and not transport.is_closing():
            transport.write(encode_frame(opcode, payload))

    def close(self, code: int = 1001) -> None:
        """Say goodbye and close."""
        self._send(_CLOSE, struct.pack(">H", code))
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.close()

    def connection_lost(self) -> None:
        """The client is gone."""
        if self._worker is not None:
            self._worker.cancel()
        if self.on_closed is not None:
            self.on_closed()
