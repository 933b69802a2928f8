"""The calls of virtual endpoints, as they post them, against what the server makes of them (rule R11)."""

import asyncio
from collections.abc import Callable

import pytest

from roomkeeper.external_manager.posts import Post, Service
from roomkeeper.protocols.feedback import decode_feedback
from roomkeeper.systems.models import System
from roomkeeper.virtual import wire_out
from roomkeeper.virtual.clock import ManualClock
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import EndpointPlan
from roomkeeper.virtual.identity import EndpointIdentity
from roomkeeper.virtual.profile import load
from tests.integration.batch.conftest import Device, Manager

PROFILES = ["sx20-tc7", "sx10-ce9.6", "room-kit-roomos10", "room-bar-roomos26", "room-bar-teams26"]
Story = list[tuple[str, list[bytes]]]


async def live(profile: str, device: Device) -> Story:
    """A room dials and is connected, somebody else calls and is turned away, and the room hangs up: what it posted."""
    identity = EndpointIdentity(device.name, device.serial, device.mac, device.address, device.address)
    clock = ManualClock()
    endpoint = VirtualEndpoint(EndpointPlan(identity, profile=profile), clock=clock)
    posted: list[bytes] = []
    endpoint.device.subscribe(
        lambda root, changed, ghosts: posted.append(
            wire_out.feedback_xml(endpoint.device, root, changed, list(ghosts))
        )
    )
    story: Story = []

    def told(what: str) -> None:
        story.append((what, posted.copy()))
        posted.clear()

    call = endpoint.calls.dial("aula@uni.invalid", protocol="Sip", rate=3072, call_type="Video")
    told("dials")
    async with asyncio.timeout(10):
        while call.connected_at is None:
            clock.advance(0.5)
            await asyncio.sleep(0)
    told("connected")
    endpoint.set_fault("second_call", "rejected")
    told("another one rejected")
    status = wire_out.posted_document(endpoint.device, "/Status")
    assert status is not None
    story.append(("asked for its status", [status]))
    endpoint.calls.hang_up(call)
    told("hung up")
    await endpoint.stop()
    return story


@pytest.mark.parametrize("profile", PROFILES)
def test_in_a_call_from_the_first_to_the_last_post(
    manager: Manager, prove: Callable[[Device], None], device: Device, profile: str
) -> None:
    device.version = load(profile).version
    prove(device)
    manager.wait(seconds=60)
    for what, bodies in asyncio.run(live(profile, device)):
        for raw in bodies:
            manager.wait(seconds=1)
            service = Service.DOCUMENTS if b"<PostedDocument>" in raw else Service.FEEDBACK
            manager.post(Post(service, device.secret, device.arrival("/x"), raw, decode_feedback(raw)))
        assert System.objects.get().in_call is (what != "hung up"), what
