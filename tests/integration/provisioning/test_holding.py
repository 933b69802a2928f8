"""Not during a call, not outside the window, and not when too many fail: on both roads."""

from datetime import UTC, datetime

import pytest

from roomkeeper.provisioning import actions, holding, planning
from roomkeeper.provisioning.change_sets import stop_failing
from roomkeeper.provisioning.models import Action, Change, ChangeItem, ChangeSet
from roomkeeper.provisioning.push_pump import AT_ONCE
from roomkeeper.provisioning.push_work import SETTINGS_AT_ONCE, push_actions
from roomkeeper.provisioning.states import refresh_changes
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Connectivity, Folder, NetworkSettings, System
from tests.cast import add_system
from tests.integration.provisioning.reachable import (
    ALWAYS_OPEN,
    closed_window,
    make_system,
    push_due,
    with_device,
)

VOLUME = "Audio/DefaultVolume"
# A Monday, at noon.
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def may_go(now: datetime) -> tuple[int, list[str]]:
    items = ChangeItem.objects.select_related("change__change_set").order_by("id")
    free, held = holding.split(list(items), now=now)
    return len(free), sorted(held.values())


@pytest.fixture
def system(transactional_db) -> System:
    made = make_system()
    System.objects.filter(pk=made.pk).update(management_is_due=False)
    return made


def test_system_in_a_call_is_left_alone_until_its_end(system):
    System.objects.filter(pk=system.pk).update(in_call=True)
    planning.create_change_set([system], {VOLUME: "44"}, user=None, now=datetime.now(UTC))
    assert may_go(NOON) == (0, [holding.IN_CALL])

    async def act(endpoint):
        await push_due(endpoint)
        before = endpoint.device.configuration.find(VOLUME)
        await System.objects.filter(pk=system.pk).aupdate(in_call=False)
        await push_due(endpoint)
        return before, endpoint.device.configuration.find(VOLUME)

    before, after = with_device(system, act)
    assert (before != "44", after) == (True, "44")


@pytest.mark.parametrize("why", ["in a call", "outside the window"])
def test_systems_that_wait_are_not_contacted_and_hide_nobody(transactional_db, why):
    root = inventory.root_folder()
    aside = inventory.create_folder(root, "Aside")
    Folder.objects.filter(pk=root.pk).update(maintenance_window=ALWAYS_OPEN)
    Folder.objects.filter(pk=aside.pk).update(maintenance_window=closed_window())
    # Made before the one that is free, so that they have the lower ids, and more than are pushed to at a time.
    waiting = [
        add_system(f"Room {n}", aside, n, connectivity=Connectivity.REACHABLE_ON_LAN, username="admin")
        for n in range(100, 101 + AT_ONCE)
    ]
    if why == "in a call":
        System.objects.update(in_call=True)
    care = planning.Care(only_in_window=why != "in a call")
    planning.create_change_set(waiting, {VOLUME: "44"}, user=None, now=datetime.now(UTC), care=care)
    for one in waiting[:3]:
        actions.ask(one, "Standby/Activate", user=None, now=datetime.now(UTC), care=care)
    free = make_system()
    System.objects.update(management_is_due=False)
    planning.create_change_set([free], {VOLUME: "44"}, user=None, now=datetime.now(UTC), care=care)

    async def act(endpoint):
        return await push_due(endpoint), await push_due(endpoint), endpoint.device.configuration.find(VOLUME)

    assert with_device(free, act) == (1, 0, "44")
    assert set(ChangeItem.objects.exclude(system=free).values_list("state", "rounds")) == {("waiting", 0)}


def test_what_waits_stands_not_before_what_may_go(system):
    Folder.objects.update(maintenance_window=closed_window())
    many = {f"Filler/Part[{number}]/Value": "x" for number in range(1, SETTINGS_AT_ONCE + 2)}
    care = planning.Care(only_in_window=True)
    planning.create_change_set([system], many, user=None, now=datetime.now(UTC), care=care)
    planning.create_change_set([system], {VOLUME: "44"}, user=None, now=datetime.now(UTC))

    async def act(endpoint):
        await push_due(endpoint)
        return endpoint.device.configuration.find(VOLUME)

    assert with_device(system, act) == "44"


def test_commands_wait_as_settings_do(system):
    Folder.objects.update(maintenance_window=closed_window())
    System.objects.filter(pk=system.pk).update(in_call=True)
    careful = planning.Care(only_in_window=True)
    actions.ask(system, "Audio/Volume/Set", [["Level", "31"]], user=None, now=datetime.now(UTC), care=careful)

    async def act(endpoint):
        numbers = [await push_due(endpoint)]
        await Folder.objects.aupdate(maintenance_window=ALWAYS_OPEN)
        numbers.append(await push_due(endpoint))
        await System.objects.filter(pk=system.pk).aupdate(in_call=False)
        numbers.append(await push_due(endpoint))
        return numbers, endpoint.device.status.find("Audio/Volume")

    assert with_device(system, act) == ([0, 0, 1], "31")
    assert Action.objects.get().state == "confirmed"


def test_device_is_asked_nothing_where_no_command_may_go(system):
    System.objects.filter(pk=system.pk).update(in_call=True)
    actions.ask(system, "Standby/Activate", user=None, now=datetime.now(UTC), care=planning.Care())

    async def act(endpoint):
        async with device_access.talking_to(system.pk) as driver:
            return await push_actions(driver, system.pk), driver.client.scheme

    assert with_device(system, act) == (0, "")


def test_who_says_so_changes_systems_in_a_call(system):
    System.objects.filter(pk=system.pk).update(in_call=True)
    planning.create_change_set(
        [system], {VOLUME: "44"}, user=None, now=NOON, care=planning.Care(during_calls=True)
    )
    planning.rename(system, "Aula", user=None, now=NOON)
    assert may_go(NOON) == (2, [])


def test_window_of_the_nearest_folder_in_the_time_of_the_system(system):
    root = inventory.root_folder()
    oslo = inventory.create_folder(root, "Oslo")
    court = inventory.create_folder(oslo, "Court 4")
    NetworkSettings.objects.update(maintenance_window="Mon-Sun 20:00-06:00")
    Folder.objects.filter(pk=oslo.pk).update(maintenance_window="Mon-Fri 12:00-13:00")
    systems = [
        system,
        *(add_system(f"Room {n}", oslo, n, connectivity=Connectivity.BEHIND_FIREWALL) for n in (7, 8)),
    ]
    System.objects.filter(pk=systems[2].pk).update(folder=court, time_zone="Europe/Oslo")
    planning.create_change_set(
        systems, {VOLUME: "44"}, user=None, now=NOON, care=planning.Care(only_in_window=True)
    )
    # The root has the general one; room 7 that of Oslo at noon in Greenwich; for room 8 it is 13 o'clock then.
    assert may_go(NOON) == (1, [holding.OUTSIDE] * 2)
    assert may_go(NIGHT) == (1, [holding.OUTSIDE] * 2)
    assert may_go(NOON.replace(hour=11)) == (1, [holding.OUTSIDE] * 2)


def test_change_set_stops_by_itself_when_more_fail_than_may(system):
    root = inventory.root_folder()
    systems = [
        add_system(f"Room {n}", root, n, connectivity=Connectivity.BEHIND_FIREWALL) for n in range(10, 16)
    ]
    change_set = planning.create_change_set(
        systems, {VOLUME: "44"}, user=None, now=NOON, care=planning.Care(failure_limit=1)
    )
    fail(change_set, 1)
    assert stop_failing(now=NOON) == 0
    fail(change_set, 1)
    assert stop_failing(now=NOON) == 1
    assert stop_failing(now=NOON) == 0
    change_set.refresh_from_db()
    assert "more than 1 systems failed" in change_set.stop_reason
    states = list(Change.objects.filter(change_set=change_set).values_list("state", flat=True))
    assert sorted(states) == ["cancelled"] * 4 + ["failed"] * 2


def test_rename_that_was_stopped_gives_the_name_back(system):
    root = inventory.root_folder()
    systems = [
        system,
        *(add_system(f"Room {n}", root, n, connectivity=Connectivity.BEHIND_FIREWALL) for n in (10, 11)),
    ]
    care = planning.Care(failure_limit=0)
    change_set = planning.create_change_set(
        systems, {"SystemUnit/Name": "Aula"}, user=None, now=NOON, care=care
    )
    assert set(System.objects.values_list("name", flat=True)) == {"Aula"}
    fail(change_set, 1)
    assert stop_failing(now=NOON) == 1
    assert list(System.objects.order_by("pk").values_list("name", flat=True)) == [
        "Aula",
        "Room 10",
        "Room 11",
    ]


def fail(change_set: ChangeSet, number: int) -> None:
    items = list(ChangeItem.objects.filter(change__change_set=change_set, state="waiting")[:number])
    ChangeItem.objects.filter(pk__in=[item.pk for item in items]).update(state="failed")
    refresh_changes({item.change_id for item in items}, now=NOON)
