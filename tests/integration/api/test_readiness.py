"""`/readyz`: what keeps a process from serving, and when it is over."""

from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError
from django.utils import timezone
from tests.integration.api.conftest import CallerOf

from roomkeeper.jobs import checks
from roomkeeper.jobs.models import Worker
from roomkeeper.systems.check_ins import store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker():
    store.note_success()
    yield Worker.objects.create(name="one", expires_at=timezone.now() + timedelta(seconds=10))
    store.note_success()


def failure(cause: psycopg.Error) -> OperationalError:
    error = OperationalError("failed")
    error.__cause__ = cause
    return error


def test_database_that_was_away_and_answers_again_is_no_hindrance(as_user: CallerOf) -> None:
    store.note_failure(failure(psycopg.OperationalError("the connection is closed")))
    assert as_user(None)("GET", "/readyz").status_code == 200
    assert not store.is_failing()


def test_full_disk_is_one_though_the_database_answers(as_user: CallerOf) -> None:
    store.note_failure(failure(psycopg.errors.DiskFull("could not extend file")))
    answer = as_user(None)("GET", "/readyz")
    assert (answer.status_code, b"cannot be written" in answer.content) == (503, True)


def test_what_only_an_administrator_should_know_is_none(as_user: CallerOf) -> None:
    fault = checks.CheckResult("backup program", False, "pg_dump is missing in /usr/bin of db.example.org")
    checks.register(checks.Check("backup program", lambda *, now: fault, ticket="warning"))
    assert as_user(None)("GET", "/readyz").status_code == 200
    deciding = checks.Check(
        "rights", lambda *, now: fault, decides_readiness=True, publicly="something is missing"
    )
    checks.register(deciding)
    answer = as_user(None)("GET", "/readyz")
    assert (answer.status_code, b"something is missing" in answer.content) == (503, True)
    assert b"db.example.org" not in answer.content
