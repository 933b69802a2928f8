"""Many endpoints in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

from roomkeeper.virtual.clock import Clock
from roomkeeper.virtual.endpoint import EndpointPlan, VirtualEndpoint, stop_all

__all__ = ["EndpointPlan", "Fleet", "VirtualEndpoint", "running"]


class Fleet:
    """Endpoints by serial number."""

    def __init__(self, plans: Iterable[EndpointPlan], *, clock: Clock | None = None) -> None:
        self.endpoints: dict[str, VirtualEndpoint] = {}
        for plan in plans:
            self.endpoints[plan.identity.serial] = VirtualEndpoint(plan, clock=clock)

    def __iter__(self) -> Iterator[VirtualEndpoint]:
        return iter(self.endpoints.values())

    def __len__(self) -> int:
        return len(self.endpoints)

    def find(self, key: str) -> VirtualEndpoint | None:
        """By serial, or by name."""
        found = self.endpoints.get(key)
        if found is not None:
            return found
        return next((one for one in self.endpoints.values() if one.device.name == key), None)

    async def start(self, started: Callable[[VirtualEndpoint], None] | None = None) -> None:
        """Start all; `started` is called for each.  Where one fails, all stop and the error is raised."""
        try:
            for number, endpoint in enumerate(self.endpoints.values()):
                await endpoint.start()
                if started is not None:
                    started(endpoint)
                if number % 50 == 49:
                    # Let those that run already post while the others start.
                    await asyncio.sleep(0)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all."""
        await stop_all(list(self.endpoints.values()))


@asynccontextmanager
async def running(*plans: EndpointPlan, clock: Clock | None = None) -> AsyncIterator[Fleet]:
    """A fleet for the length of a `with` block."""
    fleet = Fleet(plans, clock=clock)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.stop()
