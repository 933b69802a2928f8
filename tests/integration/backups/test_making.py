"""Making backups: what a real device gives, what is kept of others, how often, how many."""

from datetime import timedelta

import pytest
from django.utils import timezone

from roomkeeper.accounts.models import User
from roomkeeper.backups import keeping, making, scheduling, sides
from roomkeeper.backups.models import Backup, BackupPart, BackupTry, PartContent, Reason
from roomkeeper.jobs import retention
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import ConfigurationVersion, StoredDocument, System
from roomkeeper.virtual.device import Macro
from roomkeeper.virtual.endpoint import VirtualEndpoint
from tests.integration.backups.room import MACRO, PANEL, report, wait_for, work_on
from tests.integration.provisioning import reachable

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(transactional_db: None) -> System:
    """A system on the LAN with an endpoint behind it."""
    return reachable.make_system()


def back_up(system: System, fill: object = None, **changes: object) -> making.Made:
    """Back the system up by its own endpoint, after filling that."""

    async def act(endpoint: VirtualEndpoint) -> making.Made:
        if callable(fill):
            fill(endpoint)
        return await making.make(system.pk, reason=Reason.BY_HAND, user_id=None)

    made: making.Made = reachable.with_device(system, act, **changes)
    return made


def fill(endpoint: VirtualEndpoint) -> None:
    shelf = endpoint.device.shelf
    shelf.macros["lights"] = Macro("lights", MACRO, is_active=True)
    shelf.macros["unused"] = Macro("unused", "// nothing")
    shelf.panels["lights"] = PANEL
    shelf.branding["Background"] = "QUJD" * 50


def parts_of(backup: Backup) -> dict[tuple[str, str], str]:
    rows = backup.parts.select_related("content")
    return {(part.kind, part.name): keeping.text_of(part) for part in rows}


@pytest.mark.parametrize("profile", ["room-kit-roomos10", "dx80-ce9.15"])
def test_a_device_gives_its_macros_panels_and_pictures(room: System, profile: str) -> None:
    made = back_up(room, fill, profile=profile)
    found = parts_of(made.backup)
    assert set(found) == {
        ("macro", "lights"),
        ("macro", "unused"),
        ("extension", "lights"),
        ("branding", "Background"),
    }
    assert found["macro", "lights"] == MACRO
    assert "<Page><Name>Main</Name></Page>" in found["extension", "lights"]
    assert made.backup.parts.get(name="lights", kind="macro").details == {"is_active": True}
    assert made.backup.missing == []
    assert made.trouble == ""
    settings = keeping.settings_of(made.backup)
    assert settings["SystemUnit/Name"] == "Boardroom"


def test_an_sx10_gives_panels_by_its_list_and_says_what_it_lacks(room: System) -> None:
    made = back_up(room, fill)
    assert set(parts_of(made.backup)) == {("extension", "lights")}
    assert made.backup.missing == [
        "Macros: this device does not provide them.",
        "Pictures: this device does not provide them.",
    ]


def test_equal_contents_are_stored_once(room: System) -> None:
    first, second = back_up(room, fill), back_up(room, fill)
    assert first.backup.configuration_id == second.backup.configuration_id
    assert BackupPart.objects.count() == 2
    assert PartContent.objects.count() == 1
    keeping.delete(first.backup, user=None, now=timezone.now())
    assert keeping.forget_unused_contents(now=timezone.now()) == 0
    keeping.delete(second.backup, user=None, now=timezone.now())
    assert keeping.forget_unused_contents(now=timezone.now()) == 1


def test_our_secret_is_in_no_part(room: System) -> None:
    secret = secrets.issue_pending(room, now=timezone.now(), source="")
    text = secrets.text_of(secret)

    def hold(endpoint: VirtualEndpoint) -> None:
        endpoint.device.shelf.panels["ours"] = PANEL.replace("Main", text)

    made = back_up(room, hold)
    part = made.backup.parts.get(name="ours")
    assert text not in keeping.text_of(part)
    assert part.details["is_redacted"] is True


def test_one_that_does_not_answer_is_kept_as_it_was_last_reported(room: System) -> None:
    System.objects.filter(pk=room.pk).update(host="127.0.0.1", http_port=1, https_port=1)
    report(room, {"SystemUnit/Name": "Boardroom"})

    async def make() -> making.Made:
        async with device_access.open_transport():
            return await making.make(room.pk, reason=Reason.BY_HAND, user_id=None)

    made = wait_for(make())
    assert made.trouble
    assert made.advice
    assert "its macros, panels and pictures are not in the backup" in made.backup.missing[0]


def test_behind_a_firewall_the_reported_configuration_is_kept_and_that_is_said(
    home_office: System, administrator: User
) -> None:
    report(home_office, {"Standby/Delay": "10"})
    job = work_on(making.start([home_office], user=administrator, now=timezone.now()))
    assert (job.state, job.summary) == ("done", "1 backed up.")
    backup = Backup.objects.get()
    assert (backup.reason, backup.made_by) == ("by_hand", administrator)
    assert "Behind Firewall" in backup.missing[0]
    assert "Behind Firewall" in JobItem.objects.get().summary
    assert keeping.settings_of(backup)["Standby/Delay"] == "10"
    assert home_office.timeline.filter(kind="backup").exists()


def test_one_that_never_reported_cannot_be_backed_up(home_office: System, administrator: User) -> None:
    work_on(making.start([home_office], user=administrator, now=timezone.now()))
    item = JobItem.objects.get()
    assert item.state == "failed"
    assert "nothing to back up" in item.summary
    assert item.advice


def test_only_managed_systems_are_backed_up(home_office: System) -> None:
    home_office.state = "pending"
    with pytest.raises(making.BackupRefused):
        making.start([home_office], user=None, now=timezone.now())


# Schedule and what is kept


def test_the_schedule_takes_each_system_once_in_its_time(home_office: System, lobby: System) -> None:
    now = timezone.now()
    report(home_office, {})
    # The lobby has reported nothing yet: there is nothing to back up.
    assert scheduling.back_up_due(now=now) == 1
    assert scheduling.back_up_due(now=now) == 0
    job = work_on(Job.objects.get())
    assert job.title == "Scheduled backup of 1 system"
    assert Backup.objects.get().reason == "scheduled"
    assert not BackupTry.objects.get().is_whole
    assert scheduling.back_up_due(now=now + timedelta(days=6)) == 0
    schedule, tried = scheduling.get(), BackupTry.objects.get()
    assert scheduling.next_due(home_office, schedule, tried) == now + timedelta(days=7)
    assert scheduling.back_up_due(now=now + timedelta(days=7)) == 1


def test_no_second_job_is_begun_while_one_is_at_work(home_office: System, lobby: System) -> None:
    now = timezone.now()
    report(home_office, {})
    assert scheduling.back_up_due(now=now) == 1
    report(lobby, {})
    assert scheduling.back_up_due(now=now) == 0


def test_the_schedule_can_be_turned_off_and_refuses_nonsense(home_office: System) -> None:
    report(home_office, {})
    scheduling.update(is_on=False, every_days=7, kept=8)
    assert scheduling.back_up_due(now=timezone.now()) == 0
    with pytest.raises(scheduling.ScheduleRefused):
        scheduling.update(is_on=True, every_days=0, kept=8)
    with pytest.raises(scheduling.ScheduleRefused):
        scheduling.update(is_on=True, every_days=7, kept=0)


def test_the_oldest_scheduled_backups_go_and_those_made_by_hand_stay(home_office: System) -> None:
    report(home_office, {})
    now = timezone.now()
    for number in range(4):
        for reason in (Reason.SCHEDULED, Reason.BY_HAND):
            keeping.store(
                home_office, [], reason=reason, missing=[], user=None, now=now + timedelta(hours=number)
            )
    assert keeping.prune(home_office, 2) == 2
    kept = list(Backup.objects.order_by("id").values_list("reason", flat=True))
    assert sorted(kept) == ["by_hand"] * 4 + ["scheduled"] * 2
    assert Backup.objects.filter(reason="scheduled").earliest("id").made_at == now + timedelta(hours=2)


def test_versions_that_a_backup_refers_to_outlive_retention(home_office: System) -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=400)
    report(home_office, {"A": "1"}, at=long_ago)
    backup = keeping.store(home_office, [], reason=Reason.BY_HAND, missing=[], user=None, now=long_ago)
    report(home_office, {"A": "2"}, at=long_ago + timedelta(days=1))
    report(home_office, {"A": "3"}, at=now)
    retention.forget_old(now=now)
    values = [sides.side_of_version(one).settings["A"] for one in ConfigurationVersion.objects.order_by("id")]
    assert values == ["1", "3"]
    keeping.delete(backup, user=None, now=now)
    retention.forget_old(now=now)
    assert ConfigurationVersion.objects.count() == 1


def test_deleting_a_system_deletes_its_backups(home_office: System) -> None:
    report(home_office, {})
    keeping.store(home_office, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    home_office.delete()
    assert not Backup.objects.exists()
    assert not StoredDocument.objects.exists()
