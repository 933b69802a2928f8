"""Authorities by the pages: shown with their fingerprints, then installed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.integration.provisioning.test_authorities import made
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning import authorities
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import System

MANY = "/systems/do/authorities/"
# Not in a hurry to run out: these tests look at the clock.
PEM, OWN = made("<i>AV Root", days=36_500), made("Roomkeeper", days=36_500)


def page_of(system: System) -> str:
    return f"/systems/{system.pk}/act/authorities/"


def fingerprint(pem: str) -> str:
    return authorities.read(pem, now=timezone.now())[0].fingerprint


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """This server has an authority of its own."""
    monkeypatch.setattr(authorities, "own", lambda: OWN)


@pytest.fixture
def ready(boardroom: System) -> System:
    """One that can be reached, with a stored login."""
    credentials.set_credentials(boardroom, "admin", "secret")
    return boardroom


def test_our_own_is_shown_with_its_fingerprint_and_then_installed(client: Client, ready: System) -> None:
    assert f'href="{page_of(ready)}"' in text_of(client.get(f"/systems/{ready.pk}/"))
    assert fingerprint(OWN) in text_of(client.get(page_of(ready)))
    shown = client.post(page_of(ready), {"pem": "", "step": "look"})
    assert fingerprint(OWN) in text_of(shown)
    assert "Nothing has been sent yet" in text_of(shown)
    assert not Action.objects.exists()
    answer = client.post(page_of(ready), dict(shown.context["question"].fields))
    assert answer["Location"] == f"/systems/{ready.pk}/changes/"
    action = Action.objects.get()
    assert (action.command, action.body) == ("Security/Certificates/CA/Add", OWN)
    assert AuditEntry.objects.get(act="install authority").details["fingerprints"] == [fingerprint(OWN)]


@pytest.mark.parametrize("is_file", [True, False])
def test_another_one_is_uploaded_or_pasted(is_file: bool, client: Client, ready: System) -> None:
    given = {"pem": SimpleUploadedFile("root.pem", PEM.encode()) if is_file else PEM}
    answer = client.post(page_of(ready), {"step": "look", **given})
    page = text_of(answer)
    assert fingerprint(PEM) in page
    assert fingerprint(OWN) not in page
    assert "CN=\\&lt;i\\&gt;AV Root" in page or "&lt;i" in page
    assert "<i>AV" not in page
    client.post(page_of(ready), dict(answer.context["question"].fields))
    assert Action.objects.get().body == PEM


@pytest.mark.parametrize("text", ["hello", "-----BEGIN RSA PRIVATE KEY-----"])
def test_what_is_none_is_refused_in_words(text: str, client: Client, ready: System) -> None:
    for step in ("look", "confirm"):
        assert "alert-danger" in text_of(client.post(page_of(ready), {"step": step, "pem": text}))
    assert not Action.objects.exists()


def test_many_are_counted_and_asked(client: Client, ready: System, home_office: System) -> None:
    chosen = {"row": [ready.pk, home_office.pk], "filter": "?sort=name"}
    page = text_of(client.post(MANY, {**chosen, "pem": "", "step": "look"}))
    assert "<strong>1</strong> will get it" in page
    assert "<strong>1</strong> cannot" in page
    assert "by HTTPS only" in page
    answer = client.post(MANY, {**chosen, "step": "confirm", "pem": PEM}, follow=True)
    assert answer.redirect_chain[-1][0] == "/systems/?sort=name"
    assert "done for 1 of 2 systems" in text_of(answer)
    assert "No authority can be installed on Home Office" in text_of(answer)


def test_a_server_without_its_own_says_so(
    client: Client, ready: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise authorities.AuthorityRefused("This server uses a certificate of your own authority.")

    monkeypatch.setattr(authorities, "own", none)
    assert "of your own authority" in text_of(client.get(page_of(ready)))
    page = text_of(client.post(page_of(ready), {"pem": "", "step": "look"}))
    assert "alert-danger" in page


def test_who_may_not_act_may_not_install(
    signed_in: SignedIn, viewer: User, operator: User, ready: System
) -> None:
    form = {"step": "confirm", "pem": PEM}
    assert signed_in(viewer).post(page_of(ready), form).status_code == 403
    assert "Install an authority" not in text_of(signed_in(viewer).get(f"/systems/{ready.pk}/"))
    signed_in(operator).post(page_of(ready), form)
    assert Action.objects.count() == 1
