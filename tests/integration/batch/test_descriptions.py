"""What describes a device itself, value spaces and commands: asked for when its software becomes known or changes."""

import pytest

from roomkeeper.systems.models import StoredDocument
from tests.integration.batch.conftest import Device

DESCRIPTIONS = {"/Valuespace", "/Command"}
VALUE_SPACES = '<Valuespace version="ce9.6.1"><OnOff type="Literal"><Value>On</Value></OnOff></Valuespace>'
COMMANDS = '<Command product="Cisco Codec" version="ce9.6.1"><Dial command="True"><Number item="1"/></Dial></Command>'


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def status(device: Device, version: str):
    device.version = version
    return device.status(
        {"SystemUnit/ProductId": "Cisco TelePresence SX10", "SystemUnit/Software/Version": version}
    )


def asked(manager, device) -> set[str]:
    return {document.location for document in manager.beat(device).documents} & DESCRIPTIONS


def describe(manager, device) -> None:
    manager.post(device.document("/Valuespace", VALUE_SPACES))
    manager.post(device.document("/Command", COMMANDS))


def test_they_are_asked_for_with_the_next_post_after_the_first_status(manager, proven):
    manager.beat(proven)
    manager.wait(seconds=1)
    manager.post(status(proven, "ce9.6.1"))
    manager.wait(seconds=5)
    assert asked(manager, proven) == DESCRIPTIONS
    describe(manager, proven)
    manager.wait(minutes=16)
    assert asked(manager, proven) == set()


def test_other_software_has_others(manager, proven):
    manager.post(status(proven, "ce9.6.1"))
    describe(manager, proven)
    manager.wait(minutes=16)
    manager.post(status(proven, "ce9.6.1"))
    assert StoredDocument.objects.filter(kind__in=("valuespace", "command")).count() == 2
    manager.wait(seconds=5)
    proven.version = "ce9.15.0"
    # As a device does after an upgrade: its boot post tells the version before any status.
    manager.beat(proven, "Boot")
    manager.post(status(proven, "ce9.15.0"))
    assert not StoredDocument.objects.filter(kind__in=("valuespace", "command")).exists()
    manager.wait(seconds=5)
    assert asked(manager, proven) == DESCRIPTIONS
