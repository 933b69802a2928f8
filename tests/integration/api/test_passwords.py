"""New passwords by REST and by the command line: planned, asked, followed, and told nowhere."""

import json
import logging
import re

import pytest
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.api.test_command_line import Shell

from roomkeeper.accounts.models import AuditEntry, KeptAnswer, User
from roomkeeper.api import derived_many
from roomkeeper.provisioning import passwords
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Contact, State, System, TimelineEntry

OLD, NEW = "old-Secret-1", "N3w-begins-so <Secret> & more"


@pytest.fixture
def ready(boardroom: System, vault: System, home_office: System) -> list[System]:
    """Two that can be reached and one Behind Firewall that posts by HTTPS, all with a stored login."""
    found = [boardroom, vault, home_office]
    for system in found:
        credentials.set_credentials(system, "admin", OLD)
    Contact.objects.filter(system=home_office).update(scheme="https")
    return found


def sealed(action: Action) -> passwords.Pair:
    pair = passwords.pair_of(action)
    assert pair is not None
    return pair


def test_a_password_is_asked_as_an_action_and_can_be_followed(call: Caller, ready: list[System]) -> None:
    answer = call("POST", f"systems/{ready[0].pk}/password", {"password": NEW})
    assert answer.status_code == 202, answer.content
    action = Action.objects.get()
    assert answer["Location"] == f"/api/v1/actions/{action.pk}"
    assert answer.json()["arguments"] == {"Username": "admin"}
    assert sealed(action) == passwords.Pair("admin", NEW, OLD)
    entry = AuditEntry.objects.get(act="set password")
    assert entry.details == {"action": action.pk, "username": "admin", "is_generated": False}
    assert (entry.object_id, entry.road) == (ready[0].pk, "api")


def test_what_would_become_of_it_is_planned(call: Caller, ready: list[System], lobby: System) -> None:
    one = call("POST", f"systems/{ready[0].pk}/password", {"generate": True, "dry_run": True})
    assert (one.status_code, one.json()["verdict"]) == (200, "verified")
    ids = [*(system.pk for system in ready), lobby.pk, 999_999]
    answer = call("POST", "systems/password", {"systems": ids, "generate": True, "dry_run": True})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["counts"] == {"verified": 2, "unverified": 1, "cannot": 2}
    by_name = {item["system_name"]: item for item in told["items"]}
    assert "Behind Firewall" in by_name["Home Office"]["words"]
    assert "no credentials" in by_name["Lobby"]["words"]
    assert "no system 999999" in by_name[""]["words"]
    assert not Action.objects.exists()
    assert not AuditEntry.objects.filter(act="set password").exists()


def test_many_are_asked_each_by_itself(call: Caller, ready: list[System], lobby: System) -> None:
    answer = call("POST", "systems/password", {"filter": {}, "generate": True})
    assert answer.status_code == 202, answer.content
    told = {item["system"]: item for item in answer.json()["items"]}
    assert [told[system.pk]["status"] for system in ready] == [202, 202, 202]
    assert (told[lobby.pk]["status"], told[lobby.pk]["action"]) == (409, None)
    assert "no credentials" in told[lobby.pk]["problem"]["detail"]
    made = {sealed(action).new for action in Action.objects.all()}
    assert len(made) == 3
    assert AuditEntry.objects.filter(act="set password").count() == 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "either"),
        ({"generate": False}, "either"),
        ({"password": NEW, "generate": True}, "either"),
        ({"password": ""}, "let everyone in"),
        ({"password": "x" * 128}, "127"),
        ({"password": f"{NEW}\n"}, "no control characters"),
        ({"password": NEW, "force": True}, "unknown field"),
        ({"password": [NEW]}, "enter a text"),
    ],
)
def test_what_cannot_be_used_is_refused_without_being_repeated(
    body: dict[str, object], words: str, call: Caller, ready: list[System], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path, more in ((f"{ready[0].pk}/password", {}), ("password", {"systems": [ready[0].pk]})):
        answer = call("POST", f"systems/{path}", {**body, **more})
        assert answer.status_code == 422, answer.content
        assert words in answer.content.decode()
        assert "Secret" not in answer.content.decode() + caplog.text
    assert not Action.objects.exists()


def test_what_is_not_possible_now_is_told(call: Caller, ready: list[System]) -> None:
    path = f"systems/{ready[0].pk}/password"
    assert call("POST", path, {"password": OLD}).status_code == 409
    assert call("POST", path, {"generate": True}).status_code == 202
    again = call("POST", path, {"generate": True})
    assert (again.status_code, "already on its way" in again.json()["detail"]) == (409, True)
    System.objects.filter(pk=ready[1].pk).update(state=State.BLOCKED)
    assert (
        "not managed" in call("POST", f"systems/{ready[1].pk}/password", {"generate": True}).json()["detail"]
    )


def test_who_may_not_manage_may_not_set_passwords(
    as_user: CallerOf, operator: User, site_administrator: User, ready: list[System]
) -> None:
    path = f"systems/{ready[0].pk}/password"
    assert as_user(operator)("POST", path, {"generate": True}).status_code == 403
    assert as_user(operator)("POST", "systems/password", {"filter": {}, "generate": True}).status_code == 403
    call, ids = as_user(site_administrator), [system.pk for system in ready]
    body = {"systems": ids, "generate": True}
    plan = call("POST", "systems/password", {**body, "dry_run": True}).json()
    assert plan["counts"] == {"verified": 2, "unverified": 0, "cannot": 1}
    items = call("POST", "systems/password", body).json()["items"]
    assert [item["status"] for item in items] == [202, 202, 404]
    assert set(Action.objects.values_list("system", flat=True)) == set(ids[:2])


def test_too_many_at_once_are_refused_in_words(
    call: Caller, ready: list[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived_many, "FOUND_LIMIT", 2)
    answer = call("POST", "systems/password", {"filter": {}, "generate": True})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "More than 2 systems are found, which is the limit at once."
    assert answer.json()["errors"][0]["field"] == "body.filter"
    assert not Action.objects.exists()


def test_no_password_is_told_anywhere(
    call: Caller, ready: list[System], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = {"Idempotency-Key": "once"}
    told = [
        call("POST", f"systems/{ready[0].pk}/password", {"password": NEW}, headers=key),
        call("POST", f"systems/{ready[0].pk}/password", {"password": NEW}, headers=key),
        call("POST", f"systems/{ready[0].pk}/password", {"password": NEW}),
        call("POST", "systems/password", {"filter": {}, "password": NEW, "dry_run": True}),
        call("POST", "systems/password", {"filter": {}, "password": NEW}),
        call("GET", "actions"),
        call("GET", "audit"),
        *(call("GET", f"systems/{system.pk}/{word}") for system in ready for word in ("timeline", "")),
    ]
    generated = call("POST", f"systems/{ready[1].pk}/password", {"generate": True})
    assert told[1]["Idempotency-Replayed"] == "true"
    assert generated.status_code == 409
    stored = [
        *AuditEntry.objects.values_list(),
        *TimelineEntry.objects.values_list(),
        *Action.objects.values_list(),
        *KeptAnswer.objects.values_list(),
    ]
    text = "".join(answer.content.decode() for answer in told) + repr(stored) + caplog.text
    for word in (NEW, OLD, json.dumps(NEW), "N3w-begins-so", "old-Secret"):
        assert word not in text
    assert "Asked to set a new password" in text


def test_generated_passwords_are_told_nowhere(call: Caller, ready: list[System]) -> None:
    answer = call("POST", "systems/password", {"filter": {}, "generate": True})
    made = [sealed(action).new for action in Action.objects.all()]
    text = answer.content.decode() + repr(
        [*AuditEntry.objects.values_list(), *TimelineEntry.objects.values_list()]
    )
    assert not any(word in text for word in made)


@pytest.mark.django_db(transaction=True)
def test_command_line_shows_the_plan_and_asks(
    live_server: object, administrator: User, ready: list[System], lobby: System
) -> None:
    shell = Shell(live_server.url, administrator)  # type: ignore[attr-defined]
    told = shell("systems", "set-password", "all", "--generate", "--dry-run").stdout
    assert "2 will be proven" in told
    assert "1 sent unproven, 1 cannot." in told
    assert "no credentials" in told
    plan = shell.json("systems", "set-password", "all", "--generate", "--dry-run")
    assert plan["counts"] == {"verified": 2, "unverified": 1, "cannot": 1}
    assert not Action.objects.exists()

    told = shell("systems", "set-password", "Boardroom", "--password-stdin", given=f"{NEW}\n")
    assert NEW not in told.output
    action = Action.objects.get()
    assert sealed(action).new == NEW
    assert re.search(rf"{action.system_id}\s+202\s+{action.pk}", told.stdout)

    waited = shell(
        "systems", "set-password", "Vault", str(lobby.pk), "--generate", "--yes", "--wait", "0.1", code=1
    )
    assert "waiting" in waited.stdout
    assert "no credentials" in waited.stdout
    assert "2 of 2 are not done" in waited.stderr
    found = shell("systems", "set-password", "Home Office", "--generate", "--json").stdout
    assert json.loads(found)["items"][0]["status"] == 202

    shell("systems", "set-password", "all", code=2)
    shell("systems", "set-password", "all", "--generate", "--password-stdin", code=2)
    refused = shell("systems", "set-password", "all", "--password-stdin", given="\n", code=1)
    assert "let everyone in" in refused.stderr
