"""A system that must not be contacted gets no connection at all: listening sockets that count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.drivers.devices.conftest import GOOD, QUICK
from tests.loopback import Reach

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.manifest import CAPABILITIES
from roomkeeper.devices.registry import create_driver, get_family
from roomkeeper.protocols.xapi.command import CommandCall

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "write_configuration": ({"SystemUnit/Name": "x"},),
    "run_command": (CommandCall("SystemUnit/Boot"),),
    "register_feedback": ("http://192.0.2.1/x",),
    "set_password": ("admin", "other"),
    "show_message": ("Hello",),
}
FORBIDDEN = ["behind_firewall", "inaccessible", "", "undecided", "something new"]


@dataclass
class Counter:
    """A listening socket that counts connections and closes them."""

    port: int = 0
    connections: int = 0


@pytest.fixture
async def counters() -> AsyncIterator[tuple[Counter, Counter]]:
    """One that stands for HTTPS, one for HTTP."""
    servers = []
    found = (Counter(), Counter())
    for counter in found:

        def connected(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counter: Counter = counter
        ) -> None:
            counter.connections += 1
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        counter.port = server.sockets[0].getsockname()[1]
        servers.append(server)
    yield found
    for server in servers:
        server.close()


def target(counters: tuple[Counter, Counter], reach: Reach) -> Target:
    https, http = counters
    return Target(
        "Vault",
        "127.0.0.1",
        reach,
        login=GOOD,
        https_port=https.port,
        http_port=http.port,
        password_may_use_http=True,
    )


async def count(counters: tuple[Counter, Counter]) -> list[int]:
    """How many connections arrived: a last one of our own is behind them all in the queue."""
    found = []
    for counter in counters:
        before = counter.connections
        reader, writer = await asyncio.open_connection("127.0.0.1", counter.port)
        assert await reader.read() == b""
        writer.close()
        assert counter.connections > before
        found.append(counter.connections - 1)
        counter.connections -= 1
    return found


@pytest.mark.parametrize("connectivity", FORBIDDEN)
async def test_no_connection_arrives_where_connectivity_forbids_it(
    connectivity: str, counters: tuple[Counter, Counter], transport: DeviceTransport
) -> None:
    client = transport.client(target(counters, Reach(connectivity)), patience=QUICK)
    driver = create_driver(get_family("roomos"), client)
    for capability in CAPABILITIES:
        with pytest.raises(errors.ContactForbidden) as caught:
            await getattr(driver, capability)(*ARGUMENTS.get(capability, ()))
        assert "Its connectivity is " in str(caught.value)
    assert await count(counters) == [0, 0]


async def test_the_same_sockets_count_where_it_is_allowed(
    counters: tuple[Counter, Counter], transport: DeviceTransport
) -> None:
    client = transport.client(target(counters, Reach("reachable_on_lan")), patience=QUICK)
    with pytest.raises(errors.ConnectionFailed):
        await client.get("/status.xml", doing="reading")
    assert (await count(counters))[0] > 0


async def test_no_http_to_a_secure_only_system(
    counters: tuple[Counter, Counter], transport: DeviceTransport
) -> None:
    _, http = counters
    reach = Reach("reachable_on_lan", is_secure_only=True)
    plain = Target(
        "Vault", "127.0.0.1", reach, login=GOOD, https_port=0, http_port=http.port, password_may_use_http=True
    )
    with pytest.raises(errors.ContactForbidden, match="Secure-Only, which excludes HTTP"):
        await transport.client(plain, patience=QUICK).get("/status.xml", doing="reading")
    # Nothing listens for HTTPS: without Secure-Only it would go on to HTTP.
    refused = Target(
        "Vault", "127.0.0.1", reach, login=GOOD, https_port=9, http_port=http.port, password_may_use_http=True
    )
    with pytest.raises(errors.ConnectionRefused):
        await transport.client(refused, patience=QUICK).get("/status.xml", doing="reading")
    assert await count(counters) == [0, 0]


async def test_no_way_back_from_tls_to_http(
    counters: tuple[Counter, Counter], transport: DeviceTransport
) -> None:
    """HTTPS that fails in any other way than by not being there does not send the password over HTTP."""
    client = transport.client(target(counters, Reach("reachable_on_lan")), patience=QUICK)
    with pytest.raises(errors.ConnectionFailed):
        await client.get("/status.xml", doing="reading")
    assert (await count(counters))[1] == 0


@pytest.mark.parametrize(
    ("reach", "allowed"),
    [
        (Reach("reachable_on_lan"), {"https", "http", "snmp"}),
        (Reach("reachable_on_public_internet"), {"https", "http", "snmp"}),
        (Reach("reachable_on_lan", is_secure_only=True), {"https"}),
        (Reach("behind_firewall"), set()),
        (Reach("behind_firewall", is_secure_only=True), set()),
        (Reach("inaccessible"), set()),
        (Reach("", is_first_contact=True), {"https", "http", "snmp"}),
        (Reach("behind_firewall", is_first_contact=True), {"https", "http", "snmp"}),
        (Reach("", is_secure_only=True, is_first_contact=True), {"https"}),
    ],
)
def test_what_each_mode_allows(reach: Reach, allowed: set[str]) -> None:
    assert {one for one in ("https", "http", "snmp", "ftp") if reach.allows(one)} == allowed
