"""A managed system behind which a real virtual endpoint stands, with the real door that it posts to."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone
from tests.integration.door.conftest import DoorProcess, door, open_door, tls  # noqa: F401
from tests.loopback import fetch_certificate

from roomkeeper.accounts.models import User
from roomkeeper.devices.client import Patience
from roomkeeper.devices.snmp import SnmpPatience
from roomkeeper.devices.tls import key_of
from roomkeeper.diagnosis import examining
from roomkeeper.diagnosis.sheet import FactSheet
from roomkeeper.diagnosis.tuning import Tuning
from roomkeeper.systems import admission, network_settings
from roomkeeper.systems.contact import connectivity_changes, device_access
from roomkeeper.systems.models import Connectivity, System, SystemSecret
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import BEHIND_FIREWALL, LAN, EndpointIdentity

# It posts when a test has it post.
RARELY = {f"heartbeat_{when}": 3_600 for when in ("admitted", "waiting", "watched", "unknown", "idle")}
SERIAL, MAC = "FTT25010001", "02:00:00:00:00:01"
# A room that answers is waited for as long as a loaded machine takes, and as long as a device keeps requests in its
# queue (one a second, protocol notes P.3).
PATIENT = Tuning(
    first=Patience(connect=20.0, read=30.0, total=60.0),
    whole=Patience(connect=20.0, read=30.0, total=60.0),
    again_after=0.5,
    snmp=SnmpPatience(answer=0.2, tries=1, total=0.5),
)
# For rooms from which no answer, or none that ends, is to come.
QUICK = replace(
    PATIENT,
    first=Patience(connect=1.5, read=1.0, total=2.5),
    whole=Patience(connect=1.5, read=3.0, total=6.0),
)


@dataclass
class Room:
    """One system with its endpoint."""

    endpoint: VirtualEndpoint
    door: DoorProcess
    pk: int
    seen: list[str] = field(default_factory=list)
    closers: list[Callable[[], Any]] = field(default_factory=list)

    async def system(self) -> System:
        return await in_thread(System.objects.get, pk=self.pk)

    async def change(self, **values: Any) -> None:
        """Change its record."""
        await in_thread(System.objects.filter(pk=self.pk).update, **values)

    async def post(self, event: str = "Beat") -> None:
        """Have it post once, and wait until it has its answer."""
        manager = self.endpoint.manager
        before = manager.posts_count
        manager.post_soon(event)
        end = time.monotonic() + 15
        while not (manager.posts_count > before and _is_answered(manager.posts[-1])):
            assert time.monotonic() < end, "it did not post"
            # One that has just failed a post of its own waits before the next, unless it is woken.
            if manager._events:
                manager._wake.set()
            await asyncio.sleep(0.02)

    async def diagnose(self, **how: Any) -> FactSheet:
        """Look at it as a worker does."""

        async def keep(sheet: FactSheet) -> None:
            self.seen = [finding.key for finding in sheet.all()]

        async with device_access.open_transport():
            return await examining.examine(self.pk, keep=keep, tuning=how.pop("tuning", PATIENT), **how)


def _is_answered(post: Any) -> bool:
    assert not post.problem or post.status, post
    return bool(post.status)


async def in_thread(function: Callable[..., Any], *args: Any, **values: Any) -> Any:
    """Database work of a test that has an event loop."""

    def call() -> Any:
        try:
            return function(*args, **values)
        finally:
            connection.close()

    return await sync_to_async(call, thread_sensitive=False)()


async def until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait for a condition of this process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.01)


@pytest.fixture
def person(transactional_db: None, administrator: User) -> User:
    """Whoever decides."""
    return administrator


MakeRoom = Callable[..., Awaitable[Room]]


@pytest.fixture
async def make_room(door: DoorProcess, person: User) -> AsyncIterator[MakeRoom]:  # noqa: F811
    """Start an endpoint and manage it as an administrator would: it phones home, is admitted and takes its secret."""
    started: list[VirtualEndpoint] = []
    rooms: list[Room] = []

    async def make(
        profile: str = "room-kit-roomos10",
        *,
        password: str = "roomkeeper",
        is_pinned: bool = True,
        mode: str = LAN,
        **changes: Any,
    ) -> Room:
        address = "127.3.78.1" if mode == BEHIND_FIREWALL else "127.1.78.1"
        reported = "192.168.78.1" if mode == BEHIND_FIREWALL else address
        plan = EndpointPlan(
            EndpointIdentity("Boardroom", SERIAL, MAC, address, reported),
            profile=profile,
            mode=mode,
            manager=door.http,
            **{"http_port": 0, "https_port": 0, "reboot_seconds": 0.05, **changes},
        )
        endpoint = VirtualEndpoint(plan)
        started.append(endpoint)
        await in_thread(network_settings.update, RARELY, user=person, now=timezone.now())
        await endpoint.listen()
        system = await in_thread(
            admission.pre_register,
            user=person,
            now=timezone.now(),
            mac_address=MAC,
            serial_number=SERIAL,
            name="Boardroom",
            network="127.0.0.0/8",
            host="" if mode == BEHIND_FIREWALL else address,
            http_port=endpoint.http_port,
            https_port=endpoint.https_port,
            username="admin",
            password=password,
        )
        room = Room(endpoint, door, system.pk)
        rooms.append(room)
        endpoint.phone_home()
        await _until_proven(room)
        connectivity = (
            Connectivity.BEHIND_FIREWALL if mode == BEHIND_FIREWALL else Connectivity.REACHABLE_ON_LAN
        )
        await in_thread(_decide, room.pk, connectivity, person)
        # The address that fits its connectivity rides on the next answer, and its feedback with it.
        await room.post()
        await until(lambda: 3 in endpoint.device.slots)
        if is_pinned and endpoint.https_port:
            key = key_of(await fetch_certificate(address, endpoint.https_port))
            await room.change(pinned_key=key, login_worked_at=timezone.now())
        return room

    yield make
    for endpoint in started:
        await endpoint.stop()
    for room in rooms:
        for close in room.closers:
            if inspect.isawaitable(closing := close()):
                await closing


def _decide(pk: int, connectivity: str, user: User) -> None:
    system = System.objects.select_related("folder").get(pk=pk)
    connectivity_changes.set_by_hand(system, connectivity, user=user, now=timezone.now())
    connectivity_changes.lock(system, user=user, now=timezone.now())


async def _until_proven(room: Room) -> None:
    end = time.monotonic() + 15
    current = SystemSecret.objects.filter(system_id=room.pk, stage=SystemSecret.Stage.CURRENT)
    while not await in_thread(current.exists):
        assert time.monotonic() < end, "it was not admitted"
        await room.post()
