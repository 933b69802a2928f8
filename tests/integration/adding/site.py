"""Virtual endpoints and a worker in a thread of their own, for tests that call the server as others do."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from django.db import connection

from roomkeeper.jobs.models import Job
from roomkeeper.jobs.running import perform
from roomkeeper.systems.contact import device_access
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity

PASSWORD = "roomkeeper"


class Site:
    """A thread with a loop: virtual endpoints, and a worker that takes up every job."""

    def __init__(self) -> None:
        self.endpoints: list[VirtualEndpoint] = []
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self._loop.run_until_complete(self._work())
        self._loop.close()

    async def _work(self) -> None:
        async with device_access.open_transport():
            while not self._stopping.is_set():
                for job_id in await asyncio.to_thread(_queued):
                    await perform(job_id, "w1")
                try:
                    async with asyncio.timeout(0.05):
                        await self._stopping.wait()
                except TimeoutError:
                    continue
        for endpoint in self.endpoints:
            await endpoint.stop()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End all of it."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)

    def endpoint(self, number: int = 1, **changes: Any) -> VirtualEndpoint:
        """One more endpoint."""
        address = f"127.1.82.{number}"
        identity = EndpointIdentity(f"Room {number}", f"FTT{number:08}", mac_of(number), address, address)
        made = VirtualEndpoint(EndpointPlan(identity, **{"http_port": 0, "https_port": 0, **changes}))
        asyncio.run_coroutine_threadsafe(made.start(), self._loop).result(30)
        self.endpoints.append(made)
        return made


def _queued() -> list[int]:
    try:
        return list(Job.objects.filter(state=Job.State.QUEUED).values_list("pk", flat=True))
    finally:
        connection.close()


def mac_of(number: int) -> str:
    """The MAC address of that number in the cast's manner, as devices write it."""
    digits = f"00112233{number:04X}"
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))
