"""`POST systems`: one system or a list of them announced, before they are met."""

import pytest
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import User
from roomkeeper.systems.models import Folder, System


def test_pre_registration_takes_any_spelling_of_a_mac_address(call: Caller, oslo: Folder) -> None:
    answer = call(
        "POST",
        "systems",
        {
            "mac_address": "00-aa-bb-cc-dd-ee",
            "name": "Court 3",
            "folder": oslo.pk,
            "tags": ["court"],
            "network": "10.0.0.0/8",
        },
    )
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert answer["Location"] == f"/api/v1/systems/{told['id']}"
    assert (told["mac_address"], told["state"], told["alive"]) == (
        "00AABBCCDDEE",
        "pre_registered",
        "unknown",
    )
    again = call("POST", "systems", {"mac_address": "00AABBCCDDEE"})
    assert again.status_code == 409
    assert "already has that identity" in again.json()["detail"]


def test_system_without_host_and_identity_is_refused_with_what_to_do(call: Caller) -> None:
    answer = call("POST", "systems", {"name": "Boardroom"})
    assert answer.status_code == 422
    problem = answer.json()
    assert "added by its host, or pre-registered by its MAC address, its serial number" in problem["detail"]
    assert [error["field"] for error in problem["errors"]] == [
        "body.host",
        "body.mac_address",
        "body.serial_number",
    ]
    assert problem["hint"]


def test_bulk_pre_registration_answers_per_item(call: Caller, boardroom: System) -> None:
    answer = call(
        "POST",
        "systems/bulk",
        {
            "systems": [
                {"serial_number": "FTT77777777", "name": "One"},
                {"serial_number": boardroom.serial_number},
                {"mac_address": "not a mac"},
                {"mac_address": "00:11:22:33:44:55"},
                {"serial_number": "FTT1", "name": "x" * 60, "colour": "red"},
            ]
        },
    )
    assert answer.status_code == 200, answer.content
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [201, 409, 422, 201, 422]
    assert items[0]["problem"] is None
    assert items[1]["system"] is None
    assert items[1]["problem"]["detail"]
    assert {error["field"] for error in items[4]["problem"]["errors"]} == {"body.name", "body.colour"}


def test_bulk_pre_registration_takes_the_list_alone(call: Caller) -> None:
    items = call("POST", "systems/bulk", [{"serial_number": "FTT77777777"}, {}]).json()["items"]
    assert [item["status"] for item in items] == [201, 422]
    assert call("POST", "systems/bulk", []).json()["errors"][0]["field"].startswith("body")


@pytest.mark.parametrize("text", ["a\u0000b", "bell\u0007", "\ud800"])
def test_a_control_character_is_told_with_its_field(text: str, call: Caller, boardroom: System) -> None:
    answer = call("PATCH", f"systems/{boardroom.pk}", {"name": "x", "tags": ["fine", text]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.tags.1"
    answer = call("POST", "systems", {"serial_number": "FTT1", "name": text})
    assert answer.json()["errors"][0]["field"] == "body.name"


def test_site_administrator_pre_registers_in_her_folder_alone(
    site_administrator: User,
    oslo: Folder,
    bergen: Folder,
    as_user: CallerOf,
) -> None:
    call = as_user(site_administrator)
    assert call("POST", "systems", {"serial_number": "A1", "folder": oslo.pk}).status_code == 201
    assert call("POST", "systems", {"serial_number": "A2", "folder": bergen.pk}).status_code == 404
    assert call("POST", "systems", {"serial_number": "A3"}).status_code == 403
