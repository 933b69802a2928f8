"""Listeners whose connections have something before HTTP: TLS, and behind proxies the header of the PROXY protocol.

Neither has said who it is yet, and a handshake holds some 80 kB: only so many are begun at once (rule R14).
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence

import structlog

from roomkeeper.external_manager import proxy_protocol
from roomkeeper.external_manager.connections import GuardedProtocol
from roomkeeper.external_manager.proxy_protocol import NotProxied, ProxyHeader
from roomkeeper.systems.addresses import Network, is_within

log = structlog.get_logger(__name__)

# Connections whose header is being read or whose TLS is being agreed on; more wait in the kernel, where they cost us
# nothing. When all systems start at once each has its turn within milliseconds.
AT_ONCE = 100
# Seconds that one has to itself while others wait; then the oldest makes room.
PATIENCE = 2.0
_PAUSE = 0.1
# While nobody can be sent away, which ends with an answer or within seconds.
_MOMENT = 0.01


class ProxiedServer:
    """What `create_server` gives, for one listening socket. A connection from a trusted proxy must begin with a header
    of the PROXY protocol and is closed without one; any other is its own client, and may not send one."""

    def __init__(
        self,
        make: Callable[[], asyncio.Protocol],
        listening: socket.socket,
        tls: ssl.SSLContext | None,
        *,
        trusted: Sequence[Network],
        timeout: float,
    ) -> None:
        self._make, self._listening, self._tls = make, listening, tls
        self._trusted, self._timeout = trusted, timeout
        self._loop = asyncio.get_running_loop()
        self._begun: dict[asyncio.Task[None], tuple[socket.socket, float]] = {}
        self._is_ended = asyncio.Event()
        self._accepting = self._loop.create_task(self._accept())

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The listening socket."""
        return (self._listening,)

    def close(self) -> None:
        """Take no further connections."""
        self._accepting.cancel()
        for task in self._begun:
            task.cancel()
        self._listening.close()

    async def wait_closed(self) -> None:
        """Wait until none is being accepted."""
        await asyncio.gather(self._accepting, *self._begun, return_exceptions=True)

    async def _make_room(self) -> None:
        while len(self._begun) >= AT_ONCE:
            oldest, (made, began) = next(iter(self._begun.items()))
            left = began + PATIENCE - self._loop.time()
            self._is_ended.clear()
            if left <= 0:
                # Its task ends with it, as if the peer had gone.
                with contextlib.suppress(OSError):
                    made.shutdown(socket.SHUT_RDWR)
                oldest.cancel()
                left = _PAUSE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._is_ended.wait()

    async def _accept(self) -> None:
        while True:
            await self._make_room()
            while self._tls is not None and not GuardedProtocol.has_room_for_strangers():
                await asyncio.sleep(_MOMENT)
            try:
                made, peer = await self._loop.sock_accept(self._listening)
            except OSError as error:
                # Out of files, mostly; whoever waits is taken once some are free.
                log.warning("a connection could not be accepted", error=str(error))
                await asyncio.sleep(_PAUSE)
                continue
            task = self._loop.create_task(self._begin(made, str(peer[0])))
            self._begun[task] = made, self._loop.time()
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._begun.pop(task, None)
        self._is_ended.set()

    async def _begin(self, made: socket.socket, peer: str) -> None:
        handed_over = False
        try:
            made.setblocking(False)
            header: ProxyHeader | None = None
            if is_within(peer, self._trusted):
                async with asyncio.timeout(self._timeout):
                    header = await self._read_header(made)
            options = {"ssl_handshake_timeout": self._timeout} if self._tls is not None else {}
            handed_over = True
            await self._loop.connect_accepted_socket(
                lambda: self._told(header), made, ssl=self._tls, **options
            )
        except NotProxied as error:
            log.warning("a trusted proxy sent no PROXY protocol header", proxy=peer, reason=str(error))
        except (OSError, TimeoutError):
            pass  # gone, or too slow
        finally:
            if not handed_over:
                made.close()

    def _told(self, header: ProxyHeader | None) -> asyncio.Protocol:
        protocol = self._make()
        protocol.proxied = header  # type: ignore[attr-defined]
        return protocol

    async def _read_header(self, made: socket.socket) -> ProxyHeader:
        """Take the header off the connection and not a byte more: what follows belongs to TLS or HTTP."""
        had = b""
        while True:
            await self._readable(made)
            with contextlib.suppress(BlockingIOError):
                seen = made.recv(proxy_protocol.MOST, socket.MSG_PEEK)
                if not seen:
                    raise ConnectionResetError
                found = proxy_protocol.decode(had + seen)
                # Where more is needed, all that came belongs to the header.
                had += made.recv(len(seen) if found is None else found.size - len(had))
                if found is not None:
                    return found

    async def _readable(self, made: socket.socket) -> None:
        readable = self._loop.create_future()

        def tell() -> None:
            if not readable.done():
                readable.set_result(None)

        self._loop.add_reader(made.fileno(), tell)
        try:
            await readable
        finally:
            self._loop.remove_reader(made.fileno())
