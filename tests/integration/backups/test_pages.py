"""The pages of backups: a system's tab, all of them, comparing, restoring, replacing; and who sees what."""

import warnings

import pytest
from django.test import Client
from django.utils import timezone

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.backups import keeping, scheduling
from roomkeeper.backups.models import Backup, Reason, Replacement, Restoration
from roomkeeper.backups.reading import FoundPart
from roomkeeper.configuration_templates.models import ConfigurationTemplate, TemplateVersion
from roomkeeper.jobs.models import Job
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Contact, State, System
from tests.integration.api.conftest import Caller
from tests.integration.backups.room import report, work_on

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "<script>alert(1)</script>"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(administrator: User) -> Client:
    """The administrator's browser."""
    return browser(administrator)


@pytest.fixture
def backup(home_office: System, administrator: User) -> Backup:
    """Of the home office, whose delay was changed since; with hostile names."""
    report(home_office, {"Standby/Delay": "10", "SIP/DisplayName": HOSTILE, "Old/Setting": ""})
    made = keeping.store(
        home_office,
        [FoundPart("macro", HOSTILE, f"// {HOSTILE}", {"is_active": True})],
        reason=Reason.BY_HAND,
        missing=["Panels: this device does not provide them."],
        user=administrator,
        now=timezone.now(),
    )
    report(home_office, {"Standby/Delay": "99", "SIP/DisplayName": HOSTILE, "New/Setting": "1"})
    return made


def text(answer: object, status: int = 200) -> str:
    assert answer.status_code == status, answer  # type: ignore[attr-defined]
    page: str = answer.content.decode()  # type: ignore[attr-defined]
    assert HOSTILE not in page
    return page


def test_an_empty_tab_teaches(client: Client, lobby: System) -> None:
    page = text(client.get(f"/systems/{lobby.pk}/backups/"))
    assert "Nothing to back up yet" in page
    assert "every 7 days" in page


def test_the_tab_lists_backups_and_versions(client: Client, backup: Backup, home_office: System) -> None:
    page = text(client.get(f"/systems/{home_office.pk}/backups/"))
    assert f"/backups/{backup.pk}/restore/" in page
    assert f'value="system:{home_office.pk}"' in page
    assert page.count('name="left" value="version:') == 2
    assert "Panels: this device does not provide them." in page


def test_backing_up_now_leads_to_the_job(client: Client, home_office: System) -> None:
    report(home_office, {})
    answer = client.post(f"/systems/{home_office.pk}/act/back-up/")
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    work_on(job)
    assert "backed up" in text(client.get(f"/jobs/{job.pk}/"))


def test_all_backups_with_filters_and_the_schedule(client: Client, backup: Backup) -> None:
    page = text(client.get("/backups/?reason=by_hand&q=office"))
    assert f"/backups/{backup.pk}/" in page
    assert "Nothing here" in text(client.get("/backups/?reason=scheduled"))
    client.post("/backups/do/schedule/", {"is_on": "0", "every_days": "3", "kept": "5"})
    found = scheduling.get()
    assert (found.is_on, found.every_days, found.kept) == (False, 3, 5)
    assert 'name="kept" value="5"' in text(client.get("/backups/do/schedule/"))
    assert scheduling.get().kept == 5
    assert AuditEntry.objects.filter(act="change backup schedule").count() == 1
    refused = client.post("/backups/do/schedule/", {"is_on": "1", "every_days": "0", "kept": "5"})
    assert refused.status_code == 422
    assert "every 1 to 365 days" in refused.content.decode()
    assert AuditEntry.objects.filter(act="change backup schedule").count() == 1


def test_the_list_as_csv(client: Client, backup: Backup) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = b"".join(client.get("/backups/?reason=by_hand&format=csv")).decode().splitlines()  # type: ignore[call-overload]
    assert len(lines) == 2
    assert "Home Office" in lines[1]


def test_what_waits_for_new_hardware_can_be_cancelled(
    client: Client, backup: Backup, home_office: System
) -> None:
    client.post(
        f"/systems/{home_office.pk}/replace/",
        {"serial_number": "NEW0009", "restore": "1", "word": "Home Office"},
    )
    waiting = Restoration.objects.get()
    assert waiting.state == "waiting"
    address = f"/restorations/{waiting.pk}/cancel/"
    assert address in text(client.get(f"/systems/{home_office.pk}/backups/"))
    refused = client.post(f"/backups/{waiting.backup_id}/delete/", follow=True)
    assert "about to be restored" in text(refused)
    assert "Cancel this restore?" in text(client.get(address))
    client.post(address)
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"


def test_a_template_is_a_side(client: Client, backup: Backup, home_office: System) -> None:
    template = ConfigurationTemplate.objects.create(name="Court", folder=inventory.root_folder(), newest=1)
    TemplateVersion.objects.create(
        template=template,
        number=1,
        settings=[{"path": "Standby/Delay", "value": "5"}, {"path": "Absent/Setting", "value": "1"}],
    )
    page = text(client.get(f"/backups/compare/?left=system:{home_office.pk}&right=template:{template.pk}"))
    assert "2 rows" in page
    assert "template Court" in page
    assert (
        client.get(f"/backups/compare/?left=system:{home_office.pk}&right=template:9999").status_code == 404
    )
    told = Caller(User.objects.get(username="administrator")).get(
        f"backups/{backup.pk}/diff?with=template:{template.pk}"
    )
    assert {(one["path"], one["kind"]) for one in told["settings"]} == {
        ("Standby/Delay", "changed"),
        ("Absent/Setting", "added"),
    }


def test_one_backup_and_a_part_of_it(client: Client, backup: Backup, viewer: User) -> None:
    page = text(client.get(f"/backups/{backup.pk}/?q=standby"))
    assert "Standby/<wbr>Delay" in page
    assert "Filler" not in page
    part = backup.parts.get()
    assert "// &lt;script&gt;" in text(client.get(f"/backups/{backup.pk}/parts/{part.pk}/"))
    # A macro may hold passwords.
    watching = browser(viewer)
    assert "Restore…" not in text(watching.get(f"/backups/{backup.pk}/"))
    assert watching.get(f"/backups/{backup.pk}/parts/{part.pk}/").status_code == 403
    assert watching.get(f"/backups/{backup.pk}/restore/").status_code == 403


def test_differences_side_by_side_filtered_by_the_address_and_as_csv(
    client: Client, backup: Backup, home_office: System
) -> None:
    address = f"?left=backup:{backup.pk}&right=system:{home_office.pk}"
    page = text(client.get(f"/backups/compare/{address}"))
    assert "3 rows" in page
    only = text(client.get(f"/backups/compare/{address}&show=changed"))
    assert "Standby/<wbr>Delay" in only
    assert "New/<wbr>Setting" not in only
    assert "Old/<wbr>Setting" in text(client.get(f"/backups/compare/{address}&q=old"))
    answer = client.get(f"/backups/compare.csv{address}&show=changed")
    with warnings.catch_warnings():
        # The test client reads an asynchronous stream synchronously, and is told so.
        warnings.simplefilter("ignore")
        lines = b"".join(answer).decode("utf-8-sig").splitlines()  # type: ignore[call-overload]
    assert lines == ["path,difference,left,right", "Standby/Delay,changed,10,99"]
    assert "Choose two sides" in text(client.get("/backups/compare/"))
    assert client.get("/backups/compare/?left=nonsense&right=backup:1").status_code == 404
    assert client.get(f"/backups/compare/?left=backup:{backup.pk}&right=system:999999").status_code == 404


def test_nobody_compares_with_what_she_may_not_see(
    backup: Backup, boardroom: System, site_administrator: User
) -> None:
    report(boardroom, {})
    her = browser(site_administrator)
    assert (
        her.get(f"/backups/compare/?left=system:{boardroom.pk}&right=backup:{backup.pk}").status_code == 404
    )
    assert her.get(f"/backups/{backup.pk}/").status_code == 404
    assert f"/backups/{backup.pk}/" not in text(her.get("/backups/"))


def test_restoring_shows_asks_and_does(client: Client, backup: Backup, home_office: System) -> None:
    address = f"/backups/{backup.pk}/restore/"
    page = text(client.get(address))
    assert "not on this device" in page
    assert "Standby/<wbr>Delay" in text(client.get(f"{address}?show=change"))
    asked = text(client.post(address, {"system": home_office.pk, "part": ["settings"]}))
    assert "1 setting and 0 parts are written" in asked
    assert not Restoration.objects.exists()
    answer = client.post(address, {"system": home_office.pk, "part": ["settings"], "step": "confirm"})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    work_on(job)
    tab = text(client.get(f"/systems/{home_office.pk}/backups/"))
    assert "1 setting changes" in tab
    assert f"change set {Restoration.objects.get().change_set_id}" in tab


def test_what_was_picked_stays_picked(client: Client, backup: Backup) -> None:
    page = text(client.get(f"/backups/{backup.pk}/restore/?part=macros&paths=Standby, SIP"))
    assert 'value="Standby, SIP"' in page
    assert 'name="part" value="macros" checked' in page
    refused = client.get(f"/backups/{backup.pk}/restore/?paths=<x>", follow=True)
    assert "cannot be part of a backup" in text(refused)


def test_a_backup_is_deleted_after_asking(client: Client, backup: Backup) -> None:
    assert "Delete this backup?" in text(client.get(f"/backups/{backup.pk}/delete/"))
    client.post(f"/backups/{backup.pk}/delete/")
    assert not Backup.objects.exists()


# Replacing


@pytest.fixture
def waiting(db: None) -> System:
    """Hardware in the inbox."""
    root = inventory.root_folder()
    system = System.objects.create(name="Fresh", folder=root, state=State.PENDING, serial_number="NEW0001")
    Contact.objects.create(system=system, source_address="192.0.2.8", last_seen_at=timezone.now())
    return system


def test_replacing_is_guided(client: Client, backup: Backup, home_office: System, waiting: System) -> None:
    address = f"/systems/{home_office.pk}/replace/"
    assert f"{address}" in text(client.get(f"/systems/{home_office.pk}/"))
    assert "NEW0001" in text(client.get(address))
    plan = text(client.get(f"{address}?with={waiting.pk}&restore=1"))
    assert "The old hardware leaves" in plan
    assert "cannot be undone" in plan
    assert not Replacement.objects.exists()
    # Without its name nothing is done.
    text(client.post(address, {"with": waiting.pk, "restore": "1", "word": "x"}))
    assert not Replacement.objects.exists()
    client.post(address, {"with": waiting.pk, "restore": "1", "word": "Home Office"})
    done = Replacement.objects.get()
    home_office.refresh_from_db()
    assert home_office.serial_number == "NEW0001"
    tab = text(client.get(f"/systems/{home_office.pk}/backups/"))
    assert "its record Fresh" in tab
    assert "its hardware was replaced" in tab
    undo = f"/replacements/{done.pk}/undo/"
    assert "Bring the old hardware" in text(client.get(undo))
    client.post(undo)
    home_office.refresh_from_db()
    assert home_office.serial_number == done.old["serial_number"]
    assert {"replace hardware", "undo replacement"} <= set(AuditEntry.objects.values_list("act", flat=True))


def test_what_cannot_be_the_new_hardware_is_said(client: Client, home_office: System) -> None:
    address = f"/systems/{home_office.pk}/replace/"
    refused = client.get(f"{address}?serial_number={home_office.serial_number}", follow=True)
    assert "already is that hardware" in text(refused)


def test_the_inbox_and_other_folders_are_not_offered_to_who_may_not_take_from_them(
    boardroom: System, home_office: System, waiting: System, site_administrator: User, operator: User
) -> None:
    her = browser(site_administrator)
    page = text(her.get(f"/systems/{boardroom.pk}/replace/"))
    assert "NEW0001" not in page
    assert home_office.serial_number not in page
    assert her.get(f"/systems/{boardroom.pk}/replace/?with={waiting.pk}").status_code == 404
    assert her.get(f"/systems/{boardroom.pk}/replace/?serial_number=NEW0001").status_code == 404
    assert browser(operator).get(f"/systems/{boardroom.pk}/replace/").status_code == 403
