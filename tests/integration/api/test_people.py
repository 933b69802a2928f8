"""Users, groups, tokens, the audit trail."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.accounts.permissions import Permission, grants_of
from roomkeeper.systems.models import Folder, System

PASSWORD = "a long and winding word"


def test_a_user_is_made_with_roles_and_can_work(
    call: Caller, oslo: Folder, boardroom: System, home_office: System, as_user: CallerOf
) -> None:
    answer = call(
        "POST",
        "users",
        {
            "name": "kari",
            "password": PASSWORD,
            "time_zone": "Europe/Oslo",
            "email": "kari@example.org",
            "roles": [{"folder": oslo.pk, "role": "viewer"}],
        },
    )
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert told["roles"] == [{"folder": oslo.pk, "role": "viewer"}]
    assert told["has_password"] is True
    kari = User.objects.get(username="kari")
    assert kari.check_password(PASSWORD)
    assert [one["name"] for one in as_user(kari).get("systems")["items"]] == ["Boardroom"]
    assert PASSWORD not in answer.content.decode() + str(AuditEntry.objects.values())


def test_roles_are_replaced(call: Caller, viewer: User, root_folder: Folder, oslo: Folder) -> None:
    told = call(
        "PUT", f"users/{viewer.pk}/roles", {"roles": [{"folder": oslo.pk, "role": "operator"}]}
    ).json()
    assert told["roles"] == [{"folder": oslo.pk, "role": "operator"}]
    grants = grants_of(User.objects.get(pk=viewer.pk))
    assert grants.may(Permission.CHANGE_SETTINGS, oslo.path)
    assert not grants.may(Permission.VIEW, root_folder.path)
    twice = {"roles": [{"folder": oslo.pk, "role": "operator"}, {"folder": oslo.pk, "role": "viewer"}]}
    assert call("PUT", f"users/{viewer.pk}/roles", twice).status_code == 422


def test_that_a_password_was_set_or_taken_is_noted_and_not_which(call: Caller, viewer: User) -> None:
    for password, told in ((PASSWORD, "***"), (None, None)):
        assert call("PATCH", f"users/{viewer.pk}", {"password": password}).status_code == 200
        assert AuditEntry.objects.filter(act="change user").latest("pk").details == {"password": told}


def test_a_user_is_changed_locked_and_deleted(call: Caller, viewer: User) -> None:
    told = call("PATCH", f"users/{viewer.pk}", {"is_active": False, "password": None, "email": ""}).json()
    assert (told["is_active"], told["has_password"]) == (False, False)
    assert call.get("users?is_active=false")["items"][0]["name"] == "viewer"
    assert call("DELETE", f"users/{viewer.pk}").status_code == 204
    assert call("GET", f"users/{viewer.pk}").status_code == 404


@pytest.mark.parametrize("path", ["", "/roles"])
def test_the_last_administrator_stays(path: str, call: Caller, administrator: User) -> None:
    bodies = {"": ("PATCH", {"is_active": False}), "/roles": ("PUT", {"roles": []})}
    method, body = bodies[path]
    answer = call(method, f"users/{administrator.pk}{path}", body)
    assert answer.status_code == 409
    assert "administrator" in answer.json()["detail"]
    assert call("DELETE", f"users/{administrator.pk}").status_code == 409
    assert call.get("me")["name"] == "administrator"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "viewer"}, 409),
        ({"name": ""}, 422),
        ({"name": "a b"}, 422),
        ({"name": "x", "password": "short"}, 422),
        ({"name": "x", "time_zone": "Mars/Olympus"}, 422),
        ({"name": "x", "email": "nobody"}, 422),
        ({"name": "x", "roles": [{"folder": 999_999, "role": "viewer"}]}, 404),
        ({"name": "x", "roles": [{"folder": 1, "role": "king"}]}, 422),
    ],
)
def test_unusable_users_are_refused(body: object, status: int, call: Caller, viewer: User) -> None:
    assert call("POST", "users", body).status_code == status
    assert not User.objects.filter(username="x").exists()


def test_groups_share_their_roles(
    call: Caller,
    stranger: User,
    oslo: Folder,
    boardroom: System,
    as_user: CallerOf,
) -> None:
    answer = call(
        "POST",
        "groups",
        {"name": "Oslo team", "users": [stranger.pk], "roles": [{"folder": oslo.pk, "role": "operator"}]},
    )
    assert answer.status_code == 201, answer.content
    group = answer.json()["id"]
    assert [one["name"] for one in as_user(stranger).get("systems")["items"]] == ["Boardroom"]
    assert call("POST", "groups", {"name": "Oslo team"}).status_code == 409
    assert call("PATCH", f"groups/{group}", {"users": [], "name": "Team"}).json()["users"] == []
    assert as_user(stranger)("GET", "systems").status_code == 403
    assert call("PATCH", f"groups/{group}", {"users": [999_999]}).status_code == 404
    assert call("PUT", f"groups/{group}/roles", {"roles": []}).json()["roles"] == []
    assert call("DELETE", f"groups/{group}").status_code == 204


def test_ones_own_tokens_are_made_shown_once_and_deleted(
    stranger: User, viewer: User, as_user: CallerOf
) -> None:
    call = as_user(stranger)
    answer = call("POST", "tokens", {"name": "robot", "expires_in_days": 30})
    made = answer.json()
    assert made["token"].startswith(made["prefix"])
    listed = call.get("tokens?sort=-id")["items"]
    assert listed[0]["name"] == "robot"
    assert made["token"] not in str(listed)
    robot = as_user(None)
    robot.headers["Authorization"] = f"Bearer {made['token']}"
    assert robot.get("me")["name"] == "stranger"
    assert as_user(viewer)("DELETE", f"tokens/{made['id']}").status_code == 404
    assert call("DELETE", f"tokens/{made['id']}").status_code == 204
    assert robot("GET", "me").status_code == 401


def test_a_token_ends(stranger: User, as_user: CallerOf) -> None:
    call = as_user(stranger)
    stranger.api_tokens.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert call("GET", "me").status_code == 401


def test_the_audit_trail_tells_who_did_what(
    call: Caller, boardroom: System, operator: User, as_user: CallerOf
) -> None:
    as_user(operator)("POST", f"systems/{boardroom.pk}/restart")
    call("POST", f"systems/{boardroom.pk}/block")
    items = call.get(f"audit?object_id={boardroom.pk}&road=api")["items"]
    assert [(one["user"], one["act"]) for one in items] == [
        ("administrator", "block system"),
        ("operator", "restart"),
    ]
    assert [one["user"] for one in call.get("audit?user=operator")["items"]] == ["operator"]
    assert call.get("audit?after=2999-01-01T00:00:00Z")["items"] == []
