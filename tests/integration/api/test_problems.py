"""Errors: problem+json, whatever goes wrong."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.api import health
from roomkeeper.jobs.models import Worker
from roomkeeper.people import own_surface
from roomkeeper.systems.models import System

pytestmark = pytest.mark.one_database

MEMBERS = {"type", "title", "status", "detail", "hint", "errors"}


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("GET", "systems/999999", b"", 404),
        ("GET", "systems/99999999999999999999999", b"", 404),
        ("GET", "systems/abc", b"", 404),
        ("GET", "nothing/here", b"", 404),
        ("GET", "", b"", 404),
        ("PUT", "systems", b"", 405),
        ("DELETE", "network-settings", b"", 405),
        ("POST", "systems", b"{", 400),
        ("POST", "systems", b"\xff\xfe", 400),
        ("POST", "systems", b'{"name": NaN}', 400),
        ("POST", "systems", b'{"name": "\\u0000"}', 422),
        ("POST", "systems", b'{"name": "\\ud800"}', 422),
        ("POST", "systems", b"[" * 100_000, 400),
        ("POST", "systems", b"", 422),
        ("POST", "systems", b"[]", 422),
        ("POST", "systems", b"null", 422),
        ("POST", "systems", b'{"colour": "red"}', 422),
    ],
)
def test_every_error_is_a_problem(method: str, path: str, raw: bytes, status: int, call: Caller) -> None:
    answer = call(method, path, raw=raw)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == MEMBERS
    assert problem["status"] == status
    assert problem["type"].startswith("urn:roomkeeper:problem:")
    assert problem["title"]
    assert problem["detail"]


def test_a_method_that_is_not_offered_says_which_are(call: Caller) -> None:
    answer = call("PUT", "systems")
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}


def test_a_body_over_the_limit_is_413(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", 1000)
    answer = call("POST", "systems", {"name": "x" * 2000})
    assert answer.status_code == 413
    assert answer.json()["title"] == "Too large"


def test_who_may_not_is_told_so_before_the_body_is_read(viewer: object, as_user: CallerOf) -> None:
    answer = as_user(viewer)("POST", "systems", raw=b"{")  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:roomkeeper:problem:not-permitted"


def test_a_fault_of_ours_is_500_without_its_inside(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(own_surface, "grants_of", fail)
    answer = call("GET", "me")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "the inside" not in answer.content.decode()


def test_a_database_that_is_away_is_503(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the inside")

    monkeypatch.setattr(own_surface, "grants_of", fail)
    answer = call("GET", "me")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:roomkeeper:problem:store-unavailable"
    assert "the inside" not in answer.content.decode()


def test_monitoring_answers(
    call: Caller, as_user: CallerOf, boardroom: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = as_user(None)
    assert nobody("GET", "/healthz").json() == {"status": "ok"}
    answer = nobody("GET", "/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "Jobs: no worker runs.")
    Worker.objects.create(name="w", expires_at=timezone.now() + timedelta(seconds=10))
    assert nobody("GET", "/readyz").json() == {"status": "ready"}
    text = call("GET", "/metrics").content.decode()
    assert 'roomkeeper_systems{state="managed"} 1.0' in text
    assert 'roomkeeper_systems_alive{alive="yes"} 1.0' in text
    assert nobody("GET", "/metrics").status_code == 401
    options = type("Open", (), {"metrics_are_open": True, "data": settings.OPTIONS.data})
    monkeypatch.setattr(health.settings, "OPTIONS", options)
    assert nobody("GET", "/metrics").status_code == 200


def test_a_slash_at_the_end_changes_nothing(call: Caller) -> None:
    assert call.get("systems/") == call.get("systems")
    assert call("POST", "systems/", {"serial_number": "FTT1"}).status_code == 201
    assert call("GET", "systems/?colour=red").status_code == 422


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v2/systems", "/api/v1/nothing/", "/api/v1/systems//"]
)
def test_an_unknown_address_of_the_api_is_a_problem(path: str, call: Caller) -> None:
    answer = call("GET", path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
