"""Authorities by REST and by the command line: shown by their fingerprints before anything is sent."""

import json
from pathlib import Path

import pytest
from django.utils import timezone
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.api.test_command_line import Shell
from tests.integration.provisioning.test_authorities import made

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning import authorities
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import System

# Not in a hurry to run out: these tests look at the clock.
LONG = 36_500
PEM = made("AV Root", days=LONG)
(SHOWN,) = authorities.read(PEM, now=timezone.now())


@pytest.fixture
def ready(boardroom: System, vault: System) -> list[System]:
    """Two that can be reached, with a stored login."""
    for system in (boardroom, vault):
        credentials.set_credentials(system, "admin", "secret")
    return [boardroom, vault]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> str:
    """This server's own authority."""
    pem = made("Roomkeeper", days=LONG)
    monkeypatch.setattr(authorities, "own", lambda: pem)
    return pem


def test_an_authority_is_shown_and_asked_as_an_action(call: Caller, ready: list[System]) -> None:
    path = f"systems/{ready[0].pk}/authorities"
    plan = call("POST", path, {"pem": PEM, "dry_run": True})
    assert plan.status_code == 200, plan.content
    assert plan.json()["verdict"] == "install"
    assert not Action.objects.exists()
    answer = call("POST", path, {"pem": f"Blåskjær & co\n{PEM}"})
    assert answer.status_code == 202, answer.content
    for told in (plan.json(), answer.json()):
        (one,) = told["authorities"]
        assert (one["subject"], one["fingerprint"]) == ("CN=AV Root", SHOWN.fingerprint)
    action = Action.objects.get()
    assert (action.command, action.body) == ("Security/Certificates/CA/Add", PEM)
    assert answer["Location"] == f"/api/v1/actions/{action.pk}"
    entry = AuditEntry.objects.get(act="install authority")
    assert entry.details == {"action": action.pk, "fingerprints": [SHOWN.fingerprint]}


def test_many_are_asked_each_by_itself(
    call: Caller, ready: list[System], home_office: System, own: str
) -> None:
    ids = [*(system.pk for system in ready), home_office.pk, 999_999]
    plan = call("POST", "systems/authorities", {"systems": ids, "dry_run": True}).json()
    assert plan["counts"] == {"install": 2, "cannot": 2}
    assert plan["authorities"][0]["subject"] == "CN=Roomkeeper"
    assert "HTTPS only" in plan["items"][2]["reason"]
    answer = call("POST", "systems/authorities", {"systems": ids})
    assert answer.status_code == 202, answer.content
    assert answer.json()["authorities"] == plan["authorities"]
    assert [item["status"] for item in answer.json()["items"]] == [202, 202, 409, 404]
    assert set(Action.objects.values_list("body", flat=True)) == {own}


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("", "no certificate"),
        (made("room", is_authority=False, days=LONG), "not of an authority"),
        (made("old", days=-1), "expired on"),
        ("-----BEGIN PRIVATE KEY-----", "private key"),
        ("x" * 200_001, "200000"),
    ],
)
def test_what_is_no_authority_is_refused(pem: str, words: str, call: Caller, ready: list[System]) -> None:
    answer = call("POST", f"systems/{ready[0].pk}/authorities", {"pem": pem})
    assert answer.status_code == 422
    assert words in answer.json()["errors"][0]["message"]
    assert answer.json()["errors"][0]["field"] == "body.pem"
    assert not Action.objects.exists()


def test_a_server_without_its_own_says_so(
    call: Caller, ready: list[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise authorities.NoAuthority("This server uses a certificate of your own authority.")

    monkeypatch.setattr(authorities, "own", none)
    answer = call("POST", f"systems/{ready[0].pk}/authorities")
    assert answer.status_code == 409
    assert "your own authority" in answer.json()["detail"]


def test_who_may_not_act_may_not_install(
    as_user: CallerOf, operator: User, viewer: User, ready: list[System]
) -> None:
    path = f"systems/{ready[0].pk}/authorities"
    assert as_user(viewer)("POST", path, {"pem": PEM}).status_code == 403
    assert as_user(operator)("POST", path, {"pem": PEM}).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_command_line_shows_fingerprints_first(
    live_server: object,
    administrator: User,
    ready: list[System],
    home_office: System,
    own: str,
    tmp_path: Path,
) -> None:
    shell = Shell(live_server.url, administrator)  # type: ignore[attr-defined]
    file = tmp_path / "root.pem"
    file.write_text(PEM)
    told = shell("systems", "install-authority", "all", "--file", str(file), "--dry-run").stdout
    assert SHOWN.fingerprint in told
    assert "2 will get it, 1 cannot." in told
    assert not Action.objects.exists()
    told = shell("systems", "install-authority", "Boardroom").stdout
    assert "CN=Roomkeeper" in told
    assert Action.objects.get().body == own
    found = shell("systems", "install-authority", "Vault", "--file", str(file), "--yes", "--json").stdout
    assert json.loads(found)["authorities"][0]["fingerprint"] == SHOWN.fingerprint
    waited = shell("systems", "install-authority", "Vault", "--wait", "0.1", code=1)
    assert "1 of 1 are not done" in waited.stderr
    file.write_text("nothing")
    assert (
        "no certificate" in shell("systems", "install-authority", "all", "--file", str(file), code=1).stderr
    )
    shell("systems", "install-authority", "all", "--file", str(tmp_path / "none.pem"), code=2)
