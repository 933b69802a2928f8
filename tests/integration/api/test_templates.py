"""Templates over the API: made in every way, versioned, planned, applied, assigned, exported; and who may."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.configuration_templates.conftest import (
    COMMANDS,
    VALUE_SPACES,
    report,
    store_document,
)

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, System

VOLUME = "Audio/DefaultVolume"


@pytest.fixture(autouse=True)
def reported(boardroom: System, vault: System, home_office: System) -> None:
    for system, volume in ((boardroom, "10"), (vault, "40"), (home_office, "20")):
        report(system, {VOLUME: volume, "Standby/Control": "On", "SIP/Authentication/Password": "***"})
    store_document(boardroom, "valuespace", VALUE_SPACES.encode())
    store_document(boardroom, "command", COMMANDS.encode())


def told(answer: HttpResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return json.loads(answer.content)


def make(call: Caller, name: str = "Rooms", **values: Any) -> dict[str, Any]:
    body = {"name": name, "settings": {VOLUME: "40"}, **values}
    found: dict[str, Any] = told(call("POST", "templates", body), 201)
    return found


def test_a_template_is_made_shown_listed_changed_and_deleted(call: Caller, oslo: Folder) -> None:
    settings = {
        "audio defaultvolume": "40",
        "SIP/Authentication/Password": "swordfish",
        "SystemUnit/Name": "R {room}",
    }
    made = make(call, settings=settings, commands=[{"command": "xCommand Audio Volume Set Level: 4"}])
    shown = call.get(f"templates/{made['id']}")
    assert shown == made
    assert [(one["path"], one["value"]) for one in shown["settings"]] == [
        ("audio/defaultvolume", "40"),
        ("SIP/Authentication/Password", "***"),
        ("SystemUnit/Name", "R {room}"),
    ]
    assert shown["commands"][0]["arguments"] == {"Level": "4"}
    assert shown["variables"] == ["room"]
    assert (shown["version"], shown["setting_count"], shown["folder_path"]) == (1, 3, "All systems")
    assert [one["name"] for one in call.get("templates?search=room&sort=-name")["items"]] == ["Rooms"]
    changed = told(
        call("PATCH", f"templates/{made['id']}", {"name": "Halls", "folder": oslo.pk, "first_contact": True})
    )
    assert (changed["name"], changed["folder_path"], changed["first_contact"]) == ("Halls", "Oslo", True)
    assert call("DELETE", f"templates/{made['id']}").status_code == 204
    assert call("GET", f"templates/{made['id']}").status_code == 404
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert acts == ["create template", "change template", "delete template"]


def test_text_files_and_a_system_s_settings_become_templates(call: Caller, boardroom: System) -> None:
    text = "xConfiguration Audio DefaultVolume: 30\nxCommand Audio Volume Set Level: 4\n"
    made = make(call, "Text", settings={}, text=text)
    assert (made["setting_count"], made["command_count"]) == (1, 1)
    made = make(call, "TOML", settings={}, text="[Audio]\nDefaultVolume = 30\n")
    assert made["settings"][0] == {"path": VOLUME, "value": "30", "is_secret": False, "is_typed": True}
    made = make(
        call, "System", from_system={"system": boardroom.pk, "paths": [VOLUME]}, settings={VOLUME: "31"}
    )
    assert [one["value"] for one in made["settings"]] == ["31"]
    made = make(call, "All of it", from_system={"system": boardroom.pk}, settings={})
    assert made["setting_count"] == 103
    secret = next(one for one in made["settings"] if one["is_secret"])
    assert secret["is_typed"] is False


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"settings": {"a//b": "x"}}, "body.a//b"),
        ({"settings": {"A/B": "{nothing}"}}, "body.A/B"),
        ({"text": "nonsense"}, "body.text.1"),
        ({"commands": [{"command": "x;y"}]}, "body"),
        ({"commands": [{"command": "A", "arguments": {"Password": "x"}}]}, "body.A"),
        ({"families": ["toasters"]}, "body.families"),
        ({"name": "  "}, "body.name"),
        ({"enforcement": "never"}, "body.enforcement"),
    ],
)
def test_what_no_template_can_be_is_told_by_field(call: Caller, values: dict[str, Any], field: str) -> None:
    answer = call("POST", "templates", {"name": "Rooms", "settings": {VOLUME: "40"}, **values})
    assert field in [one["field"] for one in told(answer, 422)["errors"]]
    assert not ConfigurationTemplate.objects.exists()


def test_versions_keep_secrets_differ_and_stay(call: Caller) -> None:
    made = make(call, settings={VOLUME: "40", "SIP/Authentication/Password": "swordfish"})
    address = f"templates/{made['id']}"
    body = {
        "settings": [{"path": VOLUME, "value": "50"}, {"path": "SIP/Authentication/Password"}],
        "note": "Louder",
    }
    told_version = told(call("POST", f"{address}/versions", body), 201)
    assert told_version["version"]["number"] == 2
    assert told_version["version"]["settings"][1]["is_typed"]
    assert told_version["change_set"] is None
    found = call.get(f"{address}/differences?old=1")
    assert [(one["word"], one["name"], one["old"], one["new"]) for one in found] == [
        ("changed", VOLUME, "40", "50")
    ]
    assert [one["number"] for one in call.get(f"{address}/versions")["items"]] == [2, 1]
    assert call.get(f"{address}/versions/1")["settings"][0]["value"] == "40"
    assert call("GET", f"{address}/versions/9").status_code == 404


def test_an_export_is_imported_without_secrets(call: Caller) -> None:
    made = make(
        call, settings={VOLUME: "40", "SIP/Authentication/Password": "swordfish"}, families=["roomos"]
    )
    exported = call.get(f"templates/{made['id']}/export")
    assert "swordfish" not in json.dumps(exported)
    again = told(call("POST", "templates/import", {"template": exported, "name": "Again"}), 201)
    assert [one["is_typed"] for one in again["settings"]] == [True, False]
    assert again["families"] == ["roomos"]
    assert call("POST", "templates/import", {"template": exported}).status_code == 422
    assert call("POST", "templates/import", {"template": {"format": "x"}}).status_code == 422


def test_text_is_read_and_held_against_known_models(call: Caller) -> None:
    text = "xConfiguration Audio DefaultVolume: 400\nxConfiguration Nothing There: 1\nnonsense"
    found = told(call("POST", "templates/read", {"text": text}))
    assert [one["line"] for one in found["problems"]] == [3]
    assert {(one["name"], one["sentence"]) for one in found["remarks"]} == {
        (VOLUME, "It must be a number from 0 to 100."),
        ("Nothing/There", "not on this device"),
    }
    assert found["remarks"][0]["systems"] == 3
    (setting,) = call.get("templates/suggestions?search=audio%20default")
    assert (setting["path"], setting["minimum"], setting["maximum"]) == (VOLUME, 0, 100)
    (command,) = call.get("templates/suggestions?search=volume%20set")
    assert (command["kind"], command["parameters"]) == ("command", ["Level"])


def test_the_plan_tells_counts_and_reasons(call: Caller, boardroom: System) -> None:
    made = make(call, settings={VOLUME: "40", "Nothing/There": "x"}, commands=[{"command": "Nothing/Here"}])
    found = told(call("POST", f"templates/{made['id']}/plan", {"filter": {}}))
    assert found["counts"] == {"change": 2, "already": 0, "cannot": 1}
    assert found["causes"] == {"absent": 6}
    (model,) = found["models"]
    assert [(one["path"], one["cause"], one["systems"]) for one in model["cannot"]] == [
        ("Nothing/There", "absent", 3),
        ("Nothing/Here", "absent", 3),
    ]
    model_body = {"product": boardroom.product, "software_version": boardroom.software_version}
    found = told(call("POST", f"templates/{made['id']}/plan", {"model": model_body, "items": False}))
    assert len(found["systems"]) == 1
    assert call("POST", f"templates/{made['id']}/plan", {}).status_code == 422
    unknown = {"model": {"product": "x", "software_version": "y"}}
    assert call("POST", f"templates/{made['id']}/plan", unknown).status_code == 422


def test_applying_once_makes_a_change_set_and_actions(call: Caller, boardroom: System, vault: System) -> None:
    made = make(call, commands=[{"command": "Audio/Volume/Set", "arguments": {"Level": 4}}])
    body = {"systems": [boardroom.pk, vault.pk]}
    dry = told(call("POST", f"templates/{made['id']}/apply", {**body, "dry_run": True}))
    assert dry["counts"]["change"] == 2
    assert not ChangeItem.objects.exists()
    answer = call("POST", f"templates/{made['id']}/apply", {**body, "only_in_window": True})
    done = told(answer, 202)
    assert answer["Location"] == f"/api/v1/change-sets/{done['change_set']}"
    assert [item.system for item in ChangeItem.objects.all()] == [boardroom]
    assert Action.objects.count() == len(done["actions"]) == 2
    assert call.get(f"change-sets/{done['change_set']}")["only_in_window"] is True
    (use,) = call.get(f"templates/{made['id']}/uses")["items"]
    assert (use["version"], use["change_set"], use["systems"]) == (1, done["change_set"], 2)
    only = told(call("POST", f"templates/{made['id']}/apply", {**body, "commands": False}), 202)
    assert only["actions"] == []


def test_assigning_brings_into_force_and_wanted_values_tell_why(
    call: Caller, oslo: Folder, boardroom: System
) -> None:
    made = make(call)
    address = f"templates/{made['id']}/assignments"
    done = told(call("POST", address, {"folder": oslo.pk}), 201)
    assert done["assignment"]["to"] == "folder Oslo"
    assert [item.system for item in ChangeItem.objects.filter(change__change_set=done["change_set"])] == [
        boardroom
    ]
    wanted = call.get(f"systems/{boardroom.pk}/configuration")["wanted"]
    assert ("template", "template Rooms v1, by folder Oslo") in [(one["layer"], one["why"]) for one in wanted]
    version = told(call("POST", f"templates/{made['id']}/versions", {"settings": {VOLUME: "60"}}), 201)
    assert ChangeItem.objects.filter(change__change_set=version["change_set"]).count() == 2
    assert call("POST", address, {"folder": oslo.pk}).status_code == 422
    assert call("POST", address, {"folder": oslo.pk, "tag": "x"}).status_code == 422
    assert call("DELETE", f"{address}/{done['assignment']['id']}").status_code == 204
    assert call.get(address)["items"] == []
    assert call("DELETE", f"{address}/{done['assignment']['id']}").status_code == 404


def test_who_works_in_one_folder_sees_and_changes_its_templates_alone(
    as_user: CallerOf,
    call: Caller,
    site_administrator: User,
    viewer: User,
    oslo: Folder,
    bergen: Folder,
    boardroom: System,
    home_office: System,
) -> None:
    root = make(call, "Root")
    elsewhere = make(call, "Bergen", folder=bergen.pk)
    mine = make(call, "Oslo", folder=oslo.pk)
    here = as_user(site_administrator)
    assert [one["name"] for one in here.get("templates")["items"]] == ["Oslo"]
    for other in (root, elsewhere):
        assert here("GET", f"templates/{other['id']}").status_code == 404
        assert here("POST", f"templates/{other['id']}/apply", {"systems": [boardroom.pk]}).status_code == 404
    assert here("POST", "templates", {"name": "x", "settings": {VOLUME: "1"}}).status_code == 403
    assert here("PATCH", f"templates/{mine['id']}", {"folder": bergen.pk}).status_code == 404
    assert here("POST", f"templates/{mine['id']}/assignments", {"folder": bergen.pk}).status_code == 404
    assert here("POST", f"templates/{mine['id']}/apply", {"systems": [home_office.pk]}).status_code == 422
    assert here("POST", f"templates/{mine['id']}/apply", {"systems": [boardroom.pk]}).status_code == 202
    looking = as_user(viewer)
    assert looking.get(f"templates/{mine['id']}")["name"] == "Oslo"
    for method, path, body in (
        ("POST", "/versions", {"settings": {VOLUME: "1"}}),
        ("POST", "/apply", {"systems": [boardroom.pk]}),
        ("DELETE", "", None),
    ):
        assert looking(method, f"templates/{mine['id']}{path}", body).status_code == 403
    inventory.set_tags(home_office, ["executive"])
    assert here("POST", f"templates/{mine['id']}/assignments", {"tag": "executive"}).status_code == 201
    assert call.get(f"systems/{home_office.pk}/configuration")["drift"] == []
