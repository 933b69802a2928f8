"""Every route of the API with every member of the cast, against what its rule means for them."""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpRequest
from ninja.errors import ConfigError
from ninja.operation import Operation
from tests.integration.api.conftest import CallerOf

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission
from roomkeeper.api.application import api
from roomkeeper.api.routing import Routes
from roomkeeper.api.urls import urlpatterns
from roomkeeper.systems.models import System

EVERYBODY = {"administrator", "site_administrator", "operator", "viewer", "stranger"}
WITH_A_ROLE = EVERYBODY - {"stranger"}
ROOT_VIEWERS = {"administrator", "operator", "viewer"}
WORKERS = {"administrator", "site_administrator", "operator"}
ADMINISTRATORS = {"administrator", "site_administrator"}
ADMINISTRATOR = {"administrator"}

# What each rule means for the cast, written by hand: the code under test must not be asked.
MEANS: dict[tuple[Permission, bool], set[str]] = {
    (Permission.OWN_ACCOUNT, False): EVERYBODY,
    (Permission.VIEW, True): WITH_A_ROLE,
    (Permission.VIEW, False): ROOT_VIEWERS,
    (Permission.CHANGE_SETTINGS, True): WORKERS,
    (Permission.RUN_ACTIONS, True): WORKERS,
    (Permission.WORK_ON_TICKETS, True): WORKERS,
    (Permission.ADMIT, True): ADMINISTRATORS,
    (Permission.MANAGE_SYSTEMS, True): ADMINISTRATORS,
    (Permission.MANAGE_SYSTEMS, False): ADMINISTRATOR,
    (Permission.MANAGE_FOLDERS, True): ADMINISTRATORS,
    (Permission.VIEW_SERVER, False): ADMINISTRATOR,
    (Permission.MANAGE_SERVER, False): ADMINISTRATOR,
    (Permission.MANAGE_SERVER, True): ADMINISTRATOR,
    (Permission.MANAGE_PEOPLE, False): ADMINISTRATOR,
}


def every_operation() -> Iterator[tuple[str, str, Operation]]:
    """(method, address below /api/v1/, operation) of all that the API offers."""
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    yield method, (router.prefix + path).strip("/"), operation


OPERATIONS = list(every_operation())
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]


@pytest.fixture
def cast(
    administrator: User,
    site_administrator: User,
    operator: User,
    viewer: User,
    stranger: User,
) -> dict[str, User]:
    return {
        "administrator": administrator,
        "site_administrator": site_administrator,
        "operator": operator,
        "viewer": viewer,
        "stranger": stranger,
    }


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_rule_holds_for_the_whole_cast(
    method: str, path: str, operation: Operation, cast: dict[str, User], boardroom: System, as_user: CallerOf
) -> None:
    rule = getattr(operation.view_func, "rule", None)
    assert rule is not None, f"{method} {path} has no rule"
    assert rule in MEANS, f"{method} {path}: say in MEANS what {rule} means for the cast"
    address = re.sub(r"\{[^}]*system_id\}", str(boardroom.pk), path)
    address = re.sub(r"\{[^}]+\}", "999999", address)
    for name, user in cast.items():
        with transaction.atomic():
            answer = as_user(user)(method, address)
            transaction.set_rollback(True)
        is_let_in = answer.status_code not in (401, 403)
        assert is_let_in == (name in MEANS[rule]), f"{name}: {answer.status_code} {answer.content[:300]!r}"
        assert answer.status_code < 500, answer.content
    assert as_user(None)(method, address).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path, _ in OPERATIONS if "system_id" in path],
)
def test_systems_elsewhere_are_not_there_for_the_site_administrator(
    method: str,
    path: str,
    site_administrator: User,
    home_office: System,
    as_user: CallerOf,
) -> None:
    bodies = {
        "commands": {"command": "Standby/Activate"},
        "accept-identity": {"serial_number": "X"},
        "replace": {"serial_number": "X"},
        "fix": {"fix": "enforce"},
        "password": {"generate": True},
        "message": {"text": "Back at two"},
        "login": {"username": "admin", "password": "s3cret"},
    }
    body = bodies.get(path.rpartition("/")[2], {} if method == "PATCH" else None)
    call = as_user(site_administrator)

    def answer_for(system_id: int) -> tuple[int, str]:
        address = re.sub(r"\{[^}]+\}", "7", re.sub(r"\{[^}]*system_id\}", str(system_id), path))
        answer = call(method, address, body)
        return answer.status_code, re.sub(rf"\b{system_id}\b", "N", answer.content.decode())

    found = answer_for(home_office.pk)
    assert found[0] == 404
    assert found == answer_for(999_999)


def test_operation_without_rule_is_refused_at_import() -> None:
    routes = Routes("nothing")

    def open_to_all(request: HttpRequest) -> None:
        """Without @needs."""

    with pytest.raises(ConfigError, match="states no rule"):
        routes.get("/open")(open_to_all)


def test_nothing_is_served_beside_the_routes_with_rules() -> None:
    """What is outside of ninja's routers is known by name: the document, monitoring, and the answer for all else."""
    outside = {pattern.name for pattern in urlpatterns if hasattr(pattern, "name")}
    assert outside == {"api-nothing", "metrics", "healthz", "readyz"}
    operations = {operation.view_func.__name__ for _, _, operation in OPERATIONS}
    inside = {pattern.name for pattern in urlpatterns[0].url_patterns}
    assert inside - operations == {"openapi-json", "api-root", None}


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_metrics_are_for_who_may_view_everything(name: str, cast: dict[str, User], as_user: CallerOf) -> None:
    answer = as_user(cast[name])("GET", "/metrics")
    assert answer.status_code == (200 if name in ROOT_VIEWERS else 403)
    assert as_user(None)("GET", "/metrics").status_code == 401


def test_a_session_cookie_opens_nothing(administrator: User, as_user: CallerOf) -> None:
    call = as_user(None)
    call.client.force_login(administrator)
    assert call("GET", "systems").status_code == 401


@pytest.mark.parametrize("word", ["Bearer nonsense", "Basic YTpi", "Bearer ", "nonsense", "Bearer \xff"])
def test_a_wrong_token_opens_nothing(word: str, as_user: CallerOf) -> None:
    answer = as_user(None)("GET", "systems", headers={"Authorization": word})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "urn:roomkeeper:problem:not-signed-in"


def test_a_locked_account_opens_nothing(operator: User, as_user: CallerOf) -> None:
    call = as_user(operator)
    User.objects.filter(pk=operator.pk).update(is_active=False)
    assert call("GET", "systems").status_code == 401
