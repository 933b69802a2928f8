"""Adding against real virtual endpoints over real sockets: jobs are worked on as a worker does, without the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from tests.integration.adding.site import Site, mac_of

from roomkeeper.accounts.models import User
from roomkeeper.adding import service
from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.adding.service import AddRequest
from roomkeeper.adding.targets import Targets, parse_targets
from roomkeeper.devices.login import Login
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.running import perform
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Folder
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.http_server import HttpRequest
from roomkeeper.virtual.identity import EndpointIdentity

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
GOOD = Login("admin", "roomkeeper")
WRONG = Login("admin", "wrong")
OURS = "10.0.0.5"
# Nobody listens there.
CLOSED = 1


@pytest.fixture(autouse=True)
def _settings(transactional_db: None, root_folder: Folder) -> None:
    """Work from an event loop is done by threads, which have connections of their own."""
    network_settings.update(
        {"internal_ipv4": OURS, "device_http_port": CLOSED, "device_https_port": CLOSED}, user=None, now=NOW
    )


class Watched(VirtualEndpoint):
    """An endpoint that remembers what it was asked."""

    def __init__(self, plan: EndpointPlan) -> None:
        super().__init__(plan)
        self.requests: list[HttpRequest] = []
        answer = self.api.handle

        async def handle(request: HttpRequest) -> Any:
            self.requests.append(request)
            return await answer(request)

        self.api.handle = handle

    @property
    def tries(self) -> int:
        """How many requests carried a login."""
        return sum("authorization" in request.headers for request in self.requests)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Watched]]]:
    """Start virtual endpoints, number 1 and on, each of its own address; they stop with the test."""
    started: list[Watched] = []

    async def make(number: int = 1, **changes: Any) -> Watched:
        address = changes.pop("address", f"127.1.81.{number}")
        identity = EndpointIdentity(f"Room {number}", f"FTT{number:08}", mac_of(number), address, address)
        plan = EndpointPlan(identity, **{"http_port": 0, "https_port": 0, "reboot_seconds": 0.05, **changes})
        endpoint = Watched(plan)
        started.append(endpoint)
        await endpoint.start()
        return endpoint

    yield make
    for endpoint in started:
        await endpoint.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    """Endpoints and a worker beside the test."""
    made = Site()
    made.start()
    yield made
    made.stop()


@dataclass
class Added:
    """A job that has come to its end, and its items by label."""

    job: Job
    items: list[JobItem] = field(default_factory=list)

    @property
    def item(self) -> JobItem:
        """The only one."""
        (item,) = self.items
        return item

    @property
    def states(self) -> list[str]:
        """Of the items, in their order."""
        return [item.state for item in self.items]


class Adding:
    """Adds as an administrator does, and waits for the end."""

    def __init__(self, user: User, folder: Folder) -> None:
        self.user, self.folder = user, folder

    def request(self, what: str | Targets, **values: Any) -> AddRequest:
        targets = parse_targets(what) if isinstance(what, str) else what
        return AddRequest(**{"targets": targets, "folder": self.folder, "logins": (GOOD,), **values})

    async def create(self, what: str | Targets, *, user: User | None = None, **values: Any) -> Job:
        request = self.request(what, **values)
        return await sync_to_async(service.start)(request, user=user or self.user, now=NOW)

    async def __call__(self, what: str | Targets, **values: Any) -> Added:
        return await self.run(await self.create(what, **values))

    async def run(self, job: Job, *, worker: str = "w1") -> Added:
        async with device_access.open_transport():
            await perform(job.pk, worker)
        return await sync_to_async(self.look)(job)

    def look(self, job: Job) -> Added:
        return Added(Job.objects.get(pk=job.pk), list(JobItem.objects.filter(job=job).order_by("id")))


@pytest.fixture
def add(administrator: User, root_folder: Folder) -> Adding:
    """Add systems to the root folder."""
    return Adding(administrator, root_folder)


def at(*endpoints: VirtualEndpoint) -> Targets:
    """Where these endpoints are, as a person would write it."""
    return parse_csv(
        "host,https_port,http_port\n"
        + "\n".join(
            f"{one.plan.identity.address},{one.https_port or CLOSED},{one.http_port or CLOSED}"
            for one in endpoints
        )
    )


def failures(endpoint: VirtualEndpoint) -> int:
    """How often the device has refused its administrator since it was last let in."""
    return endpoint.device.users["admin"].failed_logins
