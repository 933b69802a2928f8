"""Drift as rows: noted, set back, fought over, accepted, ignored; with a real endpoint that can be reached."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import drift, enforcement, planning
from roomkeeper.provisioning.models import ChangeItem, ChangeSet, Drift
from roomkeeper.provisioning.reading import read_and_keep
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Folder, System
from roomkeeper.tickets.models import Ticket
from tests.integration.provisioning.reachable import (
    ALWAYS_OPEN,
    closed_window,
    make_system,
    push_due,
    with_device,
)

VOLUME = "Audio/DefaultVolume"

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def system(transactional_db) -> System:
    """A reachable system, managed as it should be."""
    return make_system()


async def read(system: System) -> None:
    """What a poll does."""
    async with device_access.talking_to(system.pk) as driver:
        await read_and_keep(driver, system.pk, ("configuration",))


def persist(system: System, value: str) -> ChangeSet:
    return planning.create_change_set([system], {VOLUME: value}, user=None, now=now(), is_persistent=True)


def feed(system: System) -> list[tuple[str, str, str]]:
    rows = Drift.objects.filter(system=system, ended_at=None, path=VOLUME)
    return [(row.layer, row.wanted, row.found) for row in rows]


def test_persistent_setting_that_is_changed_by_hand_is_set_back_by_itself(system):
    change_set = persist(system, "44")

    async def act(endpoint):
        await push_due(endpoint)
        endpoint.device.configuration.set(VOLUME, "70")
        await read(system)
        seen = await off_loop(lambda: (feed(system), System.objects.get(pk=system.pk).drift_count))
        await off_loop(lambda: enforcement.enforce_due(now=now()))
        await push_due(endpoint)
        return seen, endpoint.device.configuration.find(VOLUME)

    seen, value = with_device(system, act)
    assert seen == ([("persistent", "44", "70")], 1)
    assert value == "44"
    assert feed(system) == []
    assert System.objects.get(pk=system.pk).drift_count == 0
    # The wish itself was delivered again: it is still the one that holds.
    item = ChangeItem.objects.get(change__change_set=change_set)
    assert item.state == "confirmed"
    assert ChangeSet.objects.count() == 1


def test_two_managers_that_fight_are_found_and_told(system):
    persist(system, "44")

    async def act(endpoint):
        await push_due(endpoint)
        for _ in range(6):
            endpoint.device.configuration.set(VOLUME, "70")
            await read(system)
            await off_loop(lambda: enforcement.enforce_due(now=now()))
            await push_due(endpoint)
        return endpoint.device.configuration.find(VOLUME)

    assert with_device(system, act) == "70"
    ticket = Ticket.objects.get(system=system, kind="setting fought over")
    assert "3 times within a day" in ticket.reason
    # A person takes it up, and it is set back again.
    row = Drift.objects.get(system=system, ended_at=None)
    drift.resume(row, user=None, now=now())
    assert enforcement.enforce_due(now=now()) == 1


def test_manager_address_that_was_changed_is_written_again(system):
    async def act(endpoint):
        await push_due(endpoint)
        ours = endpoint.device.configuration.find("Provisioning/ExternalManager/Address")
        endpoint.set_fault("manager_address", "192.0.2.99")
        await read(system)
        await off_loop(lambda: enforcement.enforce_due(now=now()))
        await push_due(endpoint)
        return ours, endpoint.device.configuration.find("Provisioning/ExternalManager/Address")

    ours, found = with_device(system, act)
    assert found == ours


def test_accepting_what_was_found_makes_it_the_wish(system):
    persist(system, "44")

    async def act(endpoint):
        await push_due(endpoint)
        endpoint.device.configuration.set(VOLUME, "70")
        await read(system)
        row = await Drift.objects.select_related("system__folder").aget(system=system, ended_at=None)
        await off_loop(lambda: enforcement.accept(row, user=None, now=now()))
        await read(system)
        return endpoint.device.configuration.find(VOLUME)

    assert with_device(system, act) == "70"
    assert feed(system) == []
    assert System.objects.get(pk=system.pk).drift_count == 0


def test_name_changed_at_the_device_waits_for_a_person_who_may_accept_it(system):
    async def act(endpoint):
        await push_due(endpoint)
        endpoint.device.configuration.set("SystemUnit/Name", "By hand")
        await read(system)

    with_device(system, act)
    assert enforcement.enforce_due(now=now()) == 0
    row = Drift.objects.select_related("system__folder").get(system=system, ended_at=None)
    enforcement.accept(row, user=None, now=now())
    assert System.objects.get(pk=system.pk).name == "By hand"


def test_name_that_somebody_made_persistent_is_restored_automatically(system):
    planning.create_change_set(
        [system], {"SystemUnit/Name": "Aula"}, user=None, now=now(), is_persistent=True
    )

    async def act(endpoint):
        await push_due(endpoint)
        endpoint.device.configuration.set("SystemUnit/Name", "Somebody's room")
        await read(system)
        await off_loop(lambda: enforcement.enforce_due(now=now()))
        await push_due(endpoint)
        restored = endpoint.device.name
        # Renamed by a person it is another name, and restored like the one before.
        await off_loop(
            lambda: planning.rename(System.objects.get(pk=system.pk), "Forum", user=None, now=now())
        )
        await push_due(endpoint)
        endpoint.device.configuration.set("SystemUnit/Name", "Somebody's room")
        await read(system)
        await off_loop(lambda: enforcement.enforce_due(now=now()))
        await push_due(endpoint)
        return restored, endpoint.device.name

    assert with_device(system, act) == ("Aula", "Forum")
    assert System.objects.get(pk=system.pk).name == "Forum"


def test_ignored_drift_is_left_alone_and_not_counted(system):
    persist(system, "44")

    async def act(endpoint):
        await push_due(endpoint)
        endpoint.device.configuration.set(VOLUME, "70")
        await read(system)
        row = await Drift.objects.select_related("system__folder").aget(system=system, ended_at=None)
        await off_loop(lambda: drift.ignore(row, user=None, now=now()))
        await read(system)

    with_device(system, act)
    assert System.objects.get(pk=system.pk).drift_count == 0
    assert enforcement.enforce_due(now=now()) == 0


def test_management_setting_cannot_be_accepted_as_found(system):
    row = Drift(system=system, layer="management", path="Provisioning/Mode", found="Off")
    with pytest.raises(drift.DriftRefused, match="not managed"):
        enforcement.accept(row, user=None, now=now())


def test_system_that_was_asked_has_time_before_it_is_asked_again(system):
    persist(system, "44")

    async def act(endpoint):
        await push_due(endpoint)
        endpoint.device.configuration.set(VOLUME, "70")
        await read(system)

    with_device(system, act)
    moment = now()
    assert enforcement.enforce_due(now=moment) == 1
    ChangeItem.objects.update(state="confirmed")
    assert enforcement.enforce_due(now=moment + timedelta(minutes=1)) == 0
    assert enforcement.enforce_due(now=moment + timedelta(minutes=11)) == 1


def differ(system: System) -> Drift:
    """A difference from a template that is set back in the maintenance window."""
    return Drift.objects.create(
        system=system,
        path=VOLUME,
        match_key=match_key(VOLUME),
        layer="template",
        why="template Rooms v1",
        enforcement=Enforcement.WINDOW,
        wanted="44",
        found="70",
        since=now(),
        noticed_by="report",
    )


def test_what_waits_for_its_window_is_set_back_inside_it(system):
    System.objects.filter(pk=system.pk).update(management_is_due=False)
    Folder.objects.update(maintenance_window=closed_window())
    differ(system)
    assert enforcement.enforce_due(now=now()) == 1

    async def act(endpoint):
        pushed = await push_due(endpoint)
        before = endpoint.device.configuration.find(VOLUME)
        await Folder.objects.aupdate(maintenance_window=ALWAYS_OPEN)
        return pushed, before, await push_due(endpoint), endpoint.device.configuration.find(VOLUME)

    pushed, before, pushed_then, after = with_device(system, act)
    assert (pushed, pushed_then, after) == (0, 1, "44")
    assert before != "44"


def test_what_waits_is_not_asked_for_again_and_no_fight(system):
    System.objects.filter(pk=system.pk).update(in_call=True)
    Folder.objects.update(maintenance_window=closed_window())
    row = differ(system)
    moment = now()
    assert enforcement.enforce_due(now=moment) == 1
    for hours in range(1, 12):
        assert enforcement.enforce_due(now=moment + timedelta(hours=hours)) == 0
    row.refresh_from_db()
    assert (row.rounds, ChangeSet.objects.count()) == (1, 1)
    assert not Ticket.objects.filter(kind="setting fought over").exists()


def test_a_person_who_sets_back_does_not_wait_for_the_window(system):
    enforcement.enforce([differ(system)], user=None, now=now())
    assert not ChangeSet.objects.get().only_in_window
