"""Virtual endpoints to be polled, in a process of their own: `python -m tests.bench.endpoints LIVING DEAD PORTS…`.

Each has an address of its own from 127.7.0.1 on. The dead ones are sockets whose queue is full: the kernel drops what
comes to them without a word, as a firewall does or a switched-off device, so that connecting to them times out.
"""

import asyncio
import contextlib
import resource
import socket
import sys

from roomkeeper.virtual.endpoint import VirtualEndpoint, stop_all
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity, derive_address
from tests.bench.posts import Endpoint

FIRST = "127.7.0.1"
FIRST_DEAD = "127.8.0.1"
PROFILE = "room-kit-roomos10"


def address_of(number: int) -> str:
    """Where the endpoint of that number (from 1) is."""
    return derive_address(FIRST, number - 1)


def dead_address_of(number: int) -> str:
    """Where the dead one of that number (from 1) is not."""
    return derive_address(FIRST_DEAD, number - 1)


class Silence:
    """A listening socket that takes no connection: the next one waits until it gives up."""

    def __init__(self, address: str, port: int) -> None:
        self._sockets = [socket.socket()]
        self._sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sockets[0].bind((address, port))
        self._sockets[0].listen(0)
        # One more than the queue is long; whether the last is taken does not matter.
        for _ in range(2):
            filling = socket.socket()
            filling.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filling.connect((address, port))
            self._sockets.append(filling)

    def close(self) -> None:
        """Be gone."""
        for made in self._sockets:
            made.close()


def _plan(number: int, http_port: int, https_port: int) -> EndpointPlan:
    member = Endpoint(number)
    address = address_of(number)
    identity = EndpointIdentity(member.name, member.serial, member.mac, address, address)
    return EndpointPlan(identity, profile=PROFILE, http_port=http_port, https_port=https_port)


async def _serve(living: int, dead: int, http_port: int, https_port: int) -> None:
    endpoints = [VirtualEndpoint(_plan(number, http_port, https_port)) for number in range(1, living + 1)]
    for endpoint in endpoints:
        await endpoint.listen()
        # Made now, not while somebody waits for the handshake.
        endpoint.tls_context()
    silences = [
        Silence(dead_address_of(number), port)
        for number in range(1, dead + 1)
        for port in (http_port, https_port)
    ]
    print("ready", flush=True)
    # Whoever started this closes its standard input.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for silence in silences:
        silence.close()
    await stop_all(endpoints)


def main() -> None:
    """Listen until the standard input ends."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    asyncio.run(_serve(*map(int, sys.argv[1:])))


if __name__ == "__main__":
    main()
