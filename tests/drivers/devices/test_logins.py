"""Passwords: tried once, never over HTTP without leave, and what is asked of one device at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.drivers.devices.conftest import GOOD, QUICK, SERIAL, UNAUTHORIZED, http, target_of
from tests.loopback import Reach

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.limits import LOCK_OUT_SECONDS, Limits, LoginMemory
from roomkeeper.devices.login import Login
from roomkeeper.devices.registry import create_driver, get_family
from roomkeeper.devices.tls import TlsPolicy

Make = Callable[..., Any]
WRONG = Login("admin", "wrong")


def tries(received: list[bytes]) -> int:
    return sum(b"authorization" in head.lower() for head in received)


async def test_a_wrong_password_touches_the_device_once(serve: Make, transport: DeviceTransport) -> None:
    server = await serve(UNAUTHORIZED)
    driver = create_driver(get_family("roomos"), transport.client(server.target(login=WRONG), patience=QUICK))
    asked = [driver.identify(), driver.read_status(), driver.restart(), driver.read_feedback()]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in found} == {errors.LoginRefused}
    assert tries(server.received) == 1
    # Another client of the same transport, another day: still not.
    again = create_driver(get_family("roomos"), transport.client(server.target(login=WRONG), patience=QUICK))
    with pytest.raises(errors.LoginRefused, match="so it was not tried again"):
        await again.identify()
    assert tries(server.received) == 1
    other = transport.client(server.target(login=Login("admin", "also wrong")), patience=QUICK)
    with pytest.raises(errors.LoginRefused):
        await other.get("/status.xml", doing="reading")
    assert tries(server.received) == 2


async def test_an_account_that_locks_after_five_is_not_locked_by_us(
    make_endpoint: Make, transport: DeviceTransport
) -> None:
    endpoint = await make_endpoint("room-bar-roomos26")
    target = target_of(endpoint, login=WRONG)
    for _ in range(10):
        with pytest.raises(errors.LoginRefused):
            await create_driver(get_family("roomos"), transport.client(target)).identify()
    assert endpoint.device.users["admin"].failed_logins == 1
    good = create_driver(get_family("roomos"), transport.client(replace(target, login=GOOD)))
    assert (await good.identify()).serial_number == SERIAL


async def test_a_person_may_have_it_tried_again(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    target = target_of(endpoint)
    endpoint.set_fault("locked_out", True)
    with pytest.raises(errors.LoginRefused):
        await create_driver(get_family("roomos"), transport.client(target)).identify()
    endpoint.set_fault("locked_out", False)
    transport.client(target).forget_refusal()
    assert (
        await create_driver(get_family("roomos"), transport.client(target)).identify()
    ).serial_number == SERIAL


async def test_a_login_that_worked_before_is_tried_again_after_the_lock_out(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    now = 0.0
    async with DeviceTransport(logins=LoginMemory(clock=lambda: now)) as transport:
        client = transport.client(target_of(endpoint))
        driver = create_driver(get_family("roomos"), client)
        await driver.identify()
        endpoint.set_fault("locked_out", True)
        for _ in range(2):
            with pytest.raises(errors.LoginRefused):
                await driver.identify()
        endpoint.set_fault("locked_out", False)
        now = LOCK_OUT_SECONDS - 1
        with pytest.raises(errors.LoginRefused, match="so it was not tried again"):
            await driver.identify()
        now = LOCK_OUT_SECONDS
        assert (await driver.identify()).serial_number == SERIAL


@pytest.mark.parametrize("cookie", ["a\\015\\012X-Evil: 1", "x" * 600, "<>", ""])
async def test_cookies_of_strangers_are_not_sent_back(
    cookie: str, serve: Make, transport: DeviceTransport
) -> None:
    server = await serve(http("200 OK", b"<Status/>", Set_Cookie=f'SessionId="{cookie}"; Path=/'))
    client = transport.client(server.target(), patience=QUICK)
    for _ in range(4):
        await client.get("/status.xml", doing="reading")
    assert any(b"/xmlapi/session/begin" in head for head in server.received)
    assert not any(b"cookie" in head.lower() for head in server.received)


@pytest.mark.parametrize(
    "address", ["evil.example/@127.0.0.1", "127.0.0.1/x", "a b", "user@127.0.0.1", "", "\n"]
)
async def test_address_that_is_none_leads_nowhere(address: str, transport: DeviceTransport) -> None:
    target = Target("Lobby", address, Reach("reachable_on_lan"), login=GOOD)
    with pytest.raises(errors.NameNotResolved):
        await transport.client(target, patience=QUICK).get("/status.xml", doing="reading")


async def test_user_name_with_a_colon(serve: Make, transport: DeviceTransport) -> None:
    server = await serve(UNAUTHORIZED)
    client = transport.client(server.target(login=Login("ad:min", "x")), patience=QUICK)
    with pytest.raises(errors.LoginRefused, match="colon"):
        await client.get("/status.xml", doing="reading")
    assert tries(server.received) == 0


async def test_no_login_stored(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    with pytest.raises(errors.LoginRefused, match="none is stored"):
        await transport.client(target_of(endpoint, login=None)).get("/status.xml", doing="reading")


async def test_password_goes_over_http_only_with_leave(
    make_endpoint: Make, transport: DeviceTransport
) -> None:
    endpoint = await make_endpoint()
    target = target_of(endpoint, https_port=9)
    with pytest.raises(errors.ConnectionRefused):
        await create_driver(get_family("roomos"), transport.client(target)).identify()
    with pytest.raises(errors.PasswordNeedsTls):
        await create_driver(get_family("roomos"), transport.client(replace(target, https_port=0))).identify()
    allowed = transport.client(replace(target, password_may_use_http=True))
    assert (await create_driver(get_family("roomos"), allowed).identify()).tls_key == ""
    assert allowed.scheme == "http"
    pinned = replace(target, password_may_use_http=True, tls=TlsPolicy(pinned_key="a" * 64))
    with pytest.raises(errors.ConnectionRefused):
        await create_driver(get_family("roomos"), transport.client(pinned)).identify()


async def test_one_device_is_asked_so_many_things_at_a_time(serve: Make) -> None:
    running = most = 0
    gate = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        head = await reader.readuntil(b"\r\n\r\n")
        if b"status.xml" in head:
            running += 1
            most = max(most, running)
            if running == 2:
                gate.set()
            await gate.wait()
            running -= 1
        writer.write(http("404 Not Found") if b"session" in head else http("200 OK", b"<Status/>"))
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        canned = await serve(b"")
        canned.port = port
        async with DeviceTransport(limits=Limits(per_device=2)) as transport:
            client = transport.client(canned.target())
            # Until the login is known to work they come one by one.
            await client.get("/getxml?location=/Status", doing="reading")
            await asyncio.gather(*(client.get("/status.xml", doing="reading") for _ in range(8)))
    assert most == 2


async def test_dead_devices_do_not_keep_the_living_waiting() -> None:
    limits = Limits(at_once=1, dead_at_once=1)
    limits.note("dead", is_dead=True)
    async with limits.place("dead"):
        async with asyncio.timeout(1):
            async with limits.place("alive"):
                pass
    limits.note("dead", is_dead=False)
    async with limits.place("dead"):
        waiting = asyncio.create_task(_enter(limits))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
    await waiting


async def _enter(limits: Limits) -> None:
    async with limits.place("alive"):
        pass


def test_a_login_does_not_show_its_password() -> None:
    assert "roomkeeper" not in repr(GOOD)
