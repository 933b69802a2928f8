"""The API against its own OpenAPI document: made-up requests give no 500 and only answers that are documented."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from ninja import Schema
from schemathesis.checks import CHECKS
from tests.integration.api.conftest import Caller

from roomkeeper.accounts.models import User
from roomkeeper.systems.models import System
from roomkeeper.tickets.models import Ticket

pytestmark = pytest.mark.one_database

_django = get_wsgi_application()


def application(environment: dict[str, Any], start_response: Any) -> Any:
    """The API as a program on this machine reaches it."""
    return _django({**environment, "REMOTE_ADDR": "127.0.0.1"}, start_response)


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)

# Its own phase of boundary values for every parameter takes minutes; the examples below are random ones.
schema.config.phases.coverage.enabled = False


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Mostly ask for objects that exist: ids begin at 1."""
    return path_parameters and {
        name: abs(value) % 6 + 1 if isinstance(value, int) and value % 3 else value
        for name, value in path_parameters.items()
    }


@schema.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Nobody works on jobs here, so waiting for their end only takes time."""
    if query and isinstance(query.get("wait"), int | float) and 0 < query["wait"] <= 60:
        return {**query, "wait": 0.1}
    return query


@pytest.fixture
def caller(administrator: User, boardroom: System, home_office: System, vault: System) -> Iterator[Caller]:
    """The administrator's caller, with something in most lists."""
    call = Caller(administrator)
    Ticket.objects.create(system=boardroom, kind="identity changed", reason="swapped")
    call("POST", f"systems/{boardroom.pk}/restart")
    call("POST", "groups", {"name": "Team"})
    call(
        "PATCH", f"systems/{vault.pk}", {"name": "Safe", "tags": ["court"], "connectivity": "behind_firewall"}
    )
    # As Django's own test client does: the end of a request must not close the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield call
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_api_keeps_to_its_document(case: schemathesis.Case, caller: Caller) -> None:
    # What waits for a job closes the connection between two looks, which is the test's own.
    answer = case.call(headers={**caller.headers, "Prefer": "respond-async"})
    case.validate_response(
        answer,
        checks=CHECKS.get_by_names(
            [
                "not_a_server_error",
                "status_code_conformance",
                "content_type_conformance",
                "response_schema_conformance",
            ]
        ),
    )


def test_every_operation_is_told_with_its_problems() -> None:
    for path, operations in schema.raw_schema["paths"].items():
        for method, operation in operations.items():
            assert {"401", "403", "422"} <= operation["responses"].keys(), f"{method} {path}"
            assert operation["summary"]
            assert operation["security"] == [{"Token": []}]


def test_no_two_kinds_of_content_share_a_name() -> None:
    """The document names contents by their class alone: of two with one name, the last would stand for both."""
    modules: dict[str, set[str]] = {}
    classes: list[type[Schema]] = [Schema]
    while classes:
        found = classes.pop()
        classes += found.__subclasses__()
        if found.__module__.startswith("roomkeeper."):
            modules.setdefault(found.__name__, set()).add(found.__module__)

    assert schema.raw_schema["components"]["schemas"].keys() & modules.keys()
    assert {name: sorted(where) for name, where in modules.items() if len(where) > 1} == {}
