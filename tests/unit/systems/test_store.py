"""Whether the store can be written, by what a process saw."""

import psycopg
import pytest
from django.db import OperationalError

from roomkeeper.systems.check_ins import store


@pytest.fixture(autouse=True)
def _nothing_failed():
    store.note_success()
    yield
    store.note_success()


def failure(cause: Exception | None) -> OperationalError:
    error = OperationalError("failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "is_away"),
    [
        (psycopg.OperationalError("the connection is closed"), True),
        (psycopg.errors.AdminShutdown("terminating"), True),
        (psycopg.errors.CannotConnectNow("starting up"), True),
        (psycopg.errors.TooManyConnections("slots"), True),
        (psycopg.errors.DiskFull("could not extend file"), False),
        (psycopg.errors.SerializationFailure("concurrent update"), False),
        (None, False),
    ],
)
def test_answer_says_that_a_database_is_back_and_nothing_of_a_full_disk(
    cause: Exception | None, is_away: bool
) -> None:
    store.note_failure(failure(cause))
    assert store.is_failing()
    store.note_answer()
    assert store.is_failing() is not is_away


def test_write_that_succeeds_says_that_it_can_be_written() -> None:
    store.note_failure(failure(None))
    store.note_success()
    assert not store.is_failing()
