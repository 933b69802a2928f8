"""Backups and replacing by REST and from a shell: what is answered, and to whom."""

import json
from typing import Any

import pytest
import typer
from django.utils import timezone
from typer.testing import CliRunner

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.backups import keeping
from roomkeeper.backups.models import Backup, Reason
from roomkeeper.backups.reading import FoundPart
from roomkeeper.cli import remote
from roomkeeper.cli.remote.connection import DEFAULT_URL, Received, over
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems import inventory
from roomkeeper.systems.models import ConfigurationVersion, Contact, State, System
from tests.integration.api.conftest import Caller
from tests.integration.backups.room import report, work_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(administrator: User) -> Caller:
    """The administrator's caller."""
    return Caller(administrator)


@pytest.fixture
def backup(home_office: System, administrator: User) -> Backup:
    """Of the home office, whose delay was changed since."""
    report(home_office, {"Standby/Delay": "10", "SIP/Authentication/Password": "***"})
    made = keeping.store(
        home_office,
        [FoundPart("macro", "lights", "// token=abc", {"is_active": True})],
        reason=Reason.BY_HAND,
        missing=[],
        user=administrator,
        now=timezone.now(),
    )
    report(home_office, {"Standby/Delay": "99", "SIP/Authentication/Password": "***"})
    return made


def add_to_inbox(serial: str = "NEW0001", **values: Any) -> System:
    root = inventory.root_folder()
    system = System.objects.create(
        name="Fresh", folder=root, state=values.pop("state", State.PENDING), serial_number=serial, **values
    )
    Contact.objects.create(system=system, source_address="192.0.2.8", last_seen_at=timezone.now())
    return system


def post(caller: Caller, path: str, body: Any = None) -> Any:
    return caller("POST", path, body)


def test_a_backup_is_made_by_a_job(call: Caller, home_office: System) -> None:
    report(home_office, {"Standby/Delay": "10"})
    answer = post(call, f"systems/{home_office.pk}/backups")
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
    work_on(Job.objects.get())
    items = call.get(f"systems/{home_office.pk}/backups")["items"]
    assert [(one["reason"], one["made_by"], one["system_name"]) for one in items] == [
        ("by_hand", "administrator", "Home Office")
    ]
    assert "Behind Firewall" in items[0]["missing"][0]
    found = call.get(f"backups/{items[0]['id']}")
    assert found["settings"]["Standby/Delay"] == "10"
    assert AuditEntry.objects.filter(act="back up system").exists()


def test_backups_are_listed_filtered_and_deleted(call: Caller, backup: Backup, home_office: System) -> None:
    assert len(call.get("backups?reason=by_hand")["items"]) == 1
    assert call.get("backups?reason=scheduled")["items"] == []
    assert len(call.get(f"backups?system={home_office.pk}&search=office")["items"]) == 1
    details = call.get(f"backups/{backup.pk}")
    assert details["parts"][0] | {"id": 0, "sha256": ""} == {
        "id": 0,
        "kind": "macro",
        "name": "lights",
        "size": 12,
        "sha256": "",
        "is_active": True,
    }
    assert call("DELETE", f"backups/{backup.pk}").status_code == 204
    assert call("GET", f"backups/{backup.pk}").status_code == 404


def test_differences_tell_hidden_values_as_unknown(call: Caller, backup: Backup, home_office: System) -> None:
    found = call.get(f"backups/{backup.pk}/diff?with=system:{home_office.pk}")
    assert found["counts"] == {"added": 0, "removed": 0, "changed": 1, "unknown": 1}
    assert found["settings"] == [
        {"path": "SIP/Authentication/Password", "kind": "unknown", "left": "***", "right": "***"},
        {"path": "Standby/Delay", "kind": "changed", "left": "10", "right": "99"},
    ]
    versions = call.get(f"systems/{home_office.pk}/configuration-versions")["items"]
    assert len(versions) == ConfigurationVersion.objects.count() == 2
    same = call.get(f"backups/{backup.pk}/diff?with=version:{versions[1]['id']}")
    assert same["counts"]["changed"] == 0
    assert call("GET", f"backups/{backup.pk}/diff?with=nonsense").status_code == 422
    assert call("GET", f"backups/{backup.pk}/diff?with=system:999999").status_code == 404
    assert call("GET", f"backups/{backup.pk}/diff").status_code == 422


def test_two_systems_are_compared(call: Caller, backup: Backup, lobby: System) -> None:
    report(lobby, {"Standby/Delay": "10", "Time/Zone": "Etc/UTC"})
    found = call.get(f"backups/{backup.pk}/diff?with=system:{lobby.pk}")
    assert {(one["path"], one["kind"]) for one in found["settings"]} == {
        ("SIP/Authentication/Password", "removed"),
        ("Time/Zone", "added"),
    }


def test_a_dry_run_tells_and_does_nothing(call: Caller, backup: Backup) -> None:
    answer = post(call, f"backups/{backup.pk}/restore", {"dry_run": True})
    assert answer.status_code == 200
    found = answer.json()
    assert found["counts"]["change"] == 1
    assert found["counts"]["hidden"] == 1
    assert found["parts"][0]["verdict"] == "change"
    assert not Job.objects.exists()


@pytest.mark.parametrize("part", ["<x>", "nonsense", "macro:Nobody", "Bluetooth/Enabled"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_a_backup_does_not_hold_is_not_restored(
    part: str, dry_run: bool, call: Caller, backup: Backup
) -> None:
    asked = {"parts": ["settings", part], "dry_run": dry_run}
    answer = post(call, f"backups/{backup.pk}/restore", asked)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["body.parts"]
    assert not Job.objects.exists()


def test_restoring_answers_with_a_job(call: Caller, backup: Backup) -> None:
    answer = post(call, f"backups/{backup.pk}/restore", {"parts": ["settings"]})
    assert answer.status_code == 202
    job = work_on(Job.objects.get())
    item = call.get(f"jobs/{job.pk}/items")["items"][0]
    assert item["details"]["change_set"] == ChangeItem.objects.get().change.change_set_id
    assert AuditEntry.objects.filter(act="restore backup", road="api").exists()


def test_who_may_see_may_not_restore_and_not_read_macros(
    backup: Backup, viewer: User, operator: User, site_administrator: User, boardroom: System
) -> None:
    part = backup.parts.get()
    reading, working, elsewhere = Caller(viewer), Caller(operator), Caller(site_administrator)
    assert reading("GET", f"backups/{backup.pk}").status_code == 200
    assert reading("GET", f"backups/{backup.pk}/parts/{part.pk}").status_code == 403
    assert reading("POST", f"backups/{backup.pk}/restore", {"dry_run": True}).status_code == 403
    assert working.get(f"backups/{backup.pk}/parts/{part.pk}")["content"] == "// token=abc"
    assert working("DELETE", f"backups/{backup.pk}").status_code == 403
    # Oslo's administrator sees nothing of Bergen, and may put nothing from there on her own.
    assert elsewhere("GET", f"backups/{backup.pk}").status_code == 404
    assert elsewhere("POST", f"backups/{backup.pk}/restore", {"system": boardroom.pk}).status_code == 404
    assert elsewhere.get("backups")["items"] == []
    # Nor may she compare with what she may not see.
    report(boardroom, {})
    own = keeping.store(boardroom, [], reason=Reason.BY_HAND, missing=[], user=None, now=timezone.now())
    assert elsewhere("GET", f"backups/{own.pk}/diff?with=backup:{backup.pk}").status_code == 404


def test_the_schedule_is_for_who_manages_the_server(call: Caller, operator: User) -> None:
    assert call.get("backups/schedule") == {"is_on": True, "every_days": 7, "kept": 8}
    assert call("PATCH", "backups/schedule", {"every_days": 1}).json()["every_days"] == 1
    assert call.get("backups/schedule") == {"is_on": True, "every_days": 1, "kept": 8}
    assert call("PATCH", "backups/schedule", {"kept": 0}).status_code == 422
    assert Caller(operator)("PATCH", "backups/schedule", {"kept": 3}).status_code == 403


# Replacing


def test_replacing_by_serial_number_with_a_dry_run_first(
    call: Caller, backup: Backup, home_office: System
) -> None:
    body = {"serial_number": "NEW0001"}
    planned = post(call, f"systems/{home_office.pk}/replace", {**body, "dry_run": True}).json()
    assert planned["id"] is None
    assert planned["steps"][0]["title"] == "The record stays"
    assert call.get(f"systems/{home_office.pk}")["serial_number"] == home_office.serial_number
    done = post(call, f"systems/{home_office.pk}/replace", body)
    assert done.status_code == 200, done.content
    assert done.json()["restoration"] == "waiting"
    found = call.get(f"systems/{home_office.pk}")
    assert (found["id"], found["name"], found["serial_number"]) == (home_office.pk, "Home Office", "NEW0001")
    assert found["folder"] == home_office.folder_id
    assert AuditEntry.objects.get(act="replace hardware").details["was"] == home_office.serial_number
    back = post(call, f"systems/{home_office.pk}/replace/undo")
    assert back.status_code == 200, back.content
    assert call.get(f"systems/{home_office.pk}")["serial_number"] == home_office.serial_number
    assert post(call, f"systems/{home_office.pk}/replace/undo").status_code == 409


def test_replacing_with_a_record_from_the_inbox(call: Caller, home_office: System) -> None:
    record = add_to_inbox()
    done = post(call, f"systems/{home_office.pk}/replace", {"with": record.pk})
    assert done.status_code == 200, done.content
    assert done.json()["merged"] == record.pk
    assert call("GET", f"systems/{record.pk}").status_code == 404
    assert call.get(f"systems/{home_office.pk}")["serial_number"] == "NEW0001"


def test_replacing_with_a_managed_record_of_another_model(
    call: Caller, backup: Backup, home_office: System
) -> None:
    record = add_to_inbox(state=State.MANAGED, product="Cisco Desk Pro", family="roomos")
    report(record, {"Standby/Delay": "5"})
    body = {"with": record.pk, "dry_run": True}
    planned = post(call, f"systems/{home_office.pk}/replace", body).json()
    assert planned["is_other_model"]
    assert planned["mapping"]["counts"]["change"] == 1
    done = post(call, f"systems/{home_office.pk}/replace", {**body, "dry_run": False})
    assert done.status_code == 200, done.content
    assert done.json()["mapping"]["system"] == home_office.pk
    assert done.json()["restoration"] == "running"
    assert call.get(f"jobs/{done.json()['job']}")["kind"] == "restore"


def test_refusals_are_told(call: Caller, home_office: System) -> None:
    own = post(call, f"systems/{home_office.pk}/replace", {"with": home_office.pk})
    assert own.status_code == 409
    assert "already" in own.json()["detail"]
    assert post(call, f"systems/{home_office.pk}/replace", {}).status_code == 409
    assert post(call, f"systems/{home_office.pk}/replace", {"mac_address": "x"}).status_code == 409
    assert post(call, f"systems/{home_office.pk}/replace", {"with": 999999}).status_code == 404


def test_nobody_takes_a_record_away_from_where_she_may_not_manage(
    boardroom: System, home_office: System, site_administrator: User, operator: User
) -> None:
    caller = Caller(site_administrator)
    # By its id, by its serial number, and from an inbox that she may not see.
    assert caller("POST", f"systems/{boardroom.pk}/replace", {"with": home_office.pk}).status_code == 404
    numbers = {"serial_number": home_office.serial_number}
    assert caller("POST", f"systems/{boardroom.pk}/replace", numbers).status_code == 404
    # Of one that was set aside there she learns nothing either.
    System.objects.filter(pk=home_office.pk).update(state="blocked")
    refused = caller("POST", f"systems/{boardroom.pk}/replace", numbers)
    assert refused.status_code == 409
    assert "A system that you are not allowed to see" in refused.json()["detail"]
    assert home_office.name not in refused.content.decode()
    waiting = add_to_inbox()
    assert caller("POST", f"systems/{boardroom.pk}/replace", {"with": waiting.pk}).status_code == 404
    assert (
        Caller(operator)("POST", f"systems/{boardroom.pk}/replace", {"with": waiting.pk}).status_code == 403
    )
    assert caller("POST", f"systems/{boardroom.pk}/replace", {"serial_number": "NEW0002"}).status_code == 200


def test_from_a_shell(call: Caller, backup: Backup, home_office: System) -> None:
    """The commands against the real API, over a transport that is Django's test client."""

    def transport(method: str, address: str, headers: Any, content: bytes | None) -> Received:
        sent = {
            name: value for name, value in headers.items() if name not in ("Authorization", "Content-Type")
        }
        path = address.removeprefix(DEFAULT_URL)
        answer = call(method, path, raw=content or b"", headers=sent)
        return Received(answer.status_code, answer.content)

    program = typer.Typer()
    remote.mount(program)

    def run(*words: str) -> str:
        with over(transport):
            result = CliRunner().invoke(program, list(words))
        assert result.exit_code == 0, result.output
        return result.output

    assert "Home Office" in run("backups", "list", "system=Home Office")
    assert "lights" in run("backups", "show", str(backup.pk))
    assert "1 changed, 1 unknown" in run("backups", "diff", str(backup.pk), f"system:{home_office.pk}")
    told = run("backups", "restore", str(backup.pk), "--dry-run", "--part", "Standby")
    assert "1 change" in told
    made = json.loads(run("backups", "make", "Home Office", "--json"))
    assert made["kind"] == "back up"
    planned = run("systems", "replace", "Home Office", "--serial", "NEW0001", "--dry-run")
    assert "can be undone" in planned
    assert "is replaced" in run("systems", "replace", "Home Office", "--serial", "NEW0001", "--yes")
    assert home_office.serial_number in run("systems", "undo-replacement", "Home Office")
