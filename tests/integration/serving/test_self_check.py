"""The server's checks of itself: who reads them, and the tickets that their faults open."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from roomkeeper.jobs import checks, workers
from roomkeeper.jobs.checks import Check, CheckResult
from roomkeeper.jobs.models import Job, Worker
from roomkeeper.serving.self_check import AGAIN_EVERY, Tickets
from roomkeeper.tickets.models import Ticket

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def registry(db):
    """The registry of this process, empty."""
    checks._checks.clear()


class Thing:
    """Something that may be at fault."""

    def __init__(self, *, ok: bool = False) -> None:
        self.ok = ok

    def __call__(self, *, now):
        return CheckResult("thing", self.ok, "is broken", "Mend it.")


def tickets():
    return [(t.kind, t.level, t.state, t.reason, t.advice, t.count) for t in Ticket.objects.order_by("id")]


def test_fault_that_lasts_opens_one_ticket_and_its_end_closes_it():
    thing = Thing()
    checks.register(Check("jobs do not run", thing, ticket="critical", patience=timedelta(minutes=1)))
    keeper = Tickets()
    for moment in (0.0, 30.0, 59.0):
        keeper.keep(now=NOW, moment=moment)
    assert tickets() == []
    for moment in (60.0, 80.0, 100.0):
        keeper.keep(now=NOW, moment=moment)
    opened = ("jobs do not run", "critical", "open", "Thing: is broken.", "Mend it.")
    assert tickets() == [(*opened, 1)]
    keeper.keep(now=NOW, moment=60.0 + AGAIN_EVERY)
    assert tickets() == [(*opened, 2)]
    thing.ok = True
    keeper.keep(now=NOW, moment=700.0)
    assert [t[2] for t in tickets()] == ["closed"]


def test_short_fault_opens_none():
    thing = Thing()
    checks.register(Check("jobs do not run", thing, ticket="warning", patience=timedelta(minutes=1)))
    keeper = Tickets()
    for moment, ok in ((0.0, False), (40.0, True), (50.0, False), (100.0, False)):
        thing.ok = ok
        keeper.keep(now=NOW, moment=moment)
    assert tickets() == []


def test_only_checks_that_decide_readiness_hinder_it():
    checks.register(Check("one", Thing(), decides_readiness=True))
    checks.register(Check("other", Thing()))
    checks.register(Check("sound", Thing(ok=True), decides_readiness=True))
    assert [fault.what for fault in checks.hindrances(now=NOW)] == ["thing"]
    assert len(checks.examine(now=NOW)) == 3


def test_readiness_asks_the_quick_look_and_tells_no_names():
    def slow(*, now):
        raise AssertionError("asked by whoever likes, it would take too long")

    checks.register(
        Check("keys", slow, decides_readiness=True, quick=Thing(), publicly="the key file cannot be used")
    )
    assert checks.hindrances(now=NOW) == [
        CheckResult("thing", False, "the key file cannot be used", "Mend it.")
    ]


@pytest.mark.parametrize("error", [OperationalError("gone"), KeyError("x")])
def test_check_that_fails_is_a_fault_and_stops_no_other(error):
    def failing(*, now):
        raise error

    checks.register(Check("failing", failing, decides_readiness=True))
    checks.register(Check("sound", Thing(ok=True)))
    assert [(one.what, one.ok) for one in checks.examine(now=NOW)] == [("failing", False), ("thing", True)]


def worker(seconds, problem=""):
    Worker.objects.create(name=f"w{seconds}{problem}", expires_at=NOW + seconds * SECOND, problem=problem)


def job(minutes, state):
    Job.objects.create(kind="k", title="t", state=state, created_at=NOW - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("rows", "ok", "words"),
    [
        ([], False, "no worker runs"),
        ([lambda: worker(10)], True, "0 running"),
        ([lambda: worker(-1)], False, "no worker runs"),
        # A worker from before somebody set the clock back (rule R16).
        ([lambda: worker(3600)], False, "no worker runs"),
        ([lambda: worker(50, "No right to make a schema.")], False, "cannot start"),
        ([lambda: worker(50, "No right."), lambda: worker(10)], True, "0 running"),
        ([lambda: worker(10), lambda: job(1, Job.State.QUEUED)], True, "0 running"),
        ([lambda: worker(10), lambda: job(3, Job.State.QUEUED)], False, "waiting since 2026-11-01 07:57"),
        (
            [lambda: worker(10), lambda: job(3, Job.State.QUEUED), lambda: job(9, Job.State.RUNNING)],
            True,
            "1 running",
        ),
    ],
)
def test_jobs_run_where_a_living_worker_takes_them_up(rows, ok, words):
    for make in rows:
        make()
    found = workers.look(now=NOW)
    assert (found.ok, words in found.words) == (ok, True), found
