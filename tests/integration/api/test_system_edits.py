"""Editing many systems by the API and from a shell: dry run, digest, CSV and JSON, rights, problems."""

import csv
import io
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.api.test_command_line import Shell
from tests.integration.configuration_templates.conftest import report

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.bulk_editing import applying
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning.models import Action, ChangeItem, ChangeSet
from roomkeeper.systems.models import Folder, System

CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def rooms(boardroom: System, home_office: System) -> list[System]:
    """Two systems that have reported."""
    for system in (boardroom, home_office):
        report(system, {"SystemUnit/Name": system.name, "Audio/DefaultVolume": "50"})
    return [boardroom, home_office]


def download(call: Caller, query: str = "") -> list[dict[str, str]]:
    """The file as a spreadsheet shows it."""
    answer = call("GET", f"systems/export.csv{query}")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/csv")
    with warnings.catch_warnings():
        # Under ASGI it is sent piece by piece; Django's own client, which is synchronous, warns of that.
        warnings.simplefilter("ignore")
        text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def edit(call: Caller, rows: list[dict[str, Any]], status: int = 200, **options: Any) -> Any:
    """The answer to these rows as JSON."""
    answer = call("POST", "systems/edit", {"rows": rows, **options})
    assert answer.status_code == status, answer.content
    return answer.json()


def send_csv(call: Caller, text: str, query: str = "") -> Any:
    """The answer to a file."""
    return call.client.generic(
        "POST",
        f"/api/v1/systems/edit{query}",
        text.encode(),
        content_type="text/csv; charset=utf-8",
        headers=call.headers,
    )


def test_the_file_is_sorted_as_the_list_is(call: Caller, rooms: list[System]) -> None:
    names = [line["name"] for line in download(call, "?sort=-name")]
    assert names == [one["name"] for one in call.get("systems?sort=-name")["items"]]
    answer = call("GET", "systems/export.csv?sort=nonsense")
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["query.sort"]


def test_rows_of_json_are_planned_and_done(call: Caller, rooms: list[System], oslo: Folder) -> None:
    rows = [
        {"id": rooms[0].pk, "name": "Big", "tags": ["a, b", "c"], "settings": {"Audio/DefaultVolume": "70"}},
        {"id": rooms[1].pk, "folder": oslo.pk, "http_port": None, "notes": ""},
        {"id": 4711, "notes": "x"},
    ]
    plan = edit(call, rows, dry_run=True)
    assert plan["is_dry_run"]
    assert plan["counts"] == {
        "change": 2,
        "unchanged": 0,
        "already": 0,
        "cannot": 0,
        "refused": 1,
        "values": 4,
    }
    assert [change["name"] for change in plan["systems"][0]["changes"]] == [
        "name",
        "tags",
        "Audio/DefaultVolume",
    ]
    assert plan["systems"][0]["changes"][2] == {
        "name": "Audio/DefaultVolume",
        "is_setting": True,
        "before": "50",
        "after": "70",
        "verdict": "change",
        "reason": "",
    }
    assert plan["problems"][0]["line"] == 3
    assert not ChangeSet.objects.exists()

    done = edit(call, rows, 202, digest=plan["digest"], persistent=True, only_in_window=True)
    made = ChangeSet.objects.get(pk=done["change_set"])
    assert (made.is_persistent, made.only_in_window) == (True, True)
    assert done["name_change_set"] is not None
    assert done["records"] == 2
    assert {tag.name for tag in rooms[0].tags.all()} == {"a, b", "c"}
    assert System.objects.get(pk=rooms[1].pk).folder_id == oslo.pk
    (entry,) = AuditEntry.objects.filter(act="edit systems")
    assert (entry.road, entry.details["systems"]) == ("api", 2)

    again = edit(call, rows, dry_run=True)
    assert again["counts"]["change"] == 0
    assert edit(call, rows, 409, digest=plan["digest"])["type"].endswith("difference-changed")


def test_a_file_goes_out_and_comes_back(call: Caller, rooms: list[System], bergen: Folder) -> None:
    rows = download(call, "?settings=Audio/DefaultVolume&settings=SIP%20DisplayName&fields=notes&fields=name")
    assert list(rows[0])[:3] == ["id", "name", "notes"]
    assert list(rows[0])[-2:] == ["Audio/DefaultVolume", "SIP/DisplayName"]
    assert len(download(call, f"?folder={bergen.pk}")) == 1
    rows[0] |= {"notes": "=1+1"}
    rows[1] |= {"serial_number": "wrong"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    plan = send_csv(call, text.getvalue(), "?dry_run=true").json()
    assert plan["counts"] | {"values": 0} == {
        "change": 1,
        "unchanged": 0,
        "already": 0,
        "cannot": 0,
        "refused": 1,
        "values": 0,
    }
    answer = send_csv(call, text.getvalue(), f"?digest={plan['digest']}")
    assert answer.status_code == 200, answer.content
    assert System.objects.get(pk=rows[0]["id"]).notes == "=1+1"
    assert download(call)[0]["notes"] == "'=1+1"


@pytest.mark.parametrize(
    ("kind", "body", "query", "status", "words"),
    [
        ("text/csv", "name\nx\n", "", 422, "must be id"),
        ("text/csv", "\n", "", 422, "empty"),
        ("text/csv", "id\n1\n", "?nothing=1", 422, "no parameter"),
        ("text/plain", "id\n1\n", "", 415, "text/csv"),
        ("application/json", "{", "", 400, "not valid JSON"),
        ("application/json", '{"rows": [], "colour": 1}', "", 422, "cannot be used"),
        ("application/json", '{"rows": [{"id": 1}]}', "?dry_run=true", 422, "in the body"),
    ],
)
def test_what_cannot_be_read_is_a_problem(
    call: Caller, kind: str, body: str, query: str, status: int, words: str
) -> None:
    answer = call.client.generic(
        "POST", f"/api/v1/systems/edit{query}", body.encode(), content_type=kind, headers=call.headers
    )
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_file_may_be_larger_than_other_bodies(call: Caller, rooms: list[System]) -> None:
    text = f"id,notes\r\n{rooms[0].pk}," + "x" * 3_000_000
    assert send_csv(call, text, "?dry_run=true").json()["counts"]["refused"] == 1


def test_rights_are_asked_for_each_system(
    as_user: CallerOf, site_administrator: User, operator: User, viewer: User, rooms: list[System]
) -> None:
    rows = [{"id": system.pk, "notes": "x"} for system in rooms]
    theirs = edit(as_user(site_administrator), rows, dry_run=True)
    assert [one["system"] for one in theirs["systems"]] == [rooms[0].pk]
    assert edit(as_user(operator), rows, dry_run=True)["counts"]["refused"] == 2
    assert as_user(viewer)("POST", "systems/edit", {"rows": rows}).status_code == 403
    assert [row["id"] for row in download(as_user(site_administrator))] == [str(rooms[0].pk)]


def test_many_records_are_written_by_a_job(
    call: Caller, rooms: list[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "RECORDS_AT_ONCE", 1)
    done = edit(call, [{"id": system.pk, "notes": "x"} for system in rooms], 202)
    job = Job.objects.get()
    assert done["job"]["id"] == job.pk
    assert done["records"] == 0
    assert job.items.count() == 1


def test_many_systems_are_diagnosed_by_one_job(
    call: Caller, as_user: CallerOf, rooms: list[System], site_administrator: User
) -> None:
    wanted = {"systems": [system.pk for system in rooms]}
    elsewhere = {"systems": [rooms[1].pk]}
    told = as_user(site_administrator)("POST", "systems/diagnose", elsewhere).json()
    assert [one["status"] for one in told["items"]] == [404]
    assert not Job.objects.exists()
    answer = call("POST", "systems/diagnose", wanted)
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
    assert Job.objects.get().items.count() == 2


@pytest.fixture
def shell(live_server: object, administrator: User) -> Shell:
    return Shell(live_server.url, administrator)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_the_same_from_a_shell(shell: Shell, rooms: list[System], tmp_path: Path) -> None:
    file = tmp_path / "rooms.csv"
    shell("systems", "export", "folder=Oslo", "--setting", "Audio/DefaultVolume", "-o", str(file))
    assert file.read_bytes().startswith(b"\xef\xbb\xbfid,name,")
    text = file.read_text("utf-8-sig")
    assert len(text.splitlines()) == 2
    file.write_text(text.replace("Boardroom", "Big Room").replace(",50\n", ",70\n"), "utf-8")
    told = shell("systems", "edit", str(file), "--dry-run").stdout
    assert "Big Room" in told
    assert "1 systems will change" in told
    assert not ChangeItem.objects.exists()

    done = json.loads(shell("systems", "edit", str(file), "--persistent", "--json").stdout)
    assert ChangeSet.objects.get(pk=done["change_set"]).is_persistent
    assert System.objects.get(pk=rooms[0].pk).name == "Big Room"
    assert "0 systems will change" in shell("systems", "edit", str(file)).stdout

    file.write_text(file.read_text("utf-8") + "4711,Nobody\n", "utf-8")
    failed = shell("systems", "edit", str(file), code=1)
    assert "no system 4711" in failed.stdout
    assert "1 lines could not be used" in failed.stderr
    shell("systems", "edit", str(tmp_path / "nothing.csv"), code=2)


@pytest.mark.django_db(transaction=True)
def test_dry_runs_of_other_commands_leave_nothing(shell: Shell, rooms: list[System], tmp_path: Path) -> None:
    told = shell("run", "--dry-run", "all", "xcommand", "Standby", "Activate").stdout
    assert told.count("202") == 2
    assert not Action.objects.exists()
    shell("run", "--dry-run", "all", "xcommand", "Bad/../Name", code=1)

    file = tmp_path / "new.csv"
    file.write_text(f"serial_number,name\nFTT50,New\n{rooms[0].serial_number},Twice\n", "utf-8")
    failed = shell("systems", "import", str(file), "--dry-run", code=1)
    assert "201" in failed.stdout
    assert "1 of 2 could not be done" in failed.stderr
    assert System.objects.count() == 2
    assert not AuditEntry.objects.filter(act="pre-register system").exists()
