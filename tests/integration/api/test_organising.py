"""Folders, tags, tickets, network settings."""

import pytest
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, NetworkSettings, System, Tag
from roomkeeper.tickets.models import Ticket


def test_folders_are_made_renamed_moved_and_deleted(call: Caller, oslo: Folder, bergen: Folder) -> None:
    answer = call("POST", "folders", {"name": "HQ", "parent": oslo.pk})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert answer["Location"] == f"/api/v1/folders/{made['id']}"
    assert made["path"] == "Oslo / HQ"
    assert call("PATCH", f"folders/{made['id']}", {"name": "Annex", "parent": bergen.pk}).json()["path"] == (
        "Bergen / Annex"
    )
    assert call("DELETE", f"folders/{bergen.pk}").status_code == 409
    assert call("DELETE", f"folders/{made['id']}").status_code == 204
    assert [one["path"] for one in call.get("folders?sort=path")["items"]] == [
        "All systems",
        "Oslo",
        "Bergen",
    ]


def test_folder_refusals_are_sentences(
    call: Caller, oslo: Folder, bergen: Folder, root_folder: Folder
) -> None:
    assert call("POST", "folders", {"name": "Oslo"}).json()["detail"].startswith("All systems already has")
    assert call("PATCH", f"folders/{oslo.pk}", {"parent": oslo.pk}).status_code == 409
    assert call("PATCH", f"folders/{root_folder.pk}", {"parent": oslo.pk}).status_code == 409
    assert call("DELETE", f"folders/{root_folder.pk}").status_code == 409
    assert call("PATCH", f"folders/{oslo.pk}", {"parent": None}).status_code == 422


def test_the_site_administrator_keeps_to_her_folder(
    site_administrator: User,
    oslo: Folder,
    bergen: Folder,
    root_folder: Folder,
    as_user: CallerOf,
) -> None:
    call = as_user(site_administrator)
    assert [one["name"] for one in call.get("folders")["items"]] == ["Oslo"]
    made = call("POST", "folders", {"name": "HQ", "parent": oslo.pk}).json()
    assert call("POST", "folders", {"name": "HQ"}).status_code == 403
    assert call("POST", "folders", {"name": "HQ", "parent": bergen.pk}).status_code == 404
    assert call("PATCH", f"folders/{oslo.pk}", {"parent": made["id"]}).status_code == 403
    assert call("DELETE", f"folders/{oslo.pk}").status_code == 403
    assert call("DELETE", f"folders/{made['id']}").status_code == 204


def test_tags_are_listed_renamed_and_taken_off(call: Caller, boardroom: System, vault: System) -> None:
    inventory.set_tags(boardroom, ["court", "executive"])
    inventory.set_tags(vault, ["court"])
    items = call.get("tags?sort=-system_count")["items"]
    assert [(one["name"], one["system_count"]) for one in items] == [("court", 2), ("executive", 1)]
    court = items[0]["id"]
    assert call("PATCH", f"tags/{court}", {"name": "executive"}).status_code == 409
    assert call("PATCH", f"tags/{court}", {"name": "courts"}).json()["name"] == "courts"
    assert call("DELETE", f"tags/{court}").status_code == 204
    assert call.get(f"systems/{boardroom.pk}")["tags"] == ["executive"]
    assert Tag.objects.count() == 1


def test_tagging_with_nothing_is_refused(call: Caller, boardroom: System) -> None:
    for asked in ({}, {"add": [], "remove": []}, {"add": [" "]}):
        assert call("POST", f"systems/{boardroom.pk}/tag", asked).status_code == 422
        assert call("POST", "systems/tag", {"systems": [boardroom.pk], **asked}).status_code == 422
    assert not AuditEntry.objects.filter(act="tag system").exists()


def test_tags_of_systems_elsewhere_are_not_told(
    site_administrator: User,
    boardroom: System,
    home_office: System,
    as_user: CallerOf,
) -> None:
    inventory.set_tags(home_office, ["private"])
    inventory.set_tags(boardroom, ["court"])
    assert [one["name"] for one in as_user(site_administrator).get("tags")["items"]] == ["court"]


@pytest.fixture
def ticket(boardroom: System) -> Ticket:
    """An open ticket of Boardroom."""
    return Ticket.objects.create(system=boardroom, kind="identity changed", reason="Another serial number")


def test_tickets_are_acknowledged_and_closed(call: Caller, ticket: Ticket) -> None:
    listed = call.get("tickets?kind=identity changed&level=warning&state=open")["items"]
    assert [(one["id"], one["system_name"]) for one in listed] == [(ticket.pk, "Boardroom")]
    told = call("POST", f"tickets/{ticket.pk}/acknowledge").json()
    assert (told["state"], told["acknowledged_by"]) == ("acknowledged", "administrator")
    assert call("POST", f"tickets/{ticket.pk}/acknowledge").status_code == 409
    told = call("POST", f"tickets/{ticket.pk}/close", {"reason": "Replaced the codec"}).json()
    assert (told["state"], told["close_reason"]) == ("closed", "Replaced the codec")
    assert call("POST", f"tickets/{ticket.pk}/close").status_code == 409
    assert call.get("tickets")["items"] == []
    assert len(call.get("tickets?state=all")["items"]) == 1
    assert AuditEntry.objects.filter(act="close ticket").exists()


def test_tickets_of_the_server_are_for_roles_on_the_root_folder(
    call: Caller,
    operator: User,
    site_administrator: User,
    ticket: Ticket,
    as_user: CallerOf,
) -> None:
    own = Ticket.objects.create(kind="certificate expires", reason="In 10 days")
    assert {one["system"] for one in call.get("tickets")["items"]} == {ticket.system_id, None}
    of_a_site = as_user(site_administrator)
    assert [one["id"] for one in of_a_site.get("tickets")["items"]] == [ticket.pk]
    assert of_a_site("POST", f"tickets/{own.pk}/close").status_code == 404
    everywhere = as_user(operator)
    assert {one["system"] for one in everywhere.get("tickets")["items"]} == {ticket.system_id, None}
    assert everywhere("POST", f"tickets/{own.pk}/close").status_code == 200


def test_network_settings_are_changed_at_every_depth(call: Caller, boardroom: System) -> None:
    before = call.get("network-settings")
    answer = call(
        "PATCH",
        "network-settings",
        {
            "internal": {"ipv4": "10.1.1.1", "fqdn": "Rooms.Example.Org."},
            "heartbeat": {"idle": 600},
            "admission": {"networks": ["10.0.0.0/8"]},
            "update_connectivity": False,
            "device_http_port": 8080,
        },
    )
    assert answer.status_code == 200, answer.content
    after = answer.json()
    assert after["internal"] == {"ipv4": "10.1.1.1", "ipv6": None, "fqdn": "rooms.example.org"}
    assert after["heartbeat"] == {**before["heartbeat"], "idle": 600}
    assert after["admission"] == {"by_hand": True, "networks": ["10.0.0.0/8"]}
    assert after["public"] == before["public"]
    assert call.get("network-settings") == after
    boardroom.refresh_from_db()
    assert boardroom.management_is_due


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"internal": {"ipv4": "300.1.1.1"}}, "body.internal.ipv4"),
        ({"public": {"fqdn": "not a name"}}, "body.public.fqdn"),
        ({"heartbeat": {"idle": 1}}, "body.heartbeat.idle"),
        ({"admission": {"networks": ["here"]}}, "body.admission.networks"),
        ({"device_https_port": 0}, "body.device_https_port"),
        ({"device_https_port": None}, "body.device_https_port"),
        ({"colour": "red"}, "body.colour"),
        ({"internal": {"colour": "red"}}, "body.internal.colour"),
    ],
)
def test_unusable_network_settings_are_named_and_nothing_changes(
    body: object, field: str, call: Caller
) -> None:
    before = call.get("network-settings")
    answer = call("PATCH", "network-settings", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert call.get("network-settings") == before
    assert NetworkSettings.objects.count() == 1
