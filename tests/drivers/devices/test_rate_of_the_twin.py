"""A Room Bar with RoomOS 26 and its limit on requests: long conversations stay within it, and are never turned away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.drivers.devices.conftest import SERIAL, target_of

from roomkeeper.backups.reading import read_parts
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.registry import create_driver, get_family
from roomkeeper.virtual.http_server import HttpRequest, Response

Make = Callable[..., Any]


@pytest.fixture
async def bar(make_endpoint: Make) -> Any:
    endpoint = await make_endpoint("room-bar-roomos26")
    assert endpoint.is_rate_limited
    return endpoint


def watch(endpoint: Any) -> list[tuple[str, int]]:
    """What is asked from now on, by `password` or `cookie`, and the status of each answer."""
    seen: list[tuple[str, int]] = []
    handle = endpoint.api._in_its_turn

    async def watched(request: HttpRequest) -> Any:
        answer = await handle(request)
        by = "password" if "authorization" in request.headers else "cookie"
        if by == "password" or "cookie" in request.headers:
            seen.append((by, answer.status if isinstance(answer, Response) else 101))
        return answer

    endpoint.api._in_its_turn = watched
    return seen


def driver_for(endpoint: Any, transport: DeviceTransport) -> Driver:
    return create_driver(get_family("roomos"), transport.client(target_of(endpoint, serial_number=SERIAL)))


async def test_a_backup(bar: Any) -> None:
    seen = watch(bar)
    async with DeviceTransport() as transport:
        driver = driver_for(bar, transport)
        await driver.identify()
        for kind in ("status", "configuration", "valuespace", "command"):
            await driver.fetch_document(kind)
        await read_parts(driver)
    assert len(seen) > 8
    assert 503 not in {status for _, status in seen}
    # Two requests and the sign-in; the rest by the session, which is ended.
    assert sum(by == "password" for by, _ in seen) == 3
    assert not bar.logins.sessions


async def test_pushes_with_read_back_at_once_with_polls(bar: Any) -> None:
    """What others of the same process ask goes on, and other processes find room."""
    seen = watch(bar)

    async def push(transport: DeviceTransport, number: int) -> None:
        driver = driver_for(bar, transport)
        outcome = await driver.write_configuration({"SystemUnit/Name": f"Room {number}"})
        assert outcome.applied == ("SystemUnit/Name",)
        assert (await driver.read_configuration()).settings["SystemUnit/Name"].value

    async with DeviceTransport() as one, DeviceTransport() as other:
        await asyncio.gather(
            *(push(one, number) for number in range(3)),
            *(driver_for(bar, other).read_status() for _ in range(3)),
        )
    assert 503 not in {status for _, status in seen}
    assert not bar.logins.sessions
    assert bar.device.users["admin"].failed_logins == 0
