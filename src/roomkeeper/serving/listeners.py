"""Sockets for HTTP and HTTPS and the servers on them: two uvicorn servers in one loop."""

import contextlib
import ctypes
import errno
import resource
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
import uvloop

from roomkeeper.external_manager.connections import GuardedProtocol
from roomkeeper.serving.proxied import ProxiedServer
from roomkeeper.settings.options import Options, SettingsError
from roomkeeper.systems.addresses import Network, parse_networks
from roomkeeper.words import gettext as _

BACKLOG = 4096
# Below them a port needs a right on Linux, as it comes.
FREE_PORTS = 1024
# Longer than the gap between two posts of a storm, shorter than a heartbeat: idle endpoints hold no connection.
KEEP_ALIVE = 20
SHUTDOWN_SECONDS = 5
_M_MMAP_THRESHOLD = -3  # malloc.h


class Loop(uvloop.Loop):
    """uvloop that begins only so many TLS handshakes at once, and ends them in the time of headers."""

    def __init__(self, handshake_timeout: float, proxies: Sequence[Network] = ()) -> None:
        """`proxies`: the networks of proxies that speak the PROXY protocol."""
        super().__init__()
        self._handshake_timeout = handshake_timeout
        self._proxies = proxies

    async def create_server(self, *args: Any, **options: Any) -> Any:
        """A listener, as uvicorn asks for it."""
        is_paced = self._proxies or options.get("ssl") is not None
        if is_paced and options.get("sock") is not None:
            return ProxiedServer(
                args[0],
                options["sock"],
                options.get("ssl"),
                trusted=self._proxies,
                timeout=self._handshake_timeout,
            )
        return await super().create_server(*args, **options)


def loop_of(options: Options) -> Loop:
    """The event loop for listeners with these settings."""
    speaks = options.proxies_tell == "proxy-protocol"
    return Loop(options.header_timeout, parse_networks(options.trusted_proxies) if speaks else ())


def allow_many_connections() -> None:
    """Raise the usual limit of 1,024 open files to what the system allows: the connection cap is above it."""
    _rest, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def return_freed_memory() -> None:
    """Have blocks of 128 kB and more given back to the system when they are freed. By default glibc keeps ever larger
    ones once it has seen them, and a burst of TLS connections (256 kB of buffer each) stays resident for good."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 128 * 1024)


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bind(address: str) -> socket.socket:
    """A listening socket for HOST:PORT (an IPv6 host in brackets); raises `SettingsError` in words."""
    host, _rest_2, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        if not 0 <= int(port) <= 65_535:
            # The resolver would take the rest of a division for it.
            raise ValueError(_("there is no port {port}", port=port))
        family, _rest_3, _rest_4, _rest_5, where = socket.getaddrinfo(
            host or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(where)
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(
            _("Cannot listen on {address}: {why_not}", address=address, why_not=_why_not(error, port))
        ) from error
    made.listen(BACKLOG)
    made.setblocking(False)
    return made


def _why_not(error: Exception, port: str) -> str:
    """What stands in the way of a listener, and what to do."""
    number = getattr(error, "errno", None)
    if number == errno.EACCES and int(port) < FREE_PORTS:
        return _(
            "this account may not use that port. It needs a capability "
            "(AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit) or a port of {free_ports} or "
            "more.",
            free_ports=FREE_PORTS,
        )
    if number == errno.EADDRINUSE:
        return _("another program listens there. Stop it, or choose another port.")
    if number == errno.EADDRNOTAVAIL:
        return _("this machine does not have that address. Choose one that it has, or 0.0.0.0 for all.")
    if isinstance(error, socket.gaierror):
        return _("that host is unknown. Choose an address of this machine.")
    return f"{error}."


def bound_address(made: socket.socket) -> str:
    """HOST:PORT of a bound socket, with the port that the system chose for port 0."""
    host, port = made.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def server(app: Any, options: Options, tls: ssl.SSLContext | None) -> uvicorn.Server:
    """A server for one kind of listener; it is given its sockets when it serves."""
    protocol = type(
        "Protocol",
        (GuardedProtocol,),
        {"header_timeout": options.header_timeout, "connection_cap": options.connection_cap},
    )
    config = uvicorn.Config(
        app,
        http=protocol,
        loop="none",
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=BACKLOG,
        ssl_context_factory=(lambda *_: tls) if tls is not None else None,
    )
    return _Server(config)
