"""New hardware takes over a record: by its numbers, from the inbox, from a record of its own; and back again."""

from typing import Any

import pytest

from roomkeeper.accounts.models import User
from roomkeeper.backups import keeping, replacement_plan, replacing, restoring
from roomkeeper.backups.models import Backup, Reason, Replacement, Restoration
from roomkeeper.backups.reading import FoundPart
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning import actions, planning
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.systems import admission, documents, inventory
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Contact, Folder, State, System, SystemSecret
from tests.integration.backups.room import FILLER, work_on
from tests.integration.batch.conftest import Device, Manager

pytestmark = pytest.mark.django_db(transaction=True)
NEW_SERIAL, NEW_MAC = "FTT00000099", "00:11:22:33:00:99"


@pytest.fixture
def manager(transactional_db: None) -> Manager:
    """The batch function with a clock."""
    return Manager()


@pytest.fixture
def old() -> Device:
    """The hardware that is there first, behind a firewall."""
    return Device(source="192.0.2.7", address="192.168.1.7")


@pytest.fixture
def new() -> Device:
    """The hardware that comes."""
    return Device(
        serial=NEW_SERIAL,
        mac=NEW_MAC,
        name="Fresh",
        source="192.0.2.8",
        address="192.168.1.8",
        version="ce9.15.3.1",
    )


def obey(device: Device, answer: Any) -> None:
    """Take the secret that the answer holds."""
    path = next(one.value for one in answer.settings if one.path.endswith("ExternalManager/Path"))
    device.secret = path.rpartition("/")[2]


def prove(
    manager: Manager, device: Device, *, folder: Folder | None = None, name: str | None = None
) -> System:
    """Phone home, be admitted, and prove the secret."""
    manager.beat(device)
    system = System.objects.get(serial_number=device.serial)
    if system.state == State.PENDING:
        admission.approve(system, user=None, now=manager.now, folder=folder, name=name)
    obey(device, manager.beat(device))
    manager.wait(seconds=10)
    manager.beat(device)
    system.refresh_from_db()
    assert SystemSecret.objects.get(system=system).stage == "current"
    return system


@pytest.fixture
def room(manager: Manager, old: Device, transactional_db: None) -> System:
    """A managed system with a history, tags, a folder of its own and a persistent setting."""
    folder = inventory.create_folder(inventory.root_folder(), "Oslo")
    system = prove(manager, old, folder=folder, name="Boardroom")
    inventory.set_tags(system, ["executive"])
    planning.create_change_set(
        [system], {"Standby/Delay": "10"}, user=None, now=manager.now, is_persistent=True
    )
    configuration = {
        **FILLER,
        "SystemUnit/Name": "Boardroom",
        "SIP/URI": "room@b.example",
        "Standby/Delay": "10",
    }
    manager.post(old.configuration(configuration))
    return system


def replace(system: System, manager: Manager, **named: Any) -> tuple[Replacement, Restoration | None]:
    system = System.objects.select_related("folder").get(pk=system.pk)
    how = {name: named.pop(name) for name in ("restores", "keeps_credentials", "picks") if name in named}
    hardware = replacement_plan.find_hardware(system, **named)
    return replacing.replace(system, hardware, user=None, now=manager.now, **how)


def admit_where_it_came_from(system: System, manager: Manager, device: Device) -> None:
    """Nobody saw the hardware before: its first post gets nothing, and a person admits it where that came from."""
    assert manager.beat(device).settings == ()
    assert device.source in system.tickets.get(kind="secret withheld").reason
    system.refresh_from_db()
    admission.approve(system, user=None, now=manager.now, source=device.source)


def test_hardware_named_by_its_serial_number_becomes_the_system_with_its_first_post(
    room: System, manager: Manager, old: Device, new: Device
) -> None:
    replacement, restoration = replace(room, manager, serial_number=NEW_SERIAL)
    room.refresh_from_db()
    assert (room.state, room.serial_number, room.mac_address, room.name) == (
        "managed",
        NEW_SERIAL,
        "",
        "Boardroom",
    )
    assert (room.product, room.software_version, room.pinned_key, room.connectivity) == ("", "", "", "")
    assert Contact.objects.get(system=room).last_seen_at is None
    # The old hardware is nobody any more, whatever it posts with.
    assert manager.beat(old).settings == ()
    assert System.objects.get(serial_number=old.serial).state == "pending"
    admit_where_it_came_from(room, manager, new)
    obey(new, manager.beat(new))
    manager.wait(seconds=10)
    answers = [manager.beat(new)]
    manager.wait(seconds=10)
    answers.append(manager.beat(new))
    room.refresh_from_db()
    assert room.mac_address == "001122330099"
    assert SystemSecret.objects.get(system=room).stage == "current"
    assert Contact.objects.get(system=room).source_address == new.source
    # The room's name and its persistent setting follow it.
    assert System.objects.filter(pk=room.pk, folder__name="Oslo", tags__name="executive").exists()
    handed = {one.path: one.value for answer in answers for one in answer.settings}
    assert handed == {"SystemUnit/Name": "Boardroom", "Standby/Delay": "10"}
    assert restoration is not None
    assert restoration.state == "waiting"
    assert replacement.old["serial_number"] == old.serial
    told = room.timeline.get(kind="replacement")
    assert NEW_SERIAL in told.summary
    assert old.serial in told.summary


def test_the_old_hardwares_last_backup_follows_once_the_new_one_has_reported(
    room: System, manager: Manager, new: Device
) -> None:
    _, restoration = replace(room, manager, serial_number=NEW_SERIAL)
    assert restoration is not None
    safety = Backup.objects.get(reason=Reason.BEFORE_REPLACE)
    assert restoration.backup == safety
    assert safety.serial_number != NEW_SERIAL
    assert restoring.start_due(now=manager.now) == 0
    admit_where_it_came_from(room, manager, new)
    obey(new, manager.beat(new))
    manager.wait(seconds=10)
    manager.beat(new)
    manager.post(new.configuration({**FILLER, "SystemUnit/Name": "", "SIP/URI": "", "Standby/Delay": "5"}))
    assert restoring.start_due(now=manager.now) == 1
    work_on(Job.objects.get(kind="restore"))
    restoration.refresh_from_db()
    assert restoration.state == "done", restoration.words
    asked = dict(
        ChangeItem.objects.filter(change__change_set=restoration.change_set).values_list("path", "value")
    )
    # Its number for calls goes with the room.
    assert asked == {"SIP/URI": "room@b.example", "Standby/Delay": "10"}


def test_hardware_that_waits_in_the_inbox_is_merged(room: System, manager: Manager, new: Device) -> None:
    manager.beat(new)
    record = System.objects.get(serial_number=NEW_SERIAL)
    old_id, record_id = room.pk, record.pk
    replacement, _ = replace(room, manager, record=record)
    assert not System.objects.filter(pk=record_id).exists()
    room.refresh_from_db()
    assert (room.pk, room.serial_number, room.mac_address) == (old_id, NEW_SERIAL, "001122330099")
    assert replacement.merged_system_id == record_id
    secret = SystemSecret.objects.get(system=room)
    # Only to the address that it was seen at.
    assert (secret.stage, secret.bound_source) == ("pending", new.source)
    obey(new, manager.beat(new))
    manager.wait(seconds=10)
    manager.beat(new)
    assert SystemSecret.objects.get(system=room).stage == "current"
    assert not System.objects.filter(state="pending").exists()


def test_an_inbox_record_is_found_by_its_numbers_too(room: System, manager: Manager, new: Device) -> None:
    manager.beat(new)
    record = System.objects.get(serial_number=NEW_SERIAL)
    assert replacement_plan.find_hardware(room, mac_address=NEW_MAC).record == record
    with pytest.raises(replacement_plan.ReplaceRefused, match="serial number other than OTHER"):
        replacement_plan.find_hardware(room, serial_number="OTHER", mac_address=NEW_MAC)


def test_hardware_managed_as_new_goes_on_with_its_proven_secret(
    room: System, manager: Manager, old: Device, new: Device
) -> None:
    record = prove(manager, new, name="New one")
    manager.post(new.configuration({**FILLER, "SystemUnit/Name": "", "SIP/URI": "", "Standby/Delay": "5"}))
    credentials.set_credentials(record, "admin", "of the new one")
    action = actions.ask(room, "Standby/Activate", user=None, now=manager.now)
    record_entries = record.timeline.count()
    record.refresh_from_db()
    assert record_entries
    _, restoration = replace(room, manager, record=record)
    room.refresh_from_db()
    assert credentials.password_of(room) == "of the new one"
    assert room.name == "Boardroom"
    assert room.timeline.count() > record_entries
    assert Action.objects.get(pk=action.pk).state == "cancelled"
    # Nobody has to touch the device: its next post is the system's.
    manager.wait(seconds=60)
    manager.beat(new)
    contact = Contact.objects.get(system=room)
    assert contact.last_seen_at == manager.now
    assert SystemSecret.objects.get(system=room).stage == "current"
    # It has reported itself, so the settings follow at once.
    assert restoration is not None
    assert restoration.state == "running"
    work_on(Job.objects.get(kind="restore"))
    restoration.refresh_from_db()
    asked = dict(
        ChangeItem.objects.filter(change__change_set=restoration.change_set).values_list("path", "value")
    )
    assert asked["SIP/URI"] == "room@b.example"


def test_the_login_is_forgotten_unless_it_is_to_be_tried(room: System, manager: Manager) -> None:
    credentials.set_credentials(room, "admin", "old")
    replace(room, manager, serial_number=NEW_SERIAL)
    room.refresh_from_db()
    assert not credentials.has_credentials(room)
    replacing.undo(Replacement.objects.get(), user=None, now=manager.now)
    room.refresh_from_db()
    assert (room.username, credentials.password_of(room)) == ("admin", "old")
    replace(room, manager, serial_number=NEW_SERIAL, keeps_credentials=True)
    room.refresh_from_db()
    assert (room.username, credentials.password_of(room)) == ("admin", "old")


def test_undone_the_old_hardware_is_handed_a_new_secret(
    room: System, manager: Manager, old: Device, new: Device
) -> None:
    manager.beat(new)
    replacement, restoration = replace(room, manager, serial_number=NEW_SERIAL)
    obey(new, manager.beat(new))
    manager.wait(seconds=10)
    manager.beat(new)
    # The old hardware is a stranger meanwhile, and none any more afterwards.
    manager.beat(old)
    assert System.objects.filter(state="pending", serial_number=old.serial).exists()
    replacing.undo(replacement, user=None, now=manager.now)
    room.refresh_from_db()
    assert (room.serial_number, room.mac_address) == (old.serial, "001122330001")
    assert restoration is not None
    restoration.refresh_from_db()
    assert restoration.state == "cancelled"
    assert not System.objects.filter(state="pending").exists()
    told = room.timeline.filter(kind="identity").latest("id").summary
    assert f"{old.serial} / 001122330001, was {NEW_SERIAL} / 001122330099" in told
    # The new hardware is a stranger again, the old one is itself with another secret.
    assert manager.beat(new).settings == ()
    before = old.secret
    obey(old, manager.beat(old))
    assert old.secret != before
    manager.wait(seconds=10)
    manager.beat(old)
    assert SystemSecret.objects.get(system=room).stage == "current"
    with pytest.raises(replacement_plan.ReplaceRefused, match="only once"):
        replacing.undo(replacement, user=None, now=manager.now)


def test_the_plan_says_what_happens_and_what_another_model_lacks(
    room: System, manager: Manager, new: Device, administrator: User
) -> None:
    record = prove(manager, new, name="New one")
    System.objects.filter(pk=record.pk).update(product="Cisco Desk Pro")
    System.objects.filter(pk=room.pk).update(product="Cisco Room Kit")
    room.refresh_from_db()
    record.refresh_from_db()
    keeping.store(room, [], reason=Reason.BY_HAND, missing=[], user=None, now=manager.now)
    manager.post(new.configuration({**FILLER, "Standby/Delay": "5", "SystemUnit/Name": "New one"}))
    found = replacement_plan.plan(room, replacement_plan.find_hardware(room, record=record))
    assert found.is_other_model
    assert found.report is not None
    assert {one.path: str(one.verdict) for one in found.report.settings if one.verdict != "already"} == {
        "SystemUnit/Name": "own",
        "SIP/URI": "absent",
        "Standby/Delay": "change",
    }
    assert [step.title for step in found.steps if not step.can_be_undone] == [
        "The old hardware leaves",
        "Its own record goes",
    ]
    # Nothing was done.
    assert System.objects.filter(pk=record.pk).exists()
    assert not Replacement.objects.exists()


def test_what_was_asked_of_both_records_stays_with_the_room(
    room: System, manager: Manager, new: Device
) -> None:
    record = prove(manager, new, name="New one")
    both = planning.create_change_set([room, record], {"Time/Zone": "Etc/UTC"}, user=None, now=manager.now)
    alone = planning.create_change_set([record], {"Time/Zone": "Etc/GMT"}, user=None, now=manager.now)
    action = actions.ask(record, "Standby/Activate", user=None, now=manager.now)
    replace(room, manager, record=record)
    assert [change.system_id for change in both.changes.all()] == [room.pk]
    # What was open for the new hardware alone is history now, and is not asked of the room.
    item = ChangeItem.objects.get(change__change_set=alone)
    assert (item.system_id, item.state) == (room.pk, "cancelled")
    moved = Action.objects.get(pk=action.pk)
    assert (moved.system_id, moved.state) == (room.pk, "cancelled")


def test_nothing_of_the_old_hardware_counts_as_present(room: System, manager: Manager) -> None:
    assert documents.reported_configuration(room.pk) is not None
    replace(room, manager, serial_number=NEW_SERIAL)
    assert documents.reported_configuration(room.pk) is None
    assert documents.reported_configurations([room.pk]) == {}
    assert documents.status_values(room.pk) == {}
    found = planning.plan_settings([System.objects.get(pk=room.pk)], {"SIP/URI": "room@b.example"})
    assert found.per_system[0].items[0].verdict == "change"
    # There is nothing of the new hardware to back up yet.
    with pytest.raises(keeping.NothingToBackUp):
        keeping.store(room, [], reason=Reason.BY_HAND, missing=[], user=None, now=manager.now)


def test_behind_a_firewall_macros_ride_on_the_answer(room: System, manager: Manager, old: Device) -> None:
    part = FoundPart("macro", "lights", "if (1 < 2) {}", {"is_active": True})
    backup = keeping.store(room, [part], reason=Reason.BY_HAND, missing=[], user=None, now=manager.now)
    _, job = restoring.start(backup, room, ["macros"], user=None, now=manager.now)
    work_on(job)
    handed = []
    for _ in range(3):
        manager.wait(seconds=30)
        handed += [call for call in manager.beat(old).commands if call.path.startswith("Macros")]
    assert [(call.path, dict(call.arguments).get("Name"), call.body) for call in handed] == [
        ("Macros/Macro/Save", "lights", "if (1 < 2) {}"),
        ("Macros/Macro/Activate", "lights", None),
    ]


@pytest.mark.parametrize("state", ["ignored", "blocked"])
def test_hardware_that_was_set_aside_is_not_taken(
    room: System, manager: Manager, new: Device, state: str
) -> None:
    manager.beat(new)
    System.objects.filter(serial_number=NEW_SERIAL).update(state=state)
    with pytest.raises(replacement_plan.ReplaceRefused, match="Admit it again first"):
        replacement_plan.find_hardware(room, serial_number=NEW_SERIAL)


def test_what_cannot_be_the_new_hardware_is_refused(room: System) -> None:
    with pytest.raises(replacement_plan.ReplaceRefused, match="already"):
        replacement_plan.find_hardware(room, serial_number=room.serial_number)
    with pytest.raises(replacement_plan.ReplaceRefused, match="Enter the serial number"):
        replacement_plan.find_hardware(room)
    with pytest.raises(replacement_plan.ReplaceRefused, match="not a MAC address"):
        replacement_plan.find_hardware(room, mac_address="x")
