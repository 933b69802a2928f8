"""The commands that a system has, checked dry runs, and how carefully commands are asked."""

from typing import Any
from urllib.parse import quote

import pytest
from tests.command_document import COMMANDS
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.api.test_command_line import Shell
from tests.integration.configuration_templates.conftest import store_document

from roomkeeper.accounts.models import User
from roomkeeper.provisioning import holding
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import StoredDocument, System


@pytest.fixture
def told(boardroom: System) -> System:
    """The Boardroom has told its commands."""
    store_document(boardroom, "command", COMMANDS.encode())
    return boardroom


def check(call: Caller, path: str, body: dict[str, Any]) -> Any:
    answer = call("POST", path, {"dry_run": True, **body})
    assert answer.status_code == 200, answer.content
    assert not Action.objects.exists()
    return answer.json()


def test_commands_are_listed_with_what_parameters_may_hold(call: Caller, told: System, vault: System) -> None:
    page = call.get(f"systems/{told.pk}/commands")
    assert len(page["items"]) == 7
    assert page["told_by"] == "system"
    found = call.get(f"systems/{told.pk}/commands?search=macro+save")["items"]
    assert [one["path"] for one in found] == ["Macros/Macro/Save"]
    assert found[0]["multiline"] is True
    name, overwrite = found[0]["parameters"]
    assert (name["name"], name["required"], name["min_length"], name["max_length"]) == ("Name", True, 1, 20)
    assert (overwrite["type"], overwrite["values"], overwrite["default"]) == (
        "Literal",
        ["False", "True"],
        "True",
    )
    level = call.get(f"systems/{told.pk}/commands?search=volume")["items"][0]["parameters"][0]
    assert (level["minimum"], level["maximum"], level["multiple"]) == (0, 100, 1)
    assert call.get(f"systems/{vault.pk}/commands")["told_by"] == "model"


@pytest.mark.parametrize("sort", ["path", "-path"])
def test_pages_hold_every_command_once(call: Caller, told: System, sort: str) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        page = call.get(f"systems/{told.pk}/commands?sort={sort}&limit=3&cursor={quote(cursor)}")
        found += [one["path"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert len(found) == 7
    assert found == sorted(found, reverse=sort != "path")
    for query in ("sort=colour", "cursor=nonsense", f"sort=-path&cursor={quote(page['next'] or 'x')}"):
        assert call("GET", f"systems/{told.pk}/commands?{query}").status_code == 422


def test_a_system_that_told_nothing_has_an_empty_list(call: Caller, boardroom: System) -> None:
    page = call.get(f"systems/{boardroom.pk}/commands")
    assert (page["items"], page["told_by"]) == ([], None)
    body = {"command": "Standby/Activate"}
    warnings = check(call, f"systems/{boardroom.pk}/commands", body)["warnings"]
    assert warnings == ["it has not reported its commands, so nothing is checked"]


def test_a_document_that_cannot_be_read_counts_as_none(call: Caller, told: System) -> None:
    StoredDocument.objects.update(content=b"no zlib")
    assert call.get(f"systems/{told.pk}/commands")["items"] == []


def test_a_dry_run_tells_what_the_device_would_refuse(call: Caller, told: System) -> None:
    address = f"systems/{told.pk}/commands"
    found = check(call, address, {"command": "Audio Volume Set", "arguments": {"Level": 400, "Colour": "x"}})
    assert found["warnings"] == [
        "Level: It must be a number from 0 to 100.",
        "Colour: this device's command has no such parameter",
    ]
    assert (found["pushed"], found["can_be_undone"], found["held"]) == (False, True, "")
    assert found["next_contact_due_at"] is not None
    assert check(call, address, {"command": "audio/volume/set", "arguments": {"Level": 4}})["warnings"] == []
    reset = check(call, address, {"command": "SystemUnit FactoryReset Confirm: Yes"})
    assert reset["can_be_undone"] is False
    System.objects.update(username="admin", in_call=True)
    careful = check(call, address, {"command": "Standby Activate", "during_calls": False})
    assert (careful["pushed"], careful["held"]) == (True, holding.IN_CALL)
    add_user = {"command": "UserManagement/User/Add", "arguments": {"Username": "av", "Passphrase": "x"}}
    assert check(call, address, add_user)["arguments"] == {"Username": "av", "Passphrase": "***"}
    set_password = {"command": "UserManagement/User/Passphrase/Set", "arguments": {"NewPassphrase": "x"}}
    assert call("POST", address, {**set_password, "dry_run": True}).status_code == 422


def test_care_is_kept_and_is_none_unless_asked_for(call: Caller, told: System) -> None:
    address = f"systems/{told.pk}/commands"
    call("POST", address, {"command": "Dial Number: x"})
    call("POST", address, {"command": "Dial Number: x", "during_calls": False, "only_in_window": True})
    call("POST", "actions", {"systems": [told.pk], "command": "Dial", "only_in_window": True, "body": "t"})
    assert list(Action.objects.order_by("pk").values_list("during_calls", "only_in_window", "body")) == [
        (True, False, None),
        (False, True, None),
        (True, True, "t"),
    ]


def test_a_dry_run_for_many_warns_system_by_system(call: Caller, told: System, home_office: System) -> None:
    System.objects.filter(pk=home_office.pk).update(product="Other")
    body = {"systems": [told.pk, home_office.pk, 999], "command": "Audio Volume Set"}
    found = check(call, "actions", body)["items"]
    assert [one["warnings"] for one in found] == [
        ["Level: is required"],
        ["it has not reported its commands, so nothing is checked"],
        [],
    ]
    assert [one["status"] for one in found] == [202, 202, 404]


def test_answers_of_devices_are_told(call: Caller, told: System) -> None:
    action = Action.objects.create(system=told, command="Audio/Volume/Set", answer={"Volume": "4"})
    assert call.get(f"actions/{action.pk}")["answer"] == {"Volume": "4"}


def test_who_sees_the_system_sees_its_commands(
    as_user: CallerOf, viewer: User, stranger: User, told: System
) -> None:
    assert len(as_user(viewer).get(f"systems/{told.pk}/commands")["items"]) == 7
    assert as_user(stranger)("GET", f"systems/{told.pk}/commands").status_code in (403, 404)
    dry = {"command": "Dial", "dry_run": True}
    assert as_user(viewer)("POST", f"systems/{told.pk}/commands", dry).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_commands_from_the_shell(
    live_server: object, administrator: User, told: System, lobby: System
) -> None:
    shell = Shell(live_server.url, administrator)  # type: ignore[attr-defined]
    listed = shell("systems", "commands", "Boardroom").stdout
    assert "Audio Volume Set Level: 0..100" in listed
    assert len(shell.json("systems", "commands", "Boardroom", "message", "alert")["items"]) == 1  # type: ignore[arg-type]
    System.objects.filter(pk=lobby.pk).update(product="Other")
    assert "not reported its commands" in shell("systems", "commands", "Lobby").stdout
    dry = shell("run", "--dry-run", "Boardroom", "xcommand Audio Volume Set Level: 400")
    assert "It must be a number" in dry.stdout
    assert not Action.objects.exists()
    shell("run", "--only-in-window", "--not-during-calls", "Boardroom", "xcommand", "Standby", "Activate")
    action = Action.objects.get()
    assert (action.during_calls, action.only_in_window) == (False, True)
