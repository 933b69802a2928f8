"""New passwords by the pages: for one system and for many, planned first, shown nowhere, cancelled while they wait."""

import logging
import re

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning import passwords
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Contact, System, TimelineEntry
from roomkeeper.web import derived_choosing

GENERATED = {"step": "confirm", "generate": "1"}
OLD, NEW = "old-Secret-1", "N3w <Secret> & more"
MANY = "/systems/do/password/"


def page_of(system: System) -> str:
    return f"/systems/{system.pk}/act/password/"


def typed(password: str, again: str) -> dict[str, str]:
    return {"step": "confirm", "generate": "0", "password": password, "password-again": again}


@pytest.fixture
def ready(boardroom: System, home_office: System) -> list[System]:
    """One that can be reached and one Behind Firewall that posts by HTTPS, both with a stored login."""
    for system in (boardroom, home_office):
        credentials.set_credentials(system, "admin", OLD)
    Contact.objects.filter(system=home_office).update(scheme="https")
    return [boardroom, home_office]


def new_of(action: Action) -> str:
    pair = passwords.pair_of(action)
    assert pair is not None
    return pair.new


def deliver(action: Action) -> None:
    Action.objects.filter(pk=action.pk).update(state="delivered", delivered_at=timezone.now())


def test_the_page_of_one_system_says_what_will_happen(client: Client, ready: list[System]) -> None:
    boardroom, home_office = ready
    assert f'href="{page_of(boardroom)}"' in text_of(client.get(f"/systems/{boardroom.pk}/"))
    page = text_of(client.get(page_of(boardroom)))
    assert "Set the password of Boardroom" in page
    assert "<strong>Proven by a login at once</strong>" in page
    assert page.count('autocomplete="new-password"') == 2
    page = text_of(client.get(page_of(home_office)))
    assert "Sent unproven" in page
    assert "no login is possible Behind Firewall" in page


def test_a_typed_password_is_asked_and_shown_nowhere(
    client: Client, ready: list[System], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    boardroom = ready[0]
    answer = client.post(page_of(boardroom), typed(NEW, NEW), follow=True)
    assert answer.redirect_chain[-1][0] == f"/systems/{boardroom.pk}/changes/"
    action = Action.objects.get()
    assert new_of(action) == NEW
    assert "a new password for admin" in text_of(answer)
    pages = [
        text_of(client.get(f"/systems/{boardroom.pk}/{tab}")) for tab in ("connection/", "timeline/", "log/")
    ]
    assert "Asked to set a new password" in pages[1]
    stored = repr([*AuditEntry.objects.values_list(), *TimelineEntry.objects.values_list()])
    text = "".join(pages) + text_of(answer) + stored + caplog.text
    assert "N3w" not in text
    assert OLD not in text
    entry = AuditEntry.objects.get(act="set password")
    assert (entry.object_id, entry.details["is_generated"]) == (boardroom.pk, False)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (typed(NEW, "N3w <Secret>"), "The two differ"),
        (typed(NEW, ""), "The two differ"),
        (typed("", ""), "give either"),
        (typed("N3w" * 99, "N3w" * 99), "at most 127"),
        (typed(NEW, NEW) | {"generate": "1"}, "give either"),
    ],
)
def test_what_cannot_be_used_is_told_and_not_filled_in_again(
    form: dict[str, str], words: str, client: Client, ready: list[System]
) -> None:
    page = text_of(client.post(page_of(ready[0]), form))
    assert words in page
    assert "N3w" not in page
    assert not Action.objects.exists()


def test_many_get_one_each_and_the_plan_counts_them(
    client: Client, ready: list[System], lobby: System
) -> None:
    chosen = {"every": "1", "filter": "?sort=name"}
    page = text_of(client.get(MANY, chosen))
    for words in (
        "<strong>1</strong> proven by a login",
        "<strong>1</strong> sent unproven",
        "<strong>1</strong> cannot",
        "no credentials are stored",
    ):
        assert words in page
    answer = client.post(MANY, {**chosen, **GENERATED}, follow=True)
    assert answer.redirect_chain[-1][0] == "/systems/?sort=name"
    assert "done for 2 of 3 systems" in text_of(answer)
    assert re.search(r'href="/actions/\?created_after=[^"]+">Follow the actions', text_of(answer))
    assert "No password can be set for Lobby" in text_of(answer)
    assert len({new_of(action) for action in Action.objects.all()}) == 2
    assert AuditEntry.objects.filter(act="set password").count() == 2


def test_too_many_are_refused_in_words(
    client: Client, ready: list[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived_choosing, "AT_ONCE", 1)
    form = {"every": "1", **GENERATED}
    assert "At most 1 at once" in text_of(client.post(MANY, form, follow=True))
    assert not Action.objects.exists()


def test_only_where_one_may(
    signed_in: SignedIn, operator: User, site_administrator: User, ready: list[System]
) -> None:
    form = {"row": [system.pk for system in ready], **GENERATED}
    assert signed_in(operator).post(MANY, form).status_code == 403
    assert "Set its password" not in text_of(signed_in(operator).get(f"/systems/{ready[0].pk}/"))
    signed_in(site_administrator).post(MANY, form)
    assert list(Action.objects.values_list("system", flat=True)) == [ready[0].pk]


def test_one_that_cannot_be_given_one_is_told_why(client: Client, lobby: System) -> None:
    page = text_of(client.get(page_of(lobby)))
    assert "no credentials are stored" in page
    assert "btn-danger" not in page


def test_the_connection_tab_tells_of_one_that_waits_and_lets_cancel_it(
    client: Client, ready: list[System]
) -> None:
    tab = f"/systems/{ready[0].pk}/connection/"
    assert "New password" not in text_of(client.get(tab))
    client.post(page_of(ready[0]), GENERATED)
    action = Action.objects.get()
    page = text_of(client.get(tab))
    assert "waits to be sent" in page
    assert f"/actions/{action.pk}/cancel/" in page
    client.post(f"/actions/{action.pk}/cancel/")
    action.refresh_from_db()
    assert (action.state, action.has_secret) == ("cancelled", False)
    assert "waits to be sent" not in text_of(client.get(tab))


def test_one_that_is_unproven_says_what_that_means_until_the_login_is_stored(
    client: Client, ready: list[System]
) -> None:
    home_office = ready[1]
    client.post(page_of(home_office), typed(NEW, NEW))
    action = Action.objects.get()
    deliver(action)
    tab = f"/systems/{home_office.pk}/connection/"
    assert "Nobody can log in Behind Firewall" in text_of(client.get(tab))
    assert "/cancel/" not in text_of(client.get(tab))
    # Nothing but the road that may be used is changed: the stored login is what it was.
    client.post(f"/systems/{home_office.pk}/act/credentials/", {"username": "admin"})
    action.refresh_from_db()
    assert action.state == "delivered"
    client.post(f"/systems/{home_office.pk}/act/credentials/", {"username": "admin", "password": NEW})
    action.refresh_from_db()
    assert (action.state, action.has_secret) == ("failed", False)
    assert "stored by hand" in action.reason
    assert "unproven" not in text_of(client.get(tab))
    client.post(page_of(home_office), GENERATED)
    assert Action.objects.filter(state="waiting").exists()
