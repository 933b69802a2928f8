"""What handing over and confirming costs: the same statements whatever the number of systems in the batch."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from roomkeeper.provisioning import actions, planning
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.systems.models import System
from tests.integration.batch.conftest import Device

VOLUME = "Audio/DefaultVolume"
OURS = ('"provisioning_changeitem"', '"provisioning_change"', '"provisioning_action"')

# Whoever needs more has to say why: this is what every answer to a boot storm waits for.
AT_MOST = {"hand over": 10, "settings": 7, "actions": 2, "start": 6}


def devices(first: int, number: int) -> list[Device]:
    return [
        Device(
            serial=f"FTT000003{n:02}",
            mac=f"00:11:22:33:03:{n:02}",
            source=f"10.1.5.{n}",
            address=f"10.1.5.{n}",
        )
        for n in range(first, first + number)
    ]


def statements(manager: Any, some: list[Device]) -> dict[str, list[str]]:
    """What a batch of them sends to the database for wishes and actions: handing over, confirming, starting anew."""
    systems = list(System.objects.filter(serial_number__in=[one.serial for one in some]))
    planning.create_change_set(systems, {VOLUME: "70"}, user=None, now=manager.now)
    for system in systems:
        actions.ask(system, "Standby/Activate", user=None, now=manager.now)
    found = {}
    for name, posts in (
        ("hand over", [one.event() for one in some]),
        ("settings", [one.configuration({VOLUME: "70"}) for one in some]),
        ("actions", [one.status({"Standby/State": "Standby"}) for one in some]),
        ("start", [one.event("Boot") for one in some]),
    ):
        if name == "start":
            for system in systems:
                actions.restart(system, user=None, now=manager.now)
            manager.wait(seconds=30)
            manager.post(*(one.event() for one in some))
        manager.wait(seconds=30)
        with CaptureQueriesContext(connection) as caught:
            manager.post(*posts)
        texts = [one["sql"] for one in caught]
        found[name] = [sql for sql in texts if any(table in sql for table in OURS)]
    return found


def test_a_batch_of_systems_takes_as_many_statements_as_one_system(manager, prove):
    fleet = devices(10, 7)
    for one in fleet:
        prove(one)
        manager.post(one.configuration({VOLUME: "50"}))
    alone, together = statements(manager, fleet[:1]), statements(manager, fleet[1:])
    assert {name: len(some) for name, some in alone.items()} == AT_MOST
    assert {name: len(some) for name, some in together.items()} == AT_MOST
    assert set(ChangeItem.objects.values_list("state", flat=True)) == {"confirmed"}
    assert set(Action.objects.values_list("state", flat=True)) == {"confirmed"}
