"""Acts on systems, and the reports about them."""

import zlib
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.cast import add_system
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning.models import Action
from roomkeeper.systems import admission, documents, timeline
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.models import (
    Claim,
    ConfigurationVersion,
    ConnectivityChange,
    Exchange,
    Folder,
    State,
    StoredDocument,
    System,
    SystemSecret,
)

STATUS = b"""<Status product="Cisco Codec" version="ce9.6.1.4516ae5aaa1" apiVersion="4">
<SystemUnit><Uptime>4711</Uptime></SystemUnit></Status>"""


@pytest.fixture
def waiting(root_folder: Folder) -> System:
    """A system in the inbox."""
    return add_system("Unknown", root_folder, 50, state=State.PENDING)


def prove(system: System) -> None:
    """Let the system have a proven secret."""
    now = timezone.now()
    secrets.issue_pending(system, now=now, source="10.0.0.1")
    SystemSecret.objects.filter(system=system).update(stage=SystemSecret.Stage.CURRENT, proven_at=now)


def test_approving_makes_a_managed_system_in_a_folder(call: Caller, waiting: System, oslo: Folder) -> None:
    answer = call("POST", f"systems/{waiting.pk}/approve", {"folder": oslo.pk, "name": "Court 4"})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["state"], told["folder"], told["name"]) == ("managed", oslo.pk, "Court 4")
    assert SystemSecret.objects.get(system=waiting).stage == "pending"
    secret = secrets.text_of(SystemSecret.objects.get(system=waiting))
    assert secret not in answer.content.decode()
    assert AuditEntry.objects.get(act="approve system").object_id == waiting.pk


def test_approving_needs_no_body(call: Caller, waiting: System) -> None:
    assert call("POST", f"systems/{waiting.pk}/approve", {"source": "here"}).status_code == 422
    assert call("POST", f"systems/{waiting.pk}/approve").json()["state"] == "managed"


def test_approving_many_answers_per_system(call: Caller, waiting: System, boardroom: System) -> None:
    prove(boardroom)
    answer = call("POST", "systems/approve", {"systems": [waiting.pk, boardroom.pk, 999_999]})
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["items"]] == [200, 409, 404]


def test_an_operator_sees_the_inbox_and_admits_nobody(
    operator: User, waiting: System, as_user: CallerOf
) -> None:
    call = as_user(operator)
    assert call("GET", f"systems/{waiting.pk}").status_code == 200
    assert call("POST", f"systems/{waiting.pk}/approve").status_code == 403


@pytest.mark.parametrize(
    ("act", "state"), [("ignore", "ignored"), ("block", "blocked"), ("readmit", "managed")]
)
def test_deciding_changes_the_state(act: str, state: str, call: Caller, waiting: System) -> None:
    assert call("POST", f"systems/{waiting.pk}/{act}").json()["state"] == state


def test_a_blocked_system_is_readmitted_not_approved(call: Caller, boardroom: System) -> None:
    call("POST", f"systems/{boardroom.pk}/block")
    refused = call("POST", f"systems/{boardroom.pk}/approve")
    assert refused.status_code == 409
    assert "blocked" in refused.json()["detail"]
    assert call("POST", f"systems/{boardroom.pk}/readmit").json()["state"] == "managed"


def test_accepting_an_identity_stores_it(call: Caller, boardroom: System, vault: System) -> None:
    body = {"serial_number": "FTT99999999", "mac_address": "00:99:99:99:99:99"}
    told = call("POST", f"systems/{boardroom.pk}/accept-identity", body).json()
    assert (told["serial_number"], told["mac_address"]) == ("FTT99999999", "009999999999")
    again = call("POST", f"systems/{vault.pk}/accept-identity", body)
    assert again.status_code == 409
    assert call("POST", f"systems/{vault.pk}/accept-identity", {}).status_code == 409


def test_enforcing_rides_on_the_next_answer(call: Caller, boardroom: System, waiting: System) -> None:
    answer = call("POST", f"systems/{boardroom.pk}/enforce")
    assert answer.status_code == 202
    assert answer["Location"] == answer.json()["operation"] == f"/api/v1/systems/{boardroom.pk}/configuration"
    boardroom.refresh_from_db()
    assert boardroom.management_is_due
    assert call("POST", f"systems/{waiting.pk}/enforce").status_code == 409


def test_rotating_needs_a_proven_secret(call: Caller, boardroom: System) -> None:
    assert call("POST", f"systems/{boardroom.pk}/rotate-secret").status_code == 409
    prove(boardroom)
    answer = call("POST", f"systems/{boardroom.pk}/rotate-secret")
    assert answer.status_code == 202
    assert SystemSecret.objects.filter(system=boardroom, stage="next").exists()


@pytest.mark.parametrize(
    ("listed", "arguments"),
    [
        ("", []),
        ('<Action item="1"/>', [["Action", "Restart"]]),
    ],
)
def test_tc_is_restarted_by_its_own_command(
    call: Caller, boardroom: System, listed: str, arguments: list[list[str]]
) -> None:
    System.objects.update(software_version="TC7.3.2.0a1b2c3")
    document = f'<Command item="1"><Boot item="1" command="True">{listed}</Boot></Command>'.encode()
    StoredDocument.objects.create(
        system=boardroom,
        kind="command",
        received_at=timezone.now(),
        content=zlib.compress(document),
        size=len(document),
    )
    assert call("POST", f"systems/{boardroom.pk}/restart").status_code == 202
    action = Action.objects.get()
    assert (action.command, action.arguments) == ("Boot", arguments)


def test_restarting_is_an_action_that_can_be_followed_and_cancelled(call: Caller, boardroom: System) -> None:
    answer = call("POST", f"systems/{boardroom.pk}/restart")
    assert answer.status_code == 202
    told = call.get(answer["Location"])
    assert (told["command"], told["arguments"], told["state"]) == (
        "SystemUnit/Boot",
        {"Action": "Restart"},
        "waiting",
    )
    assert call("POST", f"actions/{told['id']}/cancel").json()["state"] == "cancelled"
    assert call("POST", f"actions/{told['id']}/cancel").status_code == 409


@pytest.mark.parametrize("command", ["xCommand Dial", "Dial", "/Dial"])
def test_a_command_is_asked_in_any_spelling(command: str, call: Caller, boardroom: System) -> None:
    body = {"command": command, "arguments": {"Number": "a@b.example", "CallRate": 3072, "Tag": ["x", "y"]}}
    answer = call("POST", f"systems/{boardroom.pk}/commands", body)
    assert answer.status_code == 202, answer.content
    action = Action.objects.get()
    assert action.command == "Dial"
    assert action.arguments == [["Number", "a@b.example"], ["CallRate", "3072"], ["Tag", ["x", "y"]]]


def test_a_command_in_one_text_has_its_arguments_with_it(call: Caller, boardroom: System) -> None:
    text = r'xCommand Message Display Text: "Say \"Level: 5\" now" Duration: 5 Tag: x Tag: y'
    answer = call("POST", f"systems/{boardroom.pk}/commands", {"command": text})
    assert answer.status_code == 202, answer.content
    action = Action.objects.get()
    assert action.command == "Message/Display"
    assert action.arguments == [["Text", 'Say "Level: 5" now'], ["Duration", "5"], ["Tag", ["x", "y"]]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": ""},
        {"command": 'Message Display Text: "not closed'},
        {"command": 'Message "Display"'},
        {"command": "a b; rm"},
        {"command": "Dial", "arguments": {"a b": "c"}},
        {"command": "SystemUnit/AdminPassword/Set", "arguments": {"Password": "x"}},
        {"command": "Dial", "arguments": {"A": {}}},
    ],
)
def test_what_is_no_command_is_refused(body: object, call: Caller, boardroom: System) -> None:
    assert call("POST", f"systems/{boardroom.pk}/commands", body).status_code == 422
    assert not Action.objects.exists()


def test_a_command_for_many_answers_per_system(
    call: Caller, boardroom: System, vault: System, waiting: System, oslo: Folder
) -> None:
    by_id = call(
        "POST", "actions", {"systems": [boardroom.pk, waiting.pk, 999_999], "command": "Standby/Activate"}
    )
    assert by_id.status_code == 202
    assert [item["status"] for item in by_id.json()["items"]] == [202, 409, 404]
    by_filter = call("POST", "actions", {"filter": {"folder": oslo.pk}, "command": "Standby/Activate"})
    assert [item["system"] for item in by_filter.json()["items"]] == [boardroom.pk, vault.pk]
    assert len(call.get("actions?state=waiting&command=standby/activate")["items"]) == 3
    assert call("POST", "actions", {"command": "Standby/Activate"}).status_code == 422
    assert call("POST", "actions", {"command": "Dial", "filter": {"colour": "red"}}).status_code == 422


def test_configuration_tells_wanted_reported_and_drift(call: Caller, boardroom: System) -> None:
    now = timezone.now()
    content = documents.pack_configuration({"SystemUnit/Name": "Other", "Audio/Volume": "50"}, {})
    ConfigurationVersion.objects.create(
        system=boardroom, digest="x", content=content, size=1, first_at=now, last_at=now
    )
    told = call.get(f"systems/{boardroom.pk}/configuration")
    name = next(one for one in told["wanted"] if one["path"] == "SystemUnit/Name")
    assert (name["value"], name["layer"]) == ("Boardroom", "system")
    assert told["reported"]["Audio/Volume"] == "50"
    assert {"path": "SystemUnit/Name", "wanted": "Boardroom", "found": "Other"} in told["drift"]


def test_status_is_told_as_values_and_as_the_document(call: Caller, boardroom: System, vault: System) -> None:
    StoredDocument.objects.create(
        system=boardroom,
        kind="status",
        received_at=timezone.now(),
        size=len(STATUS),
        content=zlib.compress(STATUS),
        facts={"uptime": 4711},
    )
    told = call.get(f"systems/{boardroom.pk}/status")
    assert told["values"]["SystemUnit/Uptime"] == "4711"
    assert told["facts"] == {"uptime": 4711}
    answer = call("GET", f"systems/{boardroom.pk}/status", headers={"Accept": "text/xml"})
    assert answer["Content-Type"].startswith("text/xml")
    assert answer.content == STATUS
    assert call.get(f"systems/{vault.pk}/status") == {
        "received_at": None,
        "read_at": None,
        "told_at": None,
        "facts": {},
        "values": {},
    }
    assert call("GET", f"systems/{vault.pk}/status", headers={"Accept": "text/xml"}).status_code == 404


def test_the_timeline_is_newest_first_with_its_exchanges(call: Caller, boardroom: System) -> None:
    now = timezone.now()
    timeline.add(boardroom, "heartbeat", "Beat", now=now - timedelta(minutes=5))
    entry = timeline.add(boardroom, "boot", "Booted", now=now, source_address="10.0.0.1")
    Exchange.objects.create(
        entry=entry,
        system=boardroom,
        path="/tms/x.asmx/[secret]",
        scheme="http",
        request=timeline.pack(b"<Boot/>"),
        answer=timeline.pack(b"<OK/>"),
    )
    items = call.get(f"systems/{boardroom.pk}/timeline")["items"]
    assert [item["kind"] for item in items] == ["boot", "heartbeat"]
    assert [item["has_exchange"] for item in items] == [True, False]
    assert (
        call.get(f"systems/{boardroom.pk}/timeline?kind=heartbeat&search=beat")["items"][0]["summary"]
        == "Beat"
    )
    whole = call.get(f"systems/{boardroom.pk}/timeline/{entry.pk}")
    assert (whole["request"], whole["answer"], whole["status"]) == ("<Boot/>", "<OK/>", 200)


def test_a_change_of_connectivity_is_listed_and_undone(call: Caller, boardroom: System) -> None:
    call("PATCH", f"systems/{boardroom.pk}", {"connectivity": "behind_firewall"})
    change = call.get(f"systems/{boardroom.pk}/connectivity-changes")["items"][0]
    assert (change["old"], change["new"], change["user"]) == (
        "reachable_on_lan",
        "behind_firewall",
        "administrator",
    )
    undone = call("POST", f"systems/{boardroom.pk}/connectivity-changes/{change['id']}/undo")
    assert undone.status_code == 200
    assert undone.json()["undone_at"]
    assert call.get(f"systems/{boardroom.pk}")["connectivity"] == "reachable_on_lan"
    assert call("POST", f"systems/{boardroom.pk}/connectivity-changes/{change['id']}/undo").status_code == 409
    assert ConnectivityChange.objects.count() == 2


def test_claims_are_listed(call: Caller, boardroom: System) -> None:
    Claim.objects.create(
        system=boardroom, service="events", reason="wrong secret", source_address="10.9.9.9", count=3
    )
    items = call.get(f"systems/{boardroom.pk}/claims")["items"]
    assert (items[0]["reason"], items[0]["count"]) == ("wrong secret", 3)


def test_no_secret_is_told_anywhere(call: Caller, boardroom: System) -> None:
    prove(boardroom)
    admission.readmit(boardroom, user=None, now=timezone.now())
    known = {secrets.text_of(secret) for secret in SystemSecret.objects.filter(system=boardroom)}
    for path in ("", "/configuration", "/status", "/timeline", "/claims", "/connectivity-changes"):
        text = call("GET", f"systems/{boardroom.pk}{path}").content.decode()
        assert not any(secret in text for secret in known)


def test_a_command_may_be_written_as_devices_take_it(call: Caller, boardroom: System) -> None:
    answer = call(
        "POST",
        f"systems/{boardroom.pk}/commands",
        {"command": 'xCommand Dial Number: "a: b@x.example" Option: one Option: two words', "arguments": {}},
    )
    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert told["command"] == "Dial"
    assert told["arguments"] == {"Number": "a: b@x.example", "Option": ["one", "two words"]}


@pytest.mark.parametrize(
    "body",
    [
        {"command": "xCommand Dial Number:"},
        {"command": "Number: 5"},
        {"command": '"Dial" Number: 5'},
        {"command": "A" * 256},
        {"command": "Dial Number: 5", "arguments": {"Number": "6"}},
    ],
)
def test_a_text_that_is_no_command_is_refused(
    body: dict[str, object], call: Caller, boardroom: System
) -> None:
    answer = call("POST", f"systems/{boardroom.pk}/commands", body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_approving_many_may_tag_them(call: Caller, waiting: System) -> None:
    answer = call("POST", "systems/approve", {"systems": [waiting.pk], "tags": ["court"]})
    assert answer.json()["items"][0]["status"] == 200, answer.content
    assert call.get(f"systems/{waiting.pk}")["tags"] == ["court"]


@pytest.mark.parametrize(
    ("body", "during_calls", "only_in_window"),
    [
        (None, False, False),
        ({}, False, False),
        ({"during_calls": True}, True, False),
        ({"only_in_window": True}, False, True),
    ],
)
def test_a_restart_waits_for_the_end_of_the_call_unless_asked_otherwise(
    call: Caller,
    boardroom: System,
    body: dict[str, bool] | None,
    during_calls: bool,
    only_in_window: bool,
) -> None:
    for path, more in (
        (f"systems/{boardroom.pk}/restart", {}),
        ("systems/restart", {"systems": [boardroom.pk]}),
    ):
        answer = call("POST", path, body if body is None and not more else {**(body or {}), **more})
        assert answer.status_code == 202, answer.content
        action = Action.objects.latest("id")
        assert (action.during_calls, action.only_in_window) == (during_calls, only_in_window)
        assert (answer.json().get("items") or [{"status": 202, "problem": None}])[0]["problem"] is None


def test_a_restart_takes_no_word_that_it_does_not_know(call: Caller, boardroom: System) -> None:
    assert call("POST", f"systems/{boardroom.pk}/restart", {"during_call": True}).status_code == 422


def test_many_are_restarted_and_who_cannot_be_is_told(call: Caller, boardroom: System, lobby: System) -> None:
    System.objects.filter(pk=lobby.pk).update(state=State.PENDING)
    items = call("POST", "systems/restart", {"systems": [boardroom.pk, lobby.pk]}).json()["items"]
    assert [item["status"] for item in items] == [202, 409]
