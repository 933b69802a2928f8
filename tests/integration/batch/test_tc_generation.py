"""A TC endpoint behind a firewall: its own posts, made by the twin, against what the server makes of them.

Names per release: protocol notes O.
"""

import pytest

from roomkeeper.configuration_templates.system_facts import facts_of
from roomkeeper.external_manager.posts import Post, Service
from roomkeeper.protocols.feedback import decode_feedback
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import System
from roomkeeper.virtual import wire_out
from roomkeeper.virtual.clock import ManualClock
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.identity import EndpointIdentity
from roomkeeper.virtual.profile import load
from tests.integration.batch.conftest import Device, Manager

TC = load("sx20-tc7")


@pytest.fixture
def proven(manager, prove, device):
    device.version = TC.version
    prove(device)
    manager.wait(seconds=60)
    return device


@pytest.fixture
def twin(device: Device) -> VirtualDevice:
    identity = EndpointIdentity(device.name, device.serial, device.mac, device.address, device.address)
    return VirtualDevice(TC, identity, ManualClock(), password="roomkeeper")


def system() -> System:
    return System.objects.get()


def posted(device: Device, raw: bytes, service: Service = Service.FEEDBACK) -> Post:
    return Post(service, device.secret, device.arrival("/feedback"), raw, decode_feedback(raw))


def status(device: Device, twin: VirtualDevice, location: str = "/Status") -> Post:
    raw = wire_out.posted_document(twin, location)
    assert raw is not None
    return posted(device, raw, Service.DOCUMENTS)


def test_posted_status_shows_its_call(manager: Manager, proven: Device, twin: VirtualDevice) -> None:
    manager.post(status(proven, twin))
    assert not system().in_call
    twin.status.set({"Call[31]/Status": "Connected", "SystemUnit/State/NumberOfActiveCalls": "1"})
    manager.post(status(proven, twin))
    assert system().in_call


def test_feedback_shows_its_call(manager: Manager, proven: Device, twin: VirtualDevice) -> None:
    manager.post(status(proven, twin))
    raw = wire_out.feedback_xml(twin, "Status", {"Call[31]/Status": "Connected"}, [])
    assert b'<Call item="31" maxOccurrence="n">\n    <Status item="1">' in raw
    manager.post(posted(proven, raw))
    assert system().in_call
    manager.post(posted(proven, wire_out.feedback_xml(twin, "Status", {}, ["Call[31]"])))
    assert not system().in_call


def test_restart_is_its_own_command_and_its_boot_proves_it(manager: Manager, proven: Device) -> None:
    actions.restart(system(), user=None, now=manager.now)
    manager.wait(seconds=30)
    (call,) = manager.beat(proven).commands
    assert call.path in TC.commands
    allowed = {parameter.name for parameter in TC.commands[call.path].parameters}
    assert {name for name, _ in call.arguments} <= allowed
    manager.wait(seconds=30)
    manager.beat(proven, "Boot")
    assert Action.objects.get().state == "confirmed"


@pytest.mark.parametrize(("command", "shown"), [("Standby Activate", "On"), ("Standby Deactivate", "Off")])
def test_standby_is_proven_by_its_status(
    manager: Manager, proven: Device, twin: VirtualDevice, command: str, shown: str
) -> None:
    actions.ask(system(), command, user=None, now=manager.now)
    manager.wait(seconds=30)
    assert manager.beat(proven).commands
    twin.status.set({"Standby/Active": shown})
    manager.wait(seconds=1)
    manager.post(status(proven, twin))
    assert Action.objects.get().state == "confirmed"


def test_its_zone_is_that_of_its_own_setting(manager: Manager, proven: Device, twin: VirtualDevice) -> None:
    twin.configuration.set("Time/OlsonZone", "Europe/Oslo")
    twin.configuration.set("Time/Zone", "GMT-05:00 (New York)")
    manager.post(status(proven, twin, "/Configuration"))
    assert system().time_zone == "Europe/Oslo"
    facts = facts_of([system().pk], {"time_zone"})
    assert facts[system().pk].time_zone == "Europe/Oslo"
    System.objects.update(time_zone="")
    facts = facts_of([system().pk], {"time_zone"})
    assert facts[system().pk].time_zone == "Europe/Oslo"
