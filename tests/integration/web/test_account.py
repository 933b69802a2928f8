"""One's own account: zone, password, tokens."""

import re

from django.test import Client
from django.utils import timezone
from tests.cast import PASSWORD
from tests.integration.web.conftest import text_of

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import ApiToken, User


def test_times_are_shown_in_ones_zone(client: Client, administrator: User) -> None:
    client.post("/account/time-zone/", {"time_zone": "Asia/Kathmandu"})
    assert "+0545" in text_of(client.get("/account/"))
    client.post("/account/time-zone/", {"time_zone": "Mars/Olympus"})
    administrator.refresh_from_db()
    assert administrator.time_zone == "Asia/Kathmandu"


def test_a_token_is_shown_once_and_works(client: Client, administrator: User) -> None:
    page = text_of(client.post("/tokens/do/create/", {"name": "backup", "expires_in_days": "30"}))
    shown = re.search(r'id="told-token">(rk_[\w-]+)<', page)
    assert shown is not None
    assert tokens.find_user(shown[1], now=timezone.now()) == administrator
    assert shown[1] not in text_of(client.get("/tokens/"))


def test_a_token_is_taken_back_only_by_its_owner(client: Client, administrator: User, viewer: User) -> None:
    other, _ = tokens.create_token(viewer, now=timezone.now())
    assert client.post(f"/tokens/{other.pk}/delete/").status_code == 404
    own, _ = tokens.create_token(administrator, now=timezone.now())
    client.post(f"/tokens/{own.pk}/delete/")
    assert list(ApiToken.objects.all()) == [other]


def test_the_password_is_changed_and_the_session_stays(client: Client, administrator: User) -> None:
    User.objects.filter(pk=administrator.pk).update(must_change_password=True)
    new = "another good password"
    client.post("/account/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    administrator.refresh_from_db()
    assert administrator.check_password(new)
    assert not administrator.must_change_password
    assert client.get("/systems/").status_code == 200


def test_a_weak_or_wrong_password_changes_nothing(client: Client, administrator: User) -> None:
    for old, new in (("wrong", "another good password"), (PASSWORD, "short")):
        answer = client.post(
            "/account/password/", {"old_password": old, "new_password1": new, "new_password2": new}
        )
        assert answer.status_code == 422
    administrator.refresh_from_db()
    assert administrator.check_password(PASSWORD)
