"""`change-sets`: planning, asking, following, cancelling, retrying."""

import pytest
from django.utils import timezone
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning.models import ChangeItem, ChangeSet
from roomkeeper.systems import documents
from roomkeeper.systems.models import ConfigurationVersion, Folder, State, System


def report(system: System, **settings: str) -> None:
    """Let the system have reported these settings among many others; `__` stands for `/`."""
    rest = {f"Filler/Part[{number}]/Value": "x" for number in range(documents.WHOLE_CONFIGURATION)}
    now = timezone.now()
    content = documents.pack_configuration(
        {**rest, **{path.replace("__", "/"): value for path, value in settings.items()}}, {}
    )
    ConfigurationVersion.objects.create(
        system=system, digest="x", content=content, size=1, first_at=now, last_at=now
    )


def ask(call: Caller, systems: list[System], **body: object) -> dict[str, object]:
    answer = call(
        "POST",
        "change-sets",
        {"systems": [system.pk for system in systems], "settings": {"Audio/DefaultVolume": "40"}, **body},
    )
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"/api/v1/change-sets/{answer.json()['id']}"
    return dict(answer.json())


def test_a_plan_records_nothing(call: Caller, boardroom: System, vault: System, lobby: System) -> None:
    report(boardroom, Audio__DefaultVolume="50")
    report(vault, Audio__DefaultVolume="40")
    report(lobby, SystemUnit__Name="Lobby")
    answer = call(
        "POST", "change-sets", {"filter": {}, "settings": {"Audio DefaultVolume": "40"}, "dry_run": True}
    )
    assert answer.status_code == 200, answer.content
    plan = answer.json()
    assert plan["counts"] == {"change": 1, "already": 1, "cannot": 1}
    verdicts = {one["system"]: one["items"][0]["verdict"] for one in plan["changes"]}
    assert verdicts == {boardroom.pk: "change", vault.pk: "already", lobby.pk: "cannot"}
    assert not ChangeSet.objects.exists()


def test_a_change_set_is_asked_and_followed(call: Caller, boardroom: System, home_office: System) -> None:
    made = ask(call, [boardroom, home_office], description="Quieter", persistent=True)
    assert made["state"] == "waiting"
    told = call.get(f"change-sets/{made['id']}")
    assert told["counts"]["waiting"] == 2
    assert told["persistent"] is True
    assert [change["system_name"] for change in told["changes"]] == ["Boardroom", "Home Office"]
    assert told["changes"][0]["items"][0] | {"expires_at": None} == {
        "path": "Audio/DefaultVolume",
        "value": "40",
        "previous": None,
        "state": "waiting",
        "rounds": 0,
        "delivered_at": None,
        "ended_at": None,
        "expires_at": None,
        "reason": told["changes"][0]["items"][0]["reason"],
    }
    assert AuditEntry.objects.get(act="change settings").details["paths"] == ["Audio/DefaultVolume"]
    listed = call.get("change-sets?search=quieter&state=waiting&persistent=true")["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert listed[0]["counts"]["waiting"] == 2


def test_a_secret_value_is_not_told(call: Caller, boardroom: System) -> None:
    body = {"systems": [boardroom.pk], "settings": {"SIP/Authentication/Password": "wh1sper"}}
    answer = call("POST", "change-sets", body)
    assert answer.status_code == 202, answer.content
    text = call("GET", f"change-sets/{answer.json()['id']}").content.decode()
    assert "wh1sper" not in text + answer.content.decode() + str(AuditEntry.objects.values())
    assert ChangeItem.objects.get().value == "***"


def test_cancelling_takes_back_what_waits(call: Caller, boardroom: System, vault: System) -> None:
    made = ask(call, [boardroom, vault])
    ChangeItem.objects.filter(system=vault).update(state="delivered")
    answer = call("POST", f"change-sets/{made['id']}/cancel")
    assert answer.json()["cancelled"] == 1
    assert answer.json()["changes"][0]["state"] == "cancelled"


def test_retrying_asks_again_what_failed(call: Caller, boardroom: System) -> None:
    report(boardroom, SystemUnit__Name="Boardroom")
    made = ask(call, [boardroom])
    assert made["state"] == "failed"
    answer = call("POST", f"change-sets/{made['id']}/retry")
    assert answer.status_code == 202
    assert answer.json()["state"] == "waiting"
    assert call("POST", f"change-sets/{made['id']}/retry").status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"settings": {"A/B": "c"}},
        {"systems": [1], "filter": {}, "settings": {"A/B": "c"}},
        {"filter": {"colour": "red"}, "settings": {"A/B": "c"}},
        {"filter": {"limit": 3}, "settings": {"A/B": "c"}},
        {"filter": {"alive": "maybe"}, "settings": {"A/B": "c"}},
        {"filter": {}, "settings": {}},
        {"filter": {}, "settings": {"A/B": 3}},
        {"filter": {}, "settings": {"": "x"}},
        {"filter": {}, "settings": {"SystemUnit/Name": "x" * 51}},
        {"systems": [], "settings": {"A/B": "c"}},
        {"systems": [999_999], "settings": {"A/B": "c"}},
        {"filter": {"name": "nobody"}, "settings": {"A/B": "c"}},
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(
    body: object, call: Caller, boardroom: System
) -> None:
    answer = call("POST", "change-sets", body)
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"]
    assert not ChangeSet.objects.exists()


def test_systems_that_are_not_managed_are_named(call: Caller, boardroom: System, vault: System) -> None:
    System.objects.filter(pk=vault.pk).update(state=State.BLOCKED)
    answer = call("POST", "change-sets", {"systems": [boardroom.pk, vault.pk], "settings": {"A/B": "c"}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body.systems.1", "message": "Vault is blocked, not managed"}
    ]


def test_a_filter_reaches_only_where_one_may_change(
    site_administrator: User,
    boardroom: System,
    home_office: System,
    as_user: CallerOf,
) -> None:
    call = as_user(site_administrator)
    made = call("POST", "change-sets", {"filter": {}, "settings": {"A/B": "c"}}).json()
    assert [one["system"] for one in call.get(f"change-sets/{made['id']}")["changes"]] == [boardroom.pk]
    refused = call("POST", "change-sets", {"systems": [home_office.pk], "settings": {"A/B": "c"}})
    assert refused.status_code == 422


def test_a_set_over_two_folders_is_seen_in_part_and_not_cancelled_whole(
    call: Caller,
    site_administrator: User,
    boardroom: System,
    home_office: System,
    as_user: CallerOf,
    oslo: Folder,
) -> None:
    made = ask(call, [boardroom, home_office])
    hers = as_user(site_administrator)
    told = hers.get(f"change-sets/{made['id']}")
    assert [one["system"] for one in told["changes"]] == [boardroom.pk]
    assert told["counts"]["waiting"] == 1
    assert hers("POST", f"change-sets/{made['id']}/cancel").status_code == 403
    elsewhere = ask(call, [home_office])
    assert hers("GET", f"change-sets/{elsewhere['id']}").status_code == 404
    assert hers("POST", f"change-sets/{elsewhere['id']}/cancel").status_code == 404


def test_a_large_set_is_followed_without_its_changes(call: Caller, boardroom: System, vault: System) -> None:
    made = ask(call, [boardroom, vault])
    told = call.get(f"change-sets/{made['id']}?changes=false")
    assert (told["state"], told["counts"]["waiting"], told["changes"]) == ("waiting", 2, [])


def test_the_values_before_are_told_and_restored(call: Caller, boardroom: System) -> None:
    report(boardroom, Audio__DefaultVolume="50")
    made = ask(call, [boardroom])
    ChangeItem.objects.update(state="confirmed", delivered_at=timezone.now())
    told = call.get(f"change-sets/{made['id']}")
    assert told["changes"][0]["items"][0]["previous"] == "50"
    plan = call("POST", f"change-sets/{made['id']}/undo", {"dry_run": True})
    assert plan.status_code == 200, plan.content
    assert plan.json()["changes"][0]["items"][0]["value"] == "50"
    assert plan.json()["left_out"] == []
    answer = call("POST", f"change-sets/{made['id']}/undo")
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"/api/v1/change-sets/{answer.json()['id']}"
    assert answer.json()["undoes"] == made["id"]
    (item,) = call.get(f"change-sets/{answer.json()['id']}")["changes"][0]["items"]
    assert item["value"] == "50"
    again = call("POST", f"change-sets/{made['id']}/undo")
    assert again.status_code == 409
    assert "been requested again since" in again.json()["detail"]


def test_one_system_is_taken_back_alone(call: Caller, boardroom: System, lobby: System) -> None:
    for system in (boardroom, lobby):
        report(system, Audio__DefaultVolume="50")
    made = ask(call, [boardroom, lobby])
    ChangeItem.objects.update(state="confirmed", delivered_at=timezone.now())
    answer = call("POST", f"systems/{lobby.pk}/undo-change-set", {"change_set": made["id"]})
    assert answer.status_code == 202, answer.content
    told = call.get(f"change-sets/{answer.json()['id']}")
    assert [change["system"] for change in told["changes"]] == [lobby.pk]
    # Without a number the newest is meant.
    answer = call("POST", f"systems/{boardroom.pk}/undo-change-set")
    assert answer.status_code == 202, answer.content
    assert answer.json()["undoes"] == made["id"]


def test_a_set_that_reaches_further_than_ones_folders_is_not_undone(
    as_user: CallerOf, site_administrator: User, call: Caller, boardroom: System, lobby: System
) -> None:
    for system in (boardroom, lobby):
        report(system, Audio__DefaultVolume="50")
    made = ask(call, [boardroom, lobby])
    mine = as_user(site_administrator)
    assert mine("POST", f"change-sets/{made['id']}/undo").status_code == 403
    assert (
        mine("POST", f"systems/{boardroom.pk}/undo-change-set", {"change_set": made["id"]}).status_code == 202
    )
