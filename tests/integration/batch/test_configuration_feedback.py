"""Configuration feedback: what it changes of what is reported, and the drift that follows from it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roomkeeper.external_manager.posts import Post
from roomkeeper.provisioning.models import Drift
from roomkeeper.systems.documents import pack_configuration, reported_configuration
from roomkeeper.systems.models import ConfigurationVersion, System
from tests.integration.batch.conftest import Device

NAME = "SystemUnit/Name"


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def system() -> System:
    return System.objects.get()


def named(device: Device, name: str) -> Post:
    """Feedback that tells of a name."""
    return device.feedback(
        f"<Configuration><!--id--><SystemUnit><Name>{name}</Name></SystemUnit></Configuration>"
    )


def test_configuration_feedback_after_new_hardware_is_no_whole_configuration(manager, proven):
    manager.post(proven.configuration({NAME: "Boardroom", "Audio/DefaultVolume": "50"}))
    before = ConfigurationVersion.objects.count()
    # What stands there when the system has been given other hardware.
    ConfigurationVersion.objects.create(
        system=system(),
        digest="",
        content=pack_configuration({}, {}),
        size=0,
        first_at=manager.now,
        last_at=manager.now,
    )
    manager.wait(seconds=1)
    manager.post(named(proven, "By hand"))
    assert reported_configuration(system().pk) is None
    assert ConfigurationVersion.objects.count() == before + 1
    assert system().reported_name == "By hand"


def test_last_of_many_feedbacks_says_what_drifts(manager, proven):
    manager.post(proven.configuration({NAME: "Boardroom", "Audio/DefaultVolume": "50"}))
    manager.post(named(proven, "By hand"), named(proven, "By another hand"))
    assert Drift.objects.get(ended_at=None, path=NAME).found == "By another hand"
    manager.post(named(proven, "Another"), named(proven, "Boardroom"))
    assert not Drift.objects.filter(ended_at=None, path=NAME).exists()


def test_drift_of_many_feedbacks_is_worked_out_once_a_batch(manager, prove):
    devices = [
        Device(
            serial=f"FTT0000020{n}", mac=f"00:11:22:33:02:0{n}", source=f"10.1.4.{n}", address=f"10.1.4.{n}"
        )
        for n in range(7)
    ]
    for one in devices:
        prove(one)
        manager.post(one.configuration({NAME: one.name}))
    asked = []
    for some in (devices[:1], devices[1:]):
        with CaptureQueriesContext(connection) as statements:
            manager.post(*(named(one, "By hand") for one in some))
        asked.append([one["sql"] for one in statements])
    of_drift = [sum('"provisioning_drift"' in sql for sql in some) for some in asked]
    assert of_drift[0] == of_drift[1]
    # What grows are the wishes that are looked up, each of its system.
    assert len(asked[1]) - len(asked[0]) == 5
    assert Drift.objects.filter(ended_at=None, path=NAME, found="By hand").count() == 7
