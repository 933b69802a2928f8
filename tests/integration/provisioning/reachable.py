"""A managed system that can be reached, and the real virtual endpoint behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from roomkeeper.provisioning.push_pump import pump
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.models import Connectivity, System
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity
from tests.cast import add_system

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ADDRESS, SERIAL = "127.1.79.1", "FTT25017901"
OURS = "10.0.0.5"
# An empty one is that of Network settings, which is open at night alone.
ALWAYS_OPEN = "Mon-Sun 00:00-24:00"


@asynccontextmanager
async def device(system: System, **changes: Any):
    """The system's endpoint, and a transport to talk to it."""
    identity = EndpointIdentity("Boardroom", SERIAL, "02:00:00:00:79:01", ADDRESS, ADDRESS)
    plan = EndpointPlan(identity, **{"http_port": 0, "https_port": 0, "reboot_seconds": 0.05, **changes})
    endpoint = VirtualEndpoint(plan)
    await endpoint.start()
    try:
        ports = {"http_port": endpoint.http_port or 1, "https_port": endpoint.https_port or 1}
        await asyncio.to_thread(System.objects.filter(pk=system.pk).update, **ports)
        async with device_access.open_transport():
            yield endpoint
    finally:
        await endpoint.stop()


def with_device(system: System, act: Callable[[VirtualEndpoint], Awaitable[Any]], **changes: Any) -> Any:
    """Run `act` with the system's endpoint."""

    async def run() -> Any:
        async with device(system, **changes) as endpoint:
            return await act(endpoint)

    pump.forget_failures()
    return asyncio.run(run())


async def push_due(_: VirtualEndpoint) -> int:
    """Push what waits, once."""
    return await pump.push_due(now=datetime.now(UTC))


def make_system() -> System:
    """A managed system on the LAN with the right credentials, whose management settings are due."""
    network_settings.update({"internal_ipv4": OURS}, user=None, now=NOW)
    made = add_system("Boardroom", inventory.root_folder(), 1, connectivity=Connectivity.REACHABLE_ON_LAN)
    System.objects.filter(pk=made.pk).update(
        host=ADDRESS, serial_number=SERIAL, family="roomos", management_is_due=True, pinned_key=""
    )
    made.refresh_from_db()
    credentials.set_credentials(made, "admin", "roomkeeper")
    return made


def closed_window() -> str:
    """A maintenance window that is not open now, in no time zone that is less than ten hours off."""
    begin = (datetime.now(UTC) + timedelta(hours=11)).hour
    return f"{begin:02}:00-{begin:02}:59"
