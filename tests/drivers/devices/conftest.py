"""Real sockets for the device client: virtual endpoints, servers of canned answers, and a player of recordings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from tests.drivers.devices.snmpd import Rubbish, free_udp_port, start_snmpd
from tests.loopback import Reach

from roomkeeper.devices.client import DeviceTransport, Patience, Target
from roomkeeper.devices.login import Login
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
LAN = Reach("reachable_on_lan")
GOOD = Login("admin", "roomkeeper")
QUICK = Patience(connect=1.0, read=1.0, total=3.0)
SERIAL = "FTT25010001"


@pytest.fixture
async def transport() -> AsyncIterator[DeviceTransport]:
    async with DeviceTransport() as opened:
        yield opened


@pytest.fixture
async def make_endpoint() -> AsyncIterator[Callable[..., Any]]:
    """Start virtual endpoints on free ports; they stop with the test."""
    started: list[VirtualEndpoint] = []

    async def make(profile: str = "room-kit-roomos10", **changes: Any) -> VirtualEndpoint:
        identity = EndpointIdentity("Boardroom", SERIAL, "02:00:00:00:00:01", "127.1.78.1", "127.1.78.1")
        settings = {"http_port": 0, "https_port": 0, "reboot_seconds": 0.05, **changes}
        endpoint = VirtualEndpoint(EndpointPlan(identity, profile=profile, **settings))
        started.append(endpoint)
        await endpoint.start()
        return endpoint

    yield make
    for endpoint in started:
        await endpoint.stop()


@pytest.fixture
async def make_snmpd(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Start net-snmp's agent; gives its port. It stops with the test."""
    started: list[asyncio.subprocess.Process] = []

    async def make(*lines: str, address: str = "127.0.0.1", port: int = 0) -> int:
        port = port or free_udp_port(address)
        started.append(await start_snmpd(tmp_path / f"snmpd{len(started)}", address, port, *lines))
        return port

    yield make
    for process in started:
        process.terminate()
        await process.communicate()


@pytest.fixture
async def make_agent() -> AsyncIterator[Callable[..., Any]]:
    """Start agents on loopback that answer with what a function makes of each datagram."""
    started: list[asyncio.BaseTransport] = []

    async def make(answer: Callable[[bytes], bytes | list[bytes] | None]) -> Rubbish:
        loop = asyncio.get_running_loop()
        transport, agent = await loop.create_datagram_endpoint(
            lambda: Rubbish(answer), local_addr=("127.0.0.1", 0)
        )
        started.append(transport)
        return agent

    yield make
    for transport in started:
        transport.close()


def target_of(endpoint: VirtualEndpoint, **changes: Any) -> Target:
    """The target of a virtual endpoint."""
    given = {
        "name": "Boardroom",
        "address": endpoint.plan.identity.address,
        "reach": LAN,
        "login": GOOD,
        "https_port": endpoint.https_port or 0,
        "http_port": endpoint.http_port or 0,
        **changes,
    }
    return Target(**given)


@dataclass
class Canned:
    """A plain HTTP server that gives the same bytes to everybody, and keeps what it got."""

    answer: bytes
    port: int = 0
    received: list[bytes] = field(default_factory=list)

    def target(self, **changes: Any) -> Target:
        """HTTP only, and passwords may use it."""
        given = {
            "name": "Lobby",
            "address": "127.0.0.1",
            "reach": LAN,
            "login": GOOD,
            "https_port": 0,
            "http_port": self.port,
            "password_may_use_http": True,
            **changes,
        }
        return Target(**given)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Start servers: by canned bytes, or by a function of the request's bytes."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes | Callable[[bytes], bytes]) -> Canned:
        canned = Canned(answer if isinstance(answer, bytes) else b"")

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                writer.close()
                return
            canned.received.append(head)
            writer.write(answer if isinstance(answer, bytes) else answer(head))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        canned.port = server.sockets[0].getsockname()[1]
        return canned

    yield start
    for server in servers:
        server.close()


def http(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


UNAUTHORIZED = http("401 Unauthorized", b"401\n", WWW_Authenticate='Basic realm="CISCO-Endpoint"')


def play(folder: Path) -> Callable[[bytes], bytes]:
    """Answers requests out of a recording: the documents as they are, getxml cut out of the status."""

    def answer(head: bytes) -> bytes:
        if b"authorization:" not in head.lower():
            return UNAUTHORIZED
        method, where, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        parts = urlsplit(where)
        if method != "GET":
            return http("405 Method Not Allowed")
        if parts.path == "/getxml":
            (location,) = parse_qs(parts.query)["location"]
            root = ElementTree.fromstring((folder / "status.xml").read_bytes())
            name = location.removeprefix("/Status/")
            for child in list(root):
                if child.tag.rpartition("}")[2] != name:
                    root.remove(child)
            return http("200 OK", ElementTree.tostring(root), Content_Type="text/xml")
        path = folder / parts.path.lstrip("/")
        if not path.is_file():
            return http("404 Not Found")
        return http("200 OK", path.read_bytes(), Content_Type="text/xml; charset=UTF-8")

    return answer
