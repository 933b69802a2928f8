"""Looking for devices at many addresses of loopback: endpoints, other agents, strangers, and black holes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.drivers.devices.conftest import UNAUTHORIZED, http
from tests.drivers.devices.snmpd import AUTHENTICATION, PRIVACY, until_taken
from tests.loopback import Reach, look_at

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.discovery import AT_ONCE, AddressSearch, Found, Nothing, transport_for
from roomkeeper.devices.limits import Limits
from roomkeeper.devices.snmp import Community, SnmpUser
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity

Make = Callable[..., Any]
NETWORK = "127.1.79"
COMMUNITIES = (Community("secret"), Community("public"), Community("Public", "1"))
USER = SnmpUser("sha512", "SHA-512", AUTHENTICATION, "AES", PRIVACY)


def free_port() -> int:
    """Free on every address of loopback, for TCP and UDP, as far as one can know."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("", 0))
        udp.bind(("", tcp.getsockname()[1]))
        return int(tcp.getsockname()[1])


@pytest.fixture
def search() -> AddressSearch:
    return AddressSearch(
        COMMUNITIES, https_port=free_port(), http_port=free_port(), snmp_port=free_port(), snmp_answer=0.5
    )


@pytest.fixture
async def make_at(search: AddressSearch) -> Any:
    """Start virtual endpoints at an address of the network, on the ports that are looked at."""
    started: list[VirtualEndpoint] = []

    async def make(last: int, *, profile: str = "sx10-ce9.6", has_snmp: bool = True) -> VirtualEndpoint:
        address = f"{NETWORK}.{last}"
        identity = EndpointIdentity(
            f"Room {last}", f"FTT{last:08}", f"02:00:00:00:00:{last:02X}", address, address
        )
        plan = EndpointPlan(
            identity,
            profile=profile,
            https_port=search.https_port,
            http_port=search.http_port,
            snmp_port=search.snmp_port if has_snmp else 0,
        )
        endpoint = VirtualEndpoint(plan)
        started.append(endpoint)
        await endpoint.start()
        if has_snmp:
            await until_taken(address, search.snmp_port)
        return endpoint

    yield make
    for endpoint in started:
        await endpoint.stop()


@pytest.fixture
def black_hole(search: AddressSearch) -> Iterator[Callable[[int], None]]:
    """An address that swallows everything: datagrams lie unread, and connections do not come about.

    A listening socket whose backlog is full does that on loopback: the kernel drops what else wants to connect.
    """
    with ExitStack() as kept:

        def make(last: int) -> None:
            address = f"{NETWORK}.{last}"
            unread = kept.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            unread.bind((address, search.snmp_port))
            for port in (search.https_port, search.http_port):
                full = kept.enter_context(socket.socket())
                full.bind((address, port))
                full.listen(0)
                for _ in range(2):
                    filler = kept.enter_context(socket.socket())
                    filler.setblocking(False)
                    filler.connect_ex((address, port))

        yield make


async def scan(
    addresses: Iterable[str],
    search: AddressSearch,
    *,
    on_result: Callable[[Found | Nothing], Awaitable[None]],
    at_once: int = AT_ONCE,
) -> None:
    """Look at every address, `at_once` at a time, and tell each result as it comes."""
    waiting = iter(addresses)

    async def take(transport: DeviceTransport) -> None:
        for address in waiting:
            await on_result(await look_at(transport, address, search))

    async with transport_for(at_once) as transport, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(take(transport))


async def scan_all(addresses: list[str], search: AddressSearch, **values: Any) -> dict[str, Found | Nothing]:
    found: dict[str, Found | Nothing] = {}

    async def keep(result: Found | Nothing) -> None:
        assert result.address not in found
        found[result.address] = result

    await scan(addresses, search, on_result=keep, **values)
    assert set(found) == set(addresses)
    return found


async def look(last: int, search: AddressSearch, **values: Any) -> Any:
    async with transport_for() as transport:
        return await look_at(transport, f"{NETWORK}.{last}", search, **values)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until_closed(before: int) -> None:
    """Wait until no more files are open than before: the endpoints of this process close their side a little later."""
    async with asyncio.timeout(10):
        while open_files() > before:
            await asyncio.sleep(0.01)


async def test_a_range_with_endpoints_agents_and_black_holes(
    search: AddressSearch, make_at: Make, make_snmpd: Make, black_hole: Callable[[int], None]
) -> None:
    signed = []
    endpoints = [await make_at(last) for last in range(10, 18)]
    for endpoint in endpoints:
        route = endpoint.api._route
        endpoint.api._route = lambda request, route=route: (
            (signed.append(request) if "authorization" in request.headers else None) or route(request)
        )
    for last in (30, 31, 32):
        await make_snmpd(f"sysName printer{last}", address=f"{NETWORK}.{last}", port=search.snmp_port)
    for last in range(50, 55):
        black_hole(last)
    addresses = [f"{NETWORK}.{last}" for last in range(1, 255)]
    most, before = 0, open_files()

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, open_files())
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    began = time.monotonic()
    found = await scan_all(addresses, search, at_once=32)
    took = time.monotonic() - began
    watching.cancel()

    devices = {address: one for address, one in found.items() if isinstance(one, Found) and one.is_device}
    assert sorted(devices) == sorted(endpoint.plan.identity.address for endpoint in endpoints)
    for endpoint in endpoints:
        one = devices[endpoint.plan.identity.address]
        assert (one.family, one.name) == ("roomos", endpoint.plan.identity.name)
        assert one.serial_number == endpoint.plan.identity.serial
        assert (one.product, one.software_version) == ("Cisco TelePresence SX10", "ce9.6.1.4516ae5aaa1")
        assert one.sys_object_id == "1.3.6.1.4.1.5596.150.6.4.1"
        assert (one.https, one.http, one.snmp_login) == (True, True, 1)
        assert len(one.tls_key) == 64
    others = [one for one in found.values() if isinstance(one, Found) and not one.is_device]
    assert sorted(one.name for one in others) == ["printer30", "printer31", "printer32"]
    assert {one.family for one in others} == {"unmanaged"}
    nothing = {address: one for address, one in found.items() if isinstance(one, Nothing)}
    assert len(nothing) == 254 - 8 - 3
    assert nothing[f"{NETWORK}.50"].why == "Nothing answers."
    assert isinstance(nothing[f"{NETWORK}.50"].errors["https"], errors.ConnectTimedOut)
    assert "nothing listens" in nothing[f"{NETWORK}.1"].why
    assert signed == []
    assert all(endpoint.device.users["admin"].failed_logins == 0 for endpoint in endpoints)
    # Two connections and three SNMP sockets an address; those of the endpoints themselves stand here too.
    assert most - before <= 32 * (2 + len(COMMUNITIES)) + len(endpoints) * 4
    await until_closed(before)
    assert took < 15


async def test_black_hole_costs_its_time_out_and_nobody_else_waits(
    search: AddressSearch, make_at: Make, black_hole: Callable[[int], None]
) -> None:
    await make_at(10)
    for last in range(50, 58):
        black_hole(last)
    search = replace(search, connect=1.0, snmp_answer=0.5, snmp_tries=2)
    order: list[str] = []

    async def keep(result: Found | Nothing) -> None:
        order.append(result.address)

    began = time.monotonic()
    holes = [f"{NETWORK}.{last}" for last in range(50, 58)]
    await scan([*holes, f"{NETWORK}.10"], search, on_result=keep)
    # Eight of them, one after another, would be eight seconds and more.
    assert time.monotonic() - began < 6
    assert order[0] == f"{NETWORK}.10"


async def test_places_of_the_transport_are_obeyed(
    search: AddressSearch, black_hole: Callable[[int], None]
) -> None:
    """Work of several jobs shares one transport, and with it the places."""
    limits = Limits(at_once=2)
    for last in range(50, 54):
        black_hole(last)
    hurried = replace(search, connect=0.2, snmp_answer=0.1, snmp_tries=1)
    async with DeviceTransport(limits=limits) as transport:
        looks = [
            asyncio.create_task(look_at(transport, f"{NETWORK}.{last}", hurried)) for last in range(50, 54)
        ]
        _, waiting = await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
        assert len(waiting) >= 2
        await asyncio.gather(*looks)
    assert limits.gates == 0


async def test_stopping_ends_everything(search: AddressSearch, black_hole: Callable[[int], None]) -> None:
    for last in range(50, 60):
        black_hole(last)
    patient = replace(search, connect=60, snmp_answer=60, total=60)
    before, first = open_files(), asyncio.Event()
    tasks = asyncio.all_tasks()

    async def keep(result: Found | Nothing) -> None:
        first.set()

    scanning = asyncio.create_task(
        scan([f"{NETWORK}.{last}" for last in (1, *range(50, 60))], patient, on_result=keep)
    )
    await first.wait()
    scanning.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await scanning
    assert asyncio.all_tasks() == tasks
    await until_closed(before)


async def test_what_takes_too_long_is_given_up_and_the_rest_is_kept(
    search: AddressSearch, make_snmpd: Make, black_hole: Callable[[int], None]
) -> None:
    with socket.socket() as silent:
        silent.bind((f"{NETWORK}.40", search.https_port))
        silent.listen()
        await make_snmpd("sysName slow", address=f"{NETWORK}.40", port=search.snmp_port)
        found = await look(40, replace(search, connect=60, total=0.8))
    assert (found.name, found.is_device) == ("slow", False)
    assert isinstance(found.errors["https"], errors.ReadTimedOut)
    assert isinstance(found.errors["http"], errors.ConnectionRefused)


# Who is found by what


async def test_endpoint_without_snmp_is_found_by_its_mark(search: AddressSearch, make_at: Make) -> None:
    await make_at(10, profile="dx80-ce9.15", has_snmp=False)
    found = await look(10, search)
    assert (found.is_device, found.family, found.https, found.http) == (True, "", True, True)
    assert (found.snmp_login, found.name, len(found.tls_key)) == (None, "", 64)
    assert isinstance(found.errors["snmp"], errors.SnmpNoAnswer)


async def test_stand_in_is_found_by_snmp_alone(search: AddressSearch, make_at: Make) -> None:
    await make_at(10, profile="stand-in-expressway")
    found = await look(10, search)
    assert (found.is_device, found.family, found.https, found.http) == (True, "expressway", False, False)
    assert found.serial_number == "FTT00000010"


async def test_the_login_that_is_answered_is_told(search: AddressSearch, make_snmpd: Make) -> None:
    await make_snmpd("sysName lobby", address=f"{NETWORK}.40", port=search.snmp_port)
    logins = (*(Community(f"guess{n}") for n in range(5)), USER, Community("more"))
    found = await look(40, replace(search, snmp_logins=logins, snmp_answer=0.2, snmp_tries=1))
    assert (found.snmp_login, found.name) == (5, "lobby")
    wrong = replace(USER, authentication_password="guessguess")
    found = await look(40, replace(search, snmp_logins=(Community("guess"), wrong), snmp_answer=0.2))
    assert isinstance(found, Nothing)
    assert "refused the SNMPv3 user" in found.why
    found = await look(40, replace(search, snmp_logins=()))
    assert isinstance(found, Nothing)
    assert "snmp" not in found.errors


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            http("200 OK", b"<html>Welcome to nginx</html>"),
            "A web server answers, but",
        ),
        (http("401 Unauthorized", WWW_Authenticate='Basic realm="Router"'), "A web server answers"),
        (http("302 Found", Location="https://example.org/"), "A web server answers"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not its XML"),
    ],
)
async def test_strangers_are_nothing(answer: bytes, why: str, search: AddressSearch, serve: Make) -> None:
    server = await serve(answer)
    search = replace(search, http_port=server.port)
    async with transport_for() as transport:
        found = await look_at(transport, "127.0.0.1", search)
    assert isinstance(found, Nothing)
    assert why in found.why
    assert not any(b"authorization" in head.lower() for head in server.received)


async def test_mark_is_believed_more_than_an_agent_that_is_none_of_ours(
    search: AddressSearch, serve: Make, make_snmpd: Make
) -> None:
    server = await serve(UNAUTHORIZED)
    port = await make_snmpd("sysName proxy")
    async with transport_for() as transport:
        found = await look_at(transport, "127.0.0.1", replace(search, http_port=server.port, snmp_port=port))
    assert (found.is_device, found.family, found.name) == (True, "", "proxy")


async def test_address_that_is_none_is_nothing(search: AddressSearch) -> None:
    async with transport_for() as transport:
        for address in ("", "a b", "127.0.0.1/8", "no-such-host.invalid"):
            found = await look_at(transport, address, search)
            assert isinstance(found, Nothing)
            assert {type(one) for one in found.errors.values()} == {errors.NameNotResolved}


# Systems that are known


async def test_known_secure_only_system_gets_https_alone(search: AddressSearch, make_at: Make) -> None:
    endpoint = await make_at(10)
    asked = []
    route = endpoint.api._route
    endpoint.api._route = lambda request: asked.append(request) or route(request)
    found = await look(10, search, reach=Reach("reachable_on_lan", is_secure_only=True))
    assert (found.https, found.http, found.snmp_login) == (True, False, None)
    assert isinstance(found.errors["http"], errors.ContactForbidden)
    assert isinstance(found.errors["snmp"], errors.ContactForbidden)
    assert len(asked) == 1


async def test_known_system_that_is_not_reachable_gets_nothing(search: AddressSearch, make_at: Make) -> None:
    endpoint = await make_at(10)
    asked = []
    route = endpoint.api._route
    endpoint.api._route = lambda request: asked.append(request) or route(request)
    found = await look(10, search, reach=Reach("behind_firewall"))
    assert isinstance(found, Nothing)
    assert "must not be contacted" in found.why
    assert asked == []
