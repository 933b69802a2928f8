"""A stand-in manager on a real socket, and endpoints that phone it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import web

from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity

_ANSWER = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<PostEventResponse xmlns="http://www.tandberg.net/2004/11/SystemManagementService/"><PostEventResult>'
    "<HeartBeatInterval>{heartbeat}</HeartBeatInterval><Management>{management}</Management>"
    "</PostEventResult></PostEventResponse></soap:Body></soap:Envelope>"
)


@dataclass
class Received:
    """One request that the manager got."""

    path: str
    source: str
    body: bytes
    headers: dict[str, str]

    @property
    def root(self) -> ElementTree.Element:
        """Its XML (the standard library's parser, not ours)."""
        return ElementTree.fromstring(self.body)

    def text(self, name: str) -> str | None:
        """The first element of that local name anywhere."""
        if not self.body:
            return None
        for element in self.root.iter():
            if element.tag.rpartition("}")[2] == name:
                return element.text or ""
        return None

    @property
    def event(self) -> str | None:
        """Boot, Register, Beat."""
        # Not by a parser: an endpoint may write in a charset that it does not name.
        found = re.search(rb"<Event>(\w+)</Event>", self.body) if b"PostEvent" in self.body else None
        return found[1].decode() if found else None


@dataclass
class StandInManager:
    """Answers posts with what a test queued for them; independent of the server."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    heartbeat: int = 900
    status: Callable[[web.Request], int] = lambda request: 200
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        """Keep the request, answer it."""
        body = await request.read()
        one = Received(request.path, request.remote or "", body, dict(request.headers))
        self.received.append(one)
        async with self.arrived:
            self.arrived.notify_all()
        status = self.status(request)
        if status != 200:
            return web.Response(status=status)
        if one.event is None:
            return web.Response(text="<OK/>", content_type="text/xml")
        management = self.orders.pop(0) if self.orders and one.event != "Boot" else ""
        answer = _ANSWER.format(heartbeat=self.heartbeat, management=management)
        return web.Response(text=answer, content_type="text/xml")

    async def wait_for(self, wanted: Callable[[Received], Any], seconds: float = 10.0) -> Received:
        """The first request that fits, past or coming."""

        def find() -> Received | None:
            return next((one for one in self.received if wanted(one)), None)

        async with asyncio.timeout(seconds):
            async with self.arrived:
                await self.arrived.wait_for(lambda: find() is not None)
        found = find()
        assert found is not None
        return found

    def events(self) -> list[str]:
        """The kinds of posts so far, in order."""
        return [one.event for one in self.received if one.event]


@pytest.fixture
async def manager() -> AsyncIterator[StandInManager]:
    stand_in = StandInManager()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{anything:.*}", stand_in.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stand_in.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield stand_in
    await runner.cleanup()


Make = Callable[..., Any]


def plan(name: str = "Boardroom", **changes: Any) -> EndpointPlan:
    """A plan with free ports."""
    identity = EndpointIdentity(
        name,
        changes.pop("serial", "FTT25010001"),
        changes.pop("mac", "02:00:00:00:00:01"),
        changes.pop("address", "127.1.77.1"),
        changes.pop("reported_address", "127.1.77.1"),
    )
    return EndpointPlan(identity, **{"http_port": 0, "https_port": 0, "reboot_seconds": 0.05, **changes})


@pytest.fixture
async def make_endpoint() -> AsyncIterator[Make]:
    """Start endpoints; they stop with the test."""
    started: list[VirtualEndpoint] = []

    async def make(name: str = "Boardroom", *, clock: Any = None, **changes: Any) -> VirtualEndpoint:
        endpoint = VirtualEndpoint(plan(name, **changes), clock=clock)
        started.append(endpoint)
        await endpoint.start()
        return endpoint

    yield make
    for endpoint in started:
        await endpoint.stop()
