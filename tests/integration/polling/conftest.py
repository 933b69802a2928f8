"""Systems behind which real virtual endpoints answer, and a transport as a worker has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from roomkeeper.devices.client import DeviceTransport
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.models import Connectivity, Folder, System
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity
from tests.cast import add_system

LOGIN = ("admin", "roomkeeper")


@pytest.fixture(autouse=True)
def _many_connections(transactional_db: None, root_folder: Folder) -> None:
    """Work from an event loop is done by threads, which have connections of their own."""


@pytest.fixture
async def transport() -> AsyncIterator[DeviceTransport]:
    """The worker's transport."""
    async with device_access.open_transport() as opened:
        yield opened
    # The thread in which the tests themselves ask the database would keep its connection.
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[VirtualEndpoint]]]:
    """Start virtual endpoints, number 1 and on, each of its own address; they stop with the test."""
    started: list[VirtualEndpoint] = []

    async def make(number: int = 1, serial: str = "", **changes: Any) -> VirtualEndpoint:
        address = f"127.1.79.{number}"
        serial = serial or f"FTT{number:08}"
        identity = EndpointIdentity(f"Room {number}", serial, mac_of(number), address, address)
        plan = EndpointPlan(identity, **{"http_port": 0, "https_port": 0, "reboot_seconds": 0.05, **changes})
        endpoint = VirtualEndpoint(plan)
        started.append(endpoint)
        await endpoint.start()
        return endpoint

    yield make
    for endpoint in started:
        await endpoint.stop()


@pytest.fixture
def manage(root_folder: Folder) -> Callable[..., Awaitable[System]]:
    """Make an endpoint a managed system, reachable on LAN, with its login stored."""

    async def make(
        endpoint: VirtualEndpoint, *, login: tuple[str, str] | None = LOGIN, **values: Any
    ) -> System:
        return await sync_to_async(_add)(root_folder, endpoint, login, values)

    return make


def _add(
    folder: Folder, endpoint: VirtualEndpoint, login: tuple[str, str] | None, values: dict[str, Any]
) -> System:
    identity = endpoint.plan.identity
    number = int(identity.address.rpartition(".")[2])
    values = {
        "connectivity": Connectivity.REACHABLE_ON_LAN,
        "host": identity.address,
        "https_port": endpoint.https_port,
        "http_port": endpoint.http_port,
        "family": "roomos",
        **values,
    }
    system = add_system(identity.name, folder, number, **values)
    if login is not None:
        credentials.set_credentials(system, *login)
    return system


def mac_of(number: int) -> str:
    """The MAC address of that number in the cast's manner, as devices write it."""
    digits = f"00112233{number:04X}"
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))
