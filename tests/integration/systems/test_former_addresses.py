"""Changing an address of ours: who is concerned, the old one still counts, and who has not come over is listed."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.cast import add_system

from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.contact.connectivity import HostMatch, match_host
from roomkeeper.systems.models import Connectivity, Contact, FormerAddress, System
from roomkeeper.systems.network_settings import former_addresses

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
OLD, NEW = "10.0.0.5", "10.0.0.6"


def change(**values) -> None:
    network_settings.update(values, user=None, now=NOW)


@pytest.fixture
def systems(db) -> list[System]:
    root = inventory.root_folder()
    made = [add_system(f"Room {n}", root, n, connectivity=Connectivity.REACHABLE_ON_LAN) for n in (1, 2, 3)]
    change(internal_ipv4=OLD)
    System.objects.update(management_is_due=False)
    for system, host in zip(made, (f"{OLD}:8080", OLD, "10.0.0.55"), strict=True):
        Contact.objects.filter(system=system).update(used_host=host)
    return made


def names() -> list[str]:
    return list(former_addresses.stragglers().order_by("name").values_list("name", flat=True))


def test_change_tells_how_many_are_concerned_before_it_is_made(systems):
    assert network_settings.concerned_by({"internal_ipv4": NEW}) == 3
    assert network_settings.concerned_by({"internal_ipv4": OLD}) == 0
    assert network_settings.concerned_by({"heartbeat_idle": 60}) == 0


def test_systems_that_call_the_old_address_are_listed_until_they_come_over(systems):
    assert names() == []
    change(internal_ipv4=NEW)
    assert System.objects.filter(management_is_due=True).count() == 3
    assert names() == ["Room 1", "Room 2"]
    Contact.objects.filter(system=systems[0]).update(used_host=f"{NEW}:8080")
    assert names() == ["Room 2"]
    settings = network_settings.get()
    assert match_host(f"{OLD}:8080", settings, former_addresses.by_side()) is HostMatch.INTERNAL
    assert match_host(f"{OLD}:8080", settings) is HostMatch.NEITHER


def test_address_is_forgotten_when_nobody_calls_it_and_a_month_has_passed(systems):
    change(internal_ipv4=NEW)
    later = NOW + timedelta(days=31)
    assert former_addresses.forget_unused(now=later) == 0
    Contact.objects.update(used_host=NEW)
    assert former_addresses.forget_unused(now=NOW) == 0
    assert former_addresses.forget_unused(now=later) == 1


def test_address_that_is_in_force_again_is_no_former_one(systems):
    change(internal_ipv4=NEW)
    change(internal_ipv4=OLD)
    assert list(FormerAddress.objects.values_list("host", flat=True)) == [NEW]


def test_many_systems_are_marked_some_at_a_time(systems, monkeypatch):
    monkeypatch.setattr(network_settings, "MARKED_AT_ONCE", 2)
    change(internal_ipv4=NEW)
    assert System.objects.filter(management_is_due=True).count() == 2
    assert network_settings.mark_some(now=NOW) == 1
    assert System.objects.filter(management_is_due=True).count() == 3
    assert network_settings.mark_some(now=NOW) == 0
