"""Defaults of Network settings: the weakest layer, compared after a change and set back like other drift."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.provisioning import defaults, enforcement, planning
from roomkeeper.provisioning.models import ChangeItem, Drift
from roomkeeper.provisioning.wanted import wanted_values
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Portion, System
from tests.integration.provisioning.conftest import report_configuration
from tests.integration.provisioning.reachable import make_system, push_due, with_device

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SERVERS = ["ntp1.example.org", "192.0.2.123"]
FIRST, SECOND = "NetworkServices/NTP/Server[1]/Address", "NetworkServices/NTP/Server[2]/Address"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def system(transactional_db) -> System:
    """A reachable system whose management settings are in place, and which has reported its own clock."""
    made = make_system()
    System.objects.filter(pk=made.pk).update(management_is_due=False, software_version="ce9.15.0")
    found = System.objects.get(pk=made.pk)
    report_configuration(
        found,
        {defaults.MODE_PATH: "Auto", FIRST: "0.tandberg.pool.ntp.org", SECOND: "", "Time/Zone": "Etc/UTC"},
    )
    return found


def wish(**values) -> None:
    network_settings.update(values, user=None, now=NOW)
    while defaults.compare_some(now=NOW):
        pass


def open_drift() -> dict[str, tuple[str, str]]:
    rows = Drift.objects.filter(ended_at=None, layer="default")
    return {row.path: (row.wanted, row.found) for row in rows}


def test_nothing_is_wanted_by_default(system):
    assert not defaults.offers_of([system.pk])
    assert not [one for one in wanted_values(system) if one.layer == "default"]


def test_changed_defaults_are_compared_with_what_was_reported_and_written(system):
    wish(ntp_servers=SERVERS, device_time_zone="Europe/Oslo")
    assert open_drift() == {
        defaults.MODE_PATH: ("Manual", "Auto"),
        FIRST: (SERVERS[0], "0.tandberg.pool.ntp.org"),
        SECOND: (SERVERS[1], ""),
        "Time/Zone": ("Europe/Oslo", "Etc/UTC"),
    }
    assert System.objects.get(pk=system.pk).drift_count == Drift.objects.filter(ended_at=None).count()
    assert not Portion.objects.filter(name=network_settings.COMPARED).exists()
    assert enforcement.enforce_due(now=datetime.now(UTC)) == 4

    async def act(endpoint):
        await push_due(endpoint)
        return [endpoint.device.configuration.find(path) for path in (FIRST, SECOND, "Time/Zone")]

    assert with_device(system, act) == [*SERVERS, "Europe/Oslo"]
    assert not open_drift()


def test_what_is_wanted_in_particular_wins(system):
    planning.create_change_set([system], {"Time/Zone": "Asia/Tokyo"}, user=None, now=NOW, is_persistent=True)
    wish(device_time_zone="Europe/Oslo")
    (zone,) = [one for one in wanted_values(system) if one.path == "Time/Zone"]
    assert (zone.value, zone.layer) == ("Asia/Tokyo", "persistent")
    assert [(one.layer, one.value) for one in zone.overridden] == [("default", "Europe/Oslo")]
    assert not open_drift()


def test_taken_back_defaults_leave_systems_as_they_are(system):
    wish(device_time_zone="Europe/Oslo")
    assert open_drift()
    wish(device_time_zone="")
    assert not open_drift()
    assert not ChangeItem.objects.exists()


@pytest.mark.parametrize(
    ("version", "zone"),
    [
        ("TC7.3.21", {"Time/OlsonZone": "Europe/Oslo"}),
        ("TC7.2.0", {"Time/OlsonZone": "Europe/Oslo"}),
        ("TC7.1.4", {}),
    ],
)
def test_tc_is_given_its_one_time_server_and_a_zone_where_it_knows_it_by_name(system, version, zone):
    System.objects.filter(pk=system.pk).update(software_version=version)
    wish(ntp_servers=SERVERS, device_time_zone="Europe/Oslo")
    offered = {offer.path: offer.value for offer in defaults.offers_of([system.pk])[system.pk]}
    assert offered == {defaults.MODE_PATH: "Manual", "NetworkServices/NTP/Address": SERVERS[0]} | zone


def test_a_change_is_counted_before_and_many_systems_go_in_portions(system):
    for number in range(2, 2 + defaults.AT_ONCE):
        System.objects.create(name=f"Room {number}", folder=system.folder, state="managed", family="roomos")
    assert network_settings.concerned_by({"ntp_servers": SERVERS}) == defaults.AT_ONCE + 1
    network_settings.update({"ntp_servers": SERVERS}, user=None, now=NOW)
    assert defaults.compare_some(now=NOW) == defaults.AT_ONCE
    assert Portion.objects.filter(name=network_settings.COMPARED).exists()
    assert defaults.compare_some(now=NOW + timedelta(seconds=1)) == 1
    assert defaults.compare_some(now=NOW + timedelta(seconds=2)) == 0


def test_another_feedback_slot_is_registered_and_the_one_before_is_given_up(system):
    System.objects.filter(pk=system.pk).update(management_is_due=True)

    async def act(endpoint):
        from asgiref.sync import sync_to_async

        endpoint.device.register_feedback(4, "http://other.example.org/feedback", ["/Status/Call"], "XML")
        await push_due(endpoint)
        before = sorted(endpoint.device.slots)
        await sync_to_async(network_settings.update)({"feedback_slot": 2}, user=None, now=NOW)
        await push_due(endpoint)
        return before, {number: slot.url for number, slot in endpoint.device.slots.items()}

    before, after = with_device(system, act)
    assert before == [3, 4]
    assert sorted(after) == [2, 4]
    assert "code.aspx" in after[2]
    assert "other.example.org" in after[4]
