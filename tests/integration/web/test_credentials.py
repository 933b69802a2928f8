"""Credentials: kept, renamed, replaced, deleted, and never shown."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential

SECRET = "s3cret-of-the-rooms"
USER = {
    "name": "Monitor",
    "username": "monitor",
    "auth_protocol": "SHA-256",
    "auth_password": SECRET,
    "privacy_protocol": "AES",
    "privacy_password": SECRET + "2",
}


@pytest.fixture
def shared(administrator: User) -> Credential:
    """A login that is stored."""
    return credential_list.add(
        name="Shared", kind="login", values={"username": "admin", "password": SECRET}, now=timezone.now()
    )


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("login", {"name": "Shared", "username": "admin", "password": SECRET}),
        ("community", {"name": "Read", "community": SECRET, "version": "2c"}),
        ("snmp_user", USER),
    ],
)
def test_every_kind_is_stored_and_its_secret_shown_nowhere(
    client: Client, kind: str, typed: dict[str, str]
) -> None:
    page = text_of(client.post("/credentials/do/create/", {"kind": kind, **typed}, follow=True))
    kept = Credential.objects.get()
    assert (kept.kind, kept.name) == (kind, typed["name"])
    assert "is stored" in page
    assert SECRET not in page
    assert SECRET.encode() not in bytes(kept.ciphertext)
    assert SECRET not in text_of(client.get(f"/credentials/{kept.pk}/"))
    entry = AuditEntry.objects.get(act="create credential")
    assert SECRET not in str(entry.details)


def test_a_login_is_renamed_and_keeps_its_password(client: Client, shared: Credential) -> None:
    client.post(f"/credentials/{shared.pk}/change/", {"name": "Rooms", "username": "admin", "password": ""})
    shared.refresh_from_db()
    login = credential_list.login_of(shared)
    assert (shared.name, login.username, login.password) == ("Rooms", "admin", SECRET)
    client.post(
        f"/credentials/{shared.pk}/change/", {"name": "Rooms", "username": "root", "password": "another"}
    )
    shared.refresh_from_db()
    assert credential_list.login_of(shared).password == "another"
    assert AuditEntry.objects.filter(act="change credential").last().details == {
        "name": "Rooms",
        "username": "root",
        "password": "***",
    }


def test_an_snmp_user_can_lose_its_privacy(client: Client) -> None:
    client.post("/credentials/do/create/", {"kind": "snmp_user", **USER})
    kept = Credential.objects.get()
    client.post(
        f"/credentials/{kept.pk}/change/",
        {"name": "Monitor", "username": "monitor", "auth_protocol": "", "privacy_protocol": "none"},
    )
    kept.refresh_from_db()
    found = credential_list.snmp_login_of(kept)
    assert (found.authentication_protocol, found.privacy_protocol) == ("SHA-256", "")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "", "username": "admin", "password": "x"},
        {"name": "Shared", "username": "other", "password": "x"},
        {"name": "Other", "username": "", "password": "x"},
        {"name": "Other", "username": "a:b", "password": "x"},
    ],
)
def test_what_cannot_be_stored_says_why_and_keeps_what_was_typed(
    client: Client, shared: Credential, typed: dict[str, str]
) -> None:
    answer = client.post(
        "/credentials/do/create/", typed | {"kind": "login", "password": "not-kept-in-the-page"}
    )
    assert answer.status_code == 422
    page = text_of(answer)
    assert "field-error" in page
    assert f'value="{typed["username"]}"' in page
    assert "not-kept-in-the-page" not in page
    assert Credential.objects.count() == 1


def test_each_kind_is_asked_for_what_it_holds(client: Client, shared: Credential) -> None:
    asked = text_of(client.get("/credentials/do/create/?kind=community"))
    assert 'name="community"' in asked
    assert 'name="kind" value="community"' in asked
    assert 'name="password"' not in asked
    changed = text_of(client.get(f"/credentials/{shared.pk}/change/"))
    assert 'value="Shared"' in changed
    assert 'value="admin"' in changed
    assert 'name="auth_protocol"' not in changed


def test_deleting_asks_first(client: Client, shared: Credential) -> None:
    assert "Delete Shared?" in text_of(client.get(f"/credentials/{shared.pk}/delete/"))
    assert Credential.objects.exists()
    client.post(f"/credentials/{shared.pk}/delete/")
    assert not Credential.objects.exists()
    assert AuditEntry.objects.get(act="delete credential").object_label == "Shared"


def test_only_administrators_of_the_server(
    site_administrator: User, operator: User, viewer: User, signed_in: SignedIn, shared: Credential
) -> None:
    for person in (site_administrator, operator, viewer):
        browser = signed_in(person)
        for address in (
            "",
            "do/create/?kind=login",
            f"{shared.pk}/",
            f"{shared.pk}/change/",
            f"{shared.pk}/delete/",
        ):
            assert browser.get(f"/credentials/{address}").status_code == 403
            assert browser.post(f"/credentials/{address}").status_code == 403
    assert Credential.objects.count() == 1


def test_names_are_text(client: Client) -> None:
    client.post(
        "/credentials/do/create/",
        {"kind": "login", "name": "<b>x</b>", "username": "<i>y</i>", "password": "secret word"},
    )
    kept = Credential.objects.get()
    for address in ("", f"{kept.pk}/", f"{kept.pk}/change/", f"{kept.pk}/delete/"):
        page = text_of(client.get(f"/credentials/{address}"))
        assert "<b>x</b>" not in page
        assert "<i>y</i>" not in page


def test_kinds_that_do_not_exist_are_not_there(client: Client) -> None:
    answer = client.post("/credentials/do/create/", {"kind": "telnet", "name": "x"})
    assert answer.status_code == 422
    assert not Credential.objects.exists()
    assert client.get("/credentials/999/").status_code == 404
