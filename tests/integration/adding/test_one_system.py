"""One system a device, however it comes to us (rule R3): known ones, the inbox, lists, several addresses at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from asgiref.sync import sync_to_async
from tests.cast import add_system
from tests.integration.adding.conftest import NOW, at

from roomkeeper.accounts.models import Role
from roomkeeper.accounts.permissions import assign
from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.jobs.running import perform
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Connectivity, ConnectivityChange, Contact, State, System

pytestmark = pytest.mark.django_db(transaction=True)


async def known(name="Boardroom", folder=None, number=1, **values) -> System:
    folder = folder or await sync_to_async(inventory.root_folder)()
    return await sync_to_async(add_system)(name, folder, number, **values)


async def in_inbox(**values) -> System:
    """A device that has phoned home and waits."""
    values = {"state": State.PENDING, "connectivity": "", "reported_name": "Room 1", **values}
    return await known("", **values)


async def test_device_that_is_here_is_recognised_by_its_serial_number(add, start):
    system = await known()
    endpoint = await start()
    added = await add(at(endpoint))
    item = added.item
    assert (item.state, item.summary) == ("done", f"Already here: Boardroom (system {system.pk}).")
    assert (item.system_id, item.details["result"]) == (system.pk, "already_here")
    assert added.job.summary == "0 added; 1 already here."
    assert await System.objects.acount() == 1
    assert endpoint.device.configuration.find("Provisioning/Mode") != "TMS"


async def test_adding_twice_makes_one_system(add, start):
    endpoint = await start()
    first, second = await add(at(endpoint)), await add(at(endpoint))
    assert (first.item.details["result"], second.item.details["result"]) == ("added", "already_here")
    assert await System.objects.acount() == 1


async def test_device_that_waits_in_the_inbox_becomes_the_managed_one(add, start, oslo):
    waiting = await in_inbox(host="")
    endpoint = await start()
    added = await add(at(endpoint), folder=oslo)
    assert added.states == ["done"], added.item.summary
    system = await System.objects.select_related("folder").aget()
    assert (system.pk, system.state, system.folder_id) == (waiting.pk, State.MANAGED, oslo.pk)
    assert (system.name, system.host) == ("Room 1", "127.1.81.1")
    assert await Contact.objects.acount() == 1


async def test_one_in_the_inbox_that_contradicts_stays_there(add, start):
    stranger = await in_inbox(mac_address="00AAAAAAAAAA")
    endpoint = await start()
    added = await add(at(endpoint))
    assert added.states == ["done"]
    await stranger.arefresh_from_db()
    assert stranger.state == State.PENDING
    assert await System.objects.acount() == 2


async def test_system_behind_a_firewall_in_the_inbox_is_as_the_person_says(add, start):
    waiting = await in_inbox(connectivity=Connectivity.BEHIND_FIREWALL)
    await add(at(await start()))
    change = await ConnectivityChange.objects.aget()
    assert (change.system_id, change.old, change.new) == (waiting.pk, "behind_firewall", "reachable_on_lan")


async def test_pre_registered_one_becomes_managed_with_its_name_folder_and_tags(add, start, oslo):
    registered = await sync_to_async(admission.pre_register)(
        user=add.user,
        now=NOW,
        mac_address="00:11:22:33:00:01",
        name="Boardroom",
        folder=oslo,
        tags=["court"],
    )
    endpoint = await start()
    added = await add(at(endpoint), tags=("new",))
    assert added.states == ["done"], added.item.summary
    system = await System.objects.aget()
    assert (system.pk, system.name, system.folder_id) == (registered.pk, "Boardroom", oslo.pk)
    assert system.serial_number == "FTT00000001"
    assert [tag.name async for tag in system.tags.all()] == ["court"]


async def test_registered_with_another_serial_number_is_not_taken(add, start):
    await sync_to_async(admission.pre_register)(
        user=add.user, now=NOW, mac_address="00:11:22:33:00:01", serial_number="FTT00000009"
    )
    added = await add(at(await start()))
    assert added.states == ["failed"]
    assert "pre-registered with a different serial number" in added.item.summary


@pytest.mark.parametrize("state", [State.IGNORED, State.BLOCKED])
async def test_one_that_was_set_aside_stays_so(add, start, state):
    system = await known(state=state)
    added = await add(at(await start()))
    assert added.states == ["failed"]
    assert added.item.system_id == system.pk
    assert "Admit it again" in added.item.advice


async def test_swapped_hardware_is_left_to_a_person(add, start):
    await known(serial_number="FTT00000007")
    added = await add(at(await start()))
    assert added.states == ["failed"]
    assert "a different serial number: FTT00000007" in added.item.summary


async def test_two_systems_that_share_its_identity_are_told(add, start):
    await known("Boardroom", number=1, mac_address="00112233FFFF")
    await known("Lobby", number=2, mac_address="001122330001")
    added = await add(at(await start()))
    assert added.states == ["failed"]
    assert "Boardroom" in added.item.summary
    assert "Lobby" in added.item.summary


async def test_two_addresses_of_one_device_end_as_one_system(add, start):
    endpoint = await start(address="127.0.0.1")
    target = at(endpoint).targets[0]
    both = replace(at(endpoint), targets=(target, replace(target, host="localhost")))
    added = await add(both)
    results = sorted(item.details["result"] for item in added.items)
    assert results == ["added", "already_here"]
    assert {item.system_id for item in added.items} == {(await System.objects.aget()).pk}


async def test_two_jobs_at_once_end_with_one_system_a_device(add, start):
    endpoints = [await start(number) for number in range(1, 6)]
    jobs = [await add.create(at(*endpoints)) for _ in range(2)]
    async with device_access.open_transport():
        await asyncio.gather(*(perform(job.pk, f"w{job.pk}") for job in jobs))
    items = [item for job in jobs for item in (await sync_to_async(add.look)(job)).items]
    assert [item.state for item in items] == ["done"] * 10
    assert sorted(item.details["result"] for item in items) == ["added"] * 5 + ["already_here"] * 5
    assert await System.objects.acount() == 5


async def test_who_may_not_see_the_other_folder_learns_no_name(add, start, oslo, bergen, site_administrator):
    await known("Secret lair", folder=bergen)
    added = await add(at(await start()), user=site_administrator, folder=oslo)
    assert added.states == ["done"]
    assert added.item.summary == "Already here: A system that you are not allowed to see."
    assert added.item.system_id is None


async def test_registered_in_a_folder_of_others_is_not_taken_from_them(
    add, start, oslo, bergen, site_administrator
):
    await sync_to_async(admission.pre_register)(
        user=add.user, now=NOW, mac_address="00:11:22:33:00:01", folder=bergen
    )
    added = await add(at(await start()), user=site_administrator, folder=oslo)
    assert added.states == ["failed"]
    assert "You may not admit systems here" in added.item.summary
    assert (await System.objects.aget()).state == State.PRE_REGISTERED


async def test_role_that_was_taken_meanwhile_ends_it(add, start, site_administrator, oslo):
    endpoint = await start()
    job = await add.create(at(endpoint), user=site_administrator, folder=oslo)
    await sync_to_async(assign)(site_administrator, oslo, Role.VIEWER)
    added = await add.run(job)
    assert added.states == ["failed"]
    assert not await System.objects.aexists()


async def test_rows_of_a_file_bring_their_own_login_name_folder_and_tags(add, start, oslo):
    first, second = await start(1), await start(2, password="of its own")
    file = parse_csv(
        "host;https_port;username;password;name;folder;tags;serial\n"
        f"127.1.81.1;{first.https_port};;;Boardroom;Oslo;court,3rd floor;\n"
        f"127.1.81.2;{second.https_port};admin;of its own;;;;\n"
        ";;;;Awaited;oslo;;FTT00000077\n"
        "127.1.81.4;1;;;;Nowhere;;\n"
    )
    added = await add(file)
    assert added.states == ["done"] * 3
    assert added.job.summary == "2 added; 1 registered; 1 not understood."
    assert added.job.parameters["left_out"] == ["Line 5: you cannot admit systems to a folder 'Nowhere'."]
    boardroom = await System.objects.aget(serial_number="FTT00000001")
    assert (boardroom.name, boardroom.folder_id) == ("Boardroom", oslo.pk)
    assert {tag.name async for tag in boardroom.tags.all()} == {"court", "3rd floor"}
    awaited = await System.objects.aget(serial_number="FTT00000077")
    assert (awaited.state, awaited.name, awaited.folder_id) == (State.PRE_REGISTERED, "Awaited", oslo.pk)
