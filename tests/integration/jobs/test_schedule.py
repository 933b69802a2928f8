"""Regular work: what is due, what fails, and the lease that gives it one leader (rule R9)."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.jobs import schedule
from roomkeeper.jobs.leases import HELD, holder_name
from roomkeeper.jobs.models import Lease
from roomkeeper.jobs.schedule import register, take_lease

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def tasks(db):
    """The registry of this process, given back as it was."""
    kept = {name: (task, task.due_at) for name, task in schedule._tasks.items()}
    schedule._tasks.clear()
    after_downtime = list(schedule._after_downtime)
    schedule._after_downtime.clear()
    yield
    schedule._tasks.clear()
    schedule._after_downtime[:] = after_downtime
    for name, (task, due_at) in kept.items():
        task.due_at = due_at
        schedule._tasks[name] = task


def run_due(*, now: datetime) -> None:
    """A moment of the monotonic clock for each of the clock on the wall: nobody sets it here."""
    schedule.run_due(now=now, moment=now.timestamp())


class Work:
    """A task that has so much to do."""

    def __init__(self, left: int = 0) -> None:
        self.left = left
        self.runs: list[datetime] = []

    def __call__(self, *, now: datetime) -> int:
        self.runs.append(now)
        done = min(self.left, 1)
        self.left -= done
        return done


def failing(*, now: datetime) -> int:
    raise RuntimeError("cannot")


def test_task_runs_at_once_and_then_every_so_often():
    work = Work()
    register("work", MINUTE, work)
    for passed in (0, 59, 60, 119, 121):
        run_due(now=NOW + passed * SECOND)
    assert work.runs == [NOW, NOW + 60 * SECOND, NOW + 121 * SECOND]


def test_task_with_more_to_do_runs_again_until_it_is_done():
    work, once = Work(left=5), Work(left=5)
    register("work", MINUTE, work, until_done=True)
    register("once", MINUTE, once)
    run_due(now=NOW)
    assert (work.left, len(work.runs)) == (0, 6)
    assert (once.left, len(once.runs)) == (4, 1)


def test_task_that_is_never_done_leaves_room_for_others():
    endless, other = Work(left=10**9), Work()
    register("endless", MINUTE, endless, until_done=True)
    register("other", MINUTE, other)
    run_due(now=NOW)
    assert len(endless.runs) <= schedule.ROUNDS
    assert other.runs == [NOW]


def test_failing_task_stops_no_other_and_comes_again():
    before, after = Work(), Work()
    register("before", MINUTE, before)
    register("failing", SECOND, failing)
    register("after", MINUTE, after)
    run_due(now=NOW)
    run_due(now=NOW + MINUTE)
    assert before.runs == after.runs == [NOW, NOW + MINUTE]


def test_registering_a_name_again_replaces_its_task():
    old, new = Work(), Work()
    register("work", MINUTE, old)
    register("work", MINUTE, new)
    run_due(now=NOW)
    assert (old.runs, new.runs) == ([], [NOW])


def test_one_holder_has_the_lease_and_renews_it():
    assert take_lease("a", now=NOW)
    assert not take_lease("b", now=NOW + SECOND)
    assert take_lease("a", now=NOW + HELD - SECOND)
    assert not take_lease("b", now=NOW + HELD + SECOND)
    assert Lease.objects.get().holder == "a"


def test_lease_that_ran_out_is_taken_over_and_the_old_holder_learns_of_it():
    take_lease("a", now=NOW)
    assert take_lease("b", now=NOW + HELD)
    assert not take_lease("a", now=NOW + HELD + SECOND)


def test_processes_have_names_of_their_own():
    names = {holder_name() for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) <= 128 for name in names)


def test_what_is_to_follow_downtime_runs_once_after_nobody_ran_the_schedule():
    calls = []
    schedule.register_after_downtime(lambda *, since, now: calls.append((since, now)) or 0)
    take_lease("a", now=NOW)
    take_lease("a", now=NOW + HELD)
    take_lease("b", now=NOW + 2 * HELD)
    assert calls == []
    later = NOW + timedelta(hours=1)
    take_lease("c", now=later)
    take_lease("c", now=later + SECOND)
    assert calls == [(NOW + 2 * HELD, later)]


def test_first_start_of_all_is_no_downtime():
    calls = []
    schedule.register_after_downtime(lambda *, since, now: calls.append(since) or 0)
    assert take_lease("a", now=NOW)
    assert calls == []
