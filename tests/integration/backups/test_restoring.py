"""Putting backups back: on the same device, on another model, behind a firewall."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from roomkeeper.accounts.models import User
from roomkeeper.backups import keeping, making, restoring
from roomkeeper.backups.models import Backup, Reason, Restoration
from roomkeeper.jobs import running, work
from roomkeeper.jobs.models import JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning import reading
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.provisioning.push_pump import pump
from roomkeeper.systems.models import Contact, System
from roomkeeper.virtual.device import Macro
from roomkeeper.virtual.endpoint import VirtualEndpoint
from tests.integration.backups.room import MACRO, PANEL, report, work_on
from tests.integration.provisioning import reachable

pytestmark = pytest.mark.django_db(transaction=True)
CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
KIT = "room-kit-roomos10"


@pytest.fixture
def room(transactional_db: None) -> System:
    """A system on the LAN with an endpoint behind it."""
    return reachable.make_system()


async def restore(system: System, backup: Backup, *picks: str) -> Restoration:
    """Restore as a worker does, and push what was asked."""
    system = await off_loop(System.objects.select_related("folder").get, pk=system.pk)
    restoration, job = await off_loop(restoring.start, backup, system, picks, user=None, now=timezone.now())
    await running.perform(job.pk, "test")
    while await pump.push_due(now=timezone.now()):
        pass
    return await off_loop(Restoration.objects.get, pk=restoration.pk)


def with_backup(room: System, spoil: Callable[[VirtualEndpoint], object], *picks: str, **changes: Any) -> Any:
    """Fill the endpoint, back it up, spoil it, restore; gives (endpoint, restoration)."""

    async def act(endpoint: VirtualEndpoint) -> Any:
        shelf = endpoint.device.shelf
        endpoint.device.configuration.preset({"Macros/Mode": "On", "Standby/Delay": "77"})
        shelf.macros["lights"] = Macro("lights", MACRO, is_active=True)
        shelf.panels["lights"] = PANEL
        shelf.branding["Background"] = "QUJD" * 50
        made = await making.make(room.pk, reason=Reason.BY_HAND, user_id=None)
        shelf.macros.clear()
        shelf.panels.clear()
        shelf.branding.clear()
        spoil(endpoint)
        return endpoint, await restore(room, made.backup, *picks)

    return reachable.with_device(room, act, **changes)


def spoil(endpoint: VirtualEndpoint) -> None:
    endpoint.device.configuration.preset({"Macros/Mode": "Off", "Standby/Delay": "5"})


def test_settings_macros_panels_and_pictures_come_back(room: System) -> None:
    endpoint, restoration = with_backup(room, spoil, profile=KIT)
    device = endpoint.device
    assert device.configuration.find("Standby/Delay") == "77"
    assert device.shelf.macros["lights"].content == MACRO
    # Macros Mode is written first: only then one can be started.
    assert device.shelf.macros["lights"].is_active
    assert "<Page><Name>Main</Name></Page>" in device.shelf.panels["lights"]
    assert device.shelf.branding["Background"] == "QUJD" * 50
    assert restoration.state == "done"
    assert restoration.counts["settings"]["change"] == 2
    assert restoration.counts["parts"]["change"] == 3
    assert set(
        ChangeItem.objects.filter(change__change_set=restoration.change_set).values_list("state", flat=True)
    ) == {"confirmed"}
    assert set(Action.objects.filter(pk__in=restoration.action_ids).values_list("state", flat=True)) == {
        "confirmed"
    }
    assert len(restoration.action_ids) == 4
    # What was there before is kept.
    safety = Backup.objects.get(reason=Reason.BEFORE_RESTORE)
    assert keeping.settings_of(safety)["Standby/Delay"] == "5"
    assert not safety.parts.exists()


def test_only_what_was_picked_comes_back(room: System) -> None:
    endpoint, restoration = with_backup(room, spoil, "Standby", "extensions", profile=KIT)
    device = endpoint.device
    assert device.configuration.find("Standby/Delay") == "77"
    assert device.configuration.find("Macros/Mode") == "Off"
    assert list(device.shelf.panels) == ["lights"]
    assert not device.shelf.macros
    assert len(restoration.action_ids) == 1


def test_management_settings_passwords_and_the_name_are_left_alone(room: System) -> None:
    def change(endpoint: VirtualEndpoint) -> None:
        endpoint.device.configuration.preset(
            {
                "Provisioning/ExternalManager/Address": "other.example",
                "Phonebook/Server[1]/URL": "https://other.example/",
                "SystemUnit/Name": "Renamed",
            }
        )

    endpoint, restoration = with_backup(room, change, "settings", profile=KIT)
    assert restoration.change_set is None
    assert endpoint.device.configuration.find("SystemUnit/Name") == "Renamed"
    assert restoration.counts["settings"]["change"] == 0


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captures are not here")
def test_a_room_kit_is_put_on_an_sx10(room: System, administrator: User) -> None:
    """Both as captured, read in place: what the small one lacks is named, the rest is asked of it."""
    kit = System.objects.create(
        name="Kit", folder=room.folder, state="managed", family="roomos", serial_number="KIT1"
    )
    small = System.objects.create(
        name="Small", folder=room.folder, state="managed", family="roomos", serial_number="SMALL1"
    )
    Contact.objects.create(system=kit)
    Contact.objects.create(system=small)
    fetched = [
        reading.Fetched(system.pk, kind, (CAPTURES / folder / f"{kind}.xml").read_bytes(), timezone.now())
        for system, folder, kinds in (
            (kit, "roomkit_ce10.9.1", ("configuration",)),
            (small, "sx10_ce9.6.1", ("configuration", "valuespace", "command")),
        )
        for kind in kinds
    ]
    reading.keep(fetched, now=timezone.now())
    backup = keeping.store(kit, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    found = restoring.plan(backup, small)
    assert len(found.settings) == 288
    assert found.counts["absent"] == 146
    assert found.counts["refused"] > 0
    assert all(one.reason for one in found.settings if one.verdict == "refused")
    restoration, job = restoring.start(backup, small, user=administrator, now=timezone.now())
    work_on(job)
    restoration.refresh_from_db()
    assert restoration.counts["settings"] == found.counts
    items = ChangeItem.objects.filter(change__change_set=restoration.change_set)
    assert set(items.values_list("state", flat=True)) == {"waiting"}
    assert items.count() == found.counts["change"]


def test_behind_a_firewall_it_waits_for_the_next_post(home_office: System, administrator: User) -> None:
    report(home_office, {"Standby/Delay": "10"})
    backup = keeping.store(home_office, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    report(home_office, {"Standby/Delay": "99"}, at=timezone.now() + timedelta(seconds=1))
    restoration, job = restoring.start(backup, home_office, user=administrator, now=timezone.now())
    assert work_on(job).state == "done"
    restoration.refresh_from_db()
    assert restoration.state == "done"
    item = ChangeItem.objects.get()
    assert (item.path, item.value, item.state) == ("Standby/Delay", "10", "waiting")
    assert Backup.objects.filter(reason="before_restore").count() == 1
    assert restoration.words.startswith("1 setting changes, ")


def test_working_on_the_job_again_asks_nothing_twice(home_office: System) -> None:
    report(home_office, {"Standby/Delay": "10"})
    backup = keeping.store(home_office, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    report(home_office, {"Standby/Delay": "99"}, at=timezone.now() + timedelta(seconds=1))
    _, job = restoring.start(backup, home_office, user=None, now=timezone.now())
    work_on(job)
    # As after a crash between the asking and the end of the job.
    JobItem.objects.update(state="running")
    type(job).objects.filter(pk=job.pk).update(state="running")
    work_on(job)
    assert ChangeItem.objects.count() == 1
    assert JobItem.objects.get().state == "skipped"


def test_one_restore_of_a_system_at_a_time(home_office: System) -> None:
    report(home_office, {})
    backup = keeping.store(home_office, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    _, job = restoring.start(backup, home_office, user=None, now=timezone.now())
    with pytest.raises(restoring.RestoreRefused, match="in progress"):
        restoring.start(backup, home_office, user=None, now=timezone.now())
    work.cancel(job, now=timezone.now())
    restoring.start_due(now=timezone.now())
    assert Restoration.objects.get().state == "cancelled"
    restoring.start(backup, home_office, user=None, now=timezone.now())


def test_nothing_is_put_on_a_system_that_is_not_managed(home_office: System) -> None:
    report(home_office, {})
    backup = keeping.store(home_office, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    home_office.state = "ignored"
    with pytest.raises(restoring.RestoreRefused, match="not managed"):
        restoring.start(backup, home_office, user=None, now=timezone.now())
