"""Many endpoints in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

from roomkeeper.virtual.clock import Clock
from roomkeeper.virtual.endpoint import VirtualEndpoint, stop_all
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.habits import keep_calling

__all__ = ["EndpointPlan", "Fleet", "VirtualEndpoint", "running"]


class Fleet:
    """Endpoints by serial number."""

    def __init__(self, plans: Iterable[EndpointPlan], *, clock: Clock | None = None) -> None:
        self.endpoints: dict[str, VirtualEndpoint] = {}
        for plan in plans:
            endpoint = VirtualEndpoint(plan, clock=clock)
            endpoint.calls.find_endpoint = self.find_by_number
            self.endpoints[plan.identity.serial] = endpoint

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

    def find_by_number(self, number: str) -> VirtualEndpoint | None:
        """Whom a dialled number reaches: a URI, an address, a serial or a name."""
        wanted = number.removeprefix("sip:")
        for one in self.endpoints.values():
            identity = one.plan.identity
            known = (
                one.number,
                identity.reported_address,
                identity.address,
                identity.serial,
                one.device.name,
            )
            if wanted in known:
                return one
        return None

    async def start(self, started: Callable[[VirtualEndpoint], None] | None = None) -> None:
        """Start all; `started` is called for each.  Where one fails, all stop and the error is raised."""
        try:
            # All listen before the first one phones: a manager that calls back finds them there.
            for endpoint in self.endpoints.values():
                await endpoint.listen()
            for endpoint in self.endpoints.values():
                endpoint.phone_home()
                if endpoint.plan.calls_per_hour > 0:
                    endpoint.later(keep_calling(self, endpoint, endpoint.plan.calls_per_hour))
                if started is not None:
                    started(endpoint)
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
