"""Lock-outs are seen and lifted by every road; the audit trail is filtered alike on page and REST."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from tests.cast import PASSWORD
from tests.integration.api.conftest import Caller

from roomkeeper.accounts.models import AuditEntry, SignInTries, User


def sign_in(name: str, password: str, source: str = "192.0.2.7") -> HttpResponse:
    return Client(REMOTE_ADDR=source).post("/sign-in/", {"login": name, "password": password}, secure=True)


@pytest.fixture
def locked(operator: User) -> User:
    """Has given five wrong passwords."""
    for _ in range(5):
        sign_in("operator", "wrong")
    assert sign_in("operator", PASSWORD).status_code == 429
    return operator


def test_it_is_lifted_on_the_page(locked: User, administrator: User) -> None:
    browser = Client()
    browser.force_login(administrator)
    page = browser.get("/lock-outs/").content.decode()
    assert "operator" in page
    assert "192.0.2.7" in page
    row = SignInTries.objects.get()
    assert "Lift this lock-out?" in browser.get(f"/lock-outs/{row.pk}/unlock/").content.decode()
    browser.post(f"/lock-outs/{row.pk}/unlock/")
    assert "Nobody is locked out." in browser.get("/lock-outs/").content.decode()
    assert sign_in("operator", PASSWORD).status_code == 302
    entry = AuditEntry.objects.get(act="unlock")
    assert (entry.user, entry.road, entry.object_label) == (administrator, "page", "operator from 192.0.2.7")


def test_it_is_lifted_by_rest(locked: User, administrator: User) -> None:
    call = Caller(administrator)
    (told,) = call.get("lock-outs")["items"]
    assert (told["user"], told["source"], told["failures"]) == ("operator", "192.0.2.7", 5)
    assert call("POST", f"lock-outs/{told['id']}/unlock").status_code == 204
    assert call.get("lock-outs")["items"] == []
    assert sign_in("operator", PASSWORD).status_code == 302
    assert AuditEntry.objects.get(act="unlock").road == "api"


def test_only_who_manages_people_sees_them(locked: User, viewer: User) -> None:
    assert Caller(viewer)("GET", "lock-outs").status_code == 403


def test_the_trail_is_filtered_alike_on_page_and_rest(locked: User, administrator: User) -> None:
    browser = Client()
    browser.force_login(administrator)
    sign_in("administrator", PASSWORD, "198.51.100.9")
    before = (timezone.now() + timedelta(hours=1)).isoformat()
    for query, number in (
        ("act=lock+out", 1),
        ("act=sign+in+refused&user=operator", 6),
        ("source_address=198.51.100.9", 1),
        (f"road=page&object_kind=user&object_id={locked.pk}", 7),
        (f"after={before.replace('+', '%2B')}", 0),
        ("before=2020-01-01T00:00:00Z", 0),
    ):
        assert len(Caller(administrator).get(f"audit?{query}")["items"]) == number, query
        table = browser.get(f"/audit/?{query}&format=csv")
        lines = b"".join(table).decode("utf-8-sig").strip().splitlines()
        assert len(lines) == number + 1, query
    assert "198.51.100.9" in browser.get("/audit/").content.decode()
    assert browser.get("/audit/?nonsense=1").status_code == 400
