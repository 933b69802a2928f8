"""API tokens: their end, tokens that only read, and what makes them void."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from roomkeeper.accounts import people, tokens
from roomkeeper.accounts.models import ApiToken, User


def _client(user: User, *, lifetime: timedelta | None = None, is_read_only: bool = False) -> Client:
    _, text = tokens.create_token(user, now=timezone.now(), lifetime=lifetime, is_read_only=is_read_only)
    return Client(headers={"authorization": f"Bearer {text}"})


def test_a_token_ends_by_default_and_never_after_the_one_that_made_it(administrator: User) -> None:
    for lifetime, asked, days in (
        (timedelta(days=400), None, 90),
        (timedelta(days=400), 365, 365),
        (timedelta(days=2), None, 2),
        (timedelta(days=2), 365, 2),
    ):
        body = {"name": "child"} | ({"expires_in_days": asked} if asked else {})
        made = _client(administrator, lifetime=lifetime).post(
            "/api/v1/tokens", body, content_type="application/json"
        )
        assert made.status_code == 201
        ends = datetime.fromisoformat(made.json()["expires_at"])
        assert abs(ends - timezone.now() - timedelta(days=days)) < timedelta(minutes=5)


def test_a_deleted_token_takes_along_what_was_made_with_it(administrator: User) -> None:
    def made(maker: Client, name: str) -> tuple[int, Client]:
        told = maker.post("/api/v1/tokens", {"name": name}, content_type="application/json").json()
        return told["id"], Client(headers={"authorization": f"Bearer {told['token']}"})

    person = _client(administrator)
    child_id, child = made(person, "child")
    _, grandchild = made(child, "grandchild")
    _, sibling = made(person, "sibling")
    assert person.delete(f"/api/v1/tokens/{child_id}").status_code == 204
    assert [one.get("/api/v1/me").status_code for one in (child, grandchild)] == [401, 401]
    assert [one.get("/api/v1/me").status_code for one in (person, sibling)] == [200, 200]


@pytest.mark.parametrize("method", ["post", "patch", "put", "delete"])
def test_a_token_that_only_reads_changes_nothing(administrator: User, method: str) -> None:
    reader = _client(administrator, is_read_only=True)
    assert reader.get("/api/v1/users").status_code == 200
    before = ApiToken.objects.count()
    for path in ("tokens", "users", f"users/{administrator.pk}", "network-settings", "systems/bulk"):
        answer = getattr(reader, method)(f"/api/v1/{path}", {}, content_type="application/json")
        assert answer.status_code in (403, 405), path
    assert (
        reader.post("/api/v1/tokens", {}, content_type="application/json")
        .json()["detail"]
        .startswith("This token is read-only.")
    )
    assert ApiToken.objects.count() == before


def test_a_password_reset_by_another_person_and_a_deactivation_void_tokens_for_good(
    administrator: User, operator: User
) -> None:
    admin = _client(administrator)
    change = f"/api/v1/users/{operator.pk}"

    def patch(**values: object) -> None:
        assert admin.patch(change, values, content_type="application/json").status_code == 200

    for void in (
        lambda: people.give_one_time_password(operator),
        lambda: patch(password="quite another password"),
        lambda: people.deactivate(operator, by=administrator),
        lambda: patch(is_active=False),
    ):
        User.objects.update(is_active=True)
        operator.refresh_from_db()
        caller = _client(operator)
        assert caller.get("/api/v1/me").status_code == 200
        void()
        assert caller.get("/api/v1/me").status_code == 401
        User.objects.update(is_active=True)
        assert caller.get("/api/v1/me").status_code == 401
    assert admin.get("/api/v1/me").status_code == 200


def test_ones_own_new_password_leaves_ones_tokens(administrator: User) -> None:
    admin = _client(administrator)
    answer = admin.patch(
        f"/api/v1/users/{administrator.pk}",
        {"password": "quite another password"},
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert admin.get("/api/v1/me").status_code == 200
