"""A clock that steps by an hour either way stops nothing (rule R16): rows as a stepped clock leaves them."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.jobs import leases, replanning, schedule
from roomkeeper.jobs.clock import STEP, Watch
from roomkeeper.jobs.models import Lease
from roomkeeper.polling import claiming
from roomkeeper.polling.models import Poll
from roomkeeper.provisioning.models import ChangeItem, DeliveryState
from roomkeeper.provisioning.planning import create_change_set
from roomkeeper.systems import housekeeping
from roomkeeper.systems.contact import probing
from roomkeeper.systems.models import Contact, Probe

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seconds", "moment", "step"),
    [
        (10, 10.0, None),
        (10 + 59, 10.0, None),
        (10 - 59, 10.0, None),
        (3610, 10.0, HOUR),
        (-3590, 10.0, -HOUR),
        # The machine slept: the monotonic clock of Linux stands still meanwhile.
        (3600, 0.5, HOUR - 0.5 * SECOND),
    ],
)
def test_step_is_what_the_clock_went_on_more_or_less_than_time_did(seconds, moment, step):
    watch = Watch()
    assert watch.step(NOW, 100.0) is None
    assert watch.step(NOW + seconds * SECOND, 100.0 + moment) == step


def test_step_is_told_once():
    watch = Watch()
    watch.step(NOW, 0.0)
    assert watch.step(NOW - HOUR, 1.0) == -HOUR - SECOND
    assert watch.step(NOW - HOUR + SECOND, 2.0) is None


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_lease_from_before_the_step_holds_nobody_up(db, step):
    assert leases.take("schedule", "killed", now=NOW)
    assert leases.take("schedule", "new", now=NOW + step)
    assert leases.take("schedule", "new", now=NOW + step + SECOND)
    assert Lease.objects.get().holder == "new"


@pytest.mark.parametrize("seconds", [1, 19])
def test_lease_of_its_own_length_is_held(db, seconds):
    leases.take("schedule", "one", now=NOW)
    assert not leases.take("schedule", "other", now=NOW + seconds * SECOND)


def test_schedule_runs_on_whatever_the_wall_clock_says(db):
    runs = []
    kept = dict(schedule._tasks)
    schedule._tasks.clear()
    try:
        schedule.register("work", timedelta(seconds=5), lambda *, now: runs.append(now) or 0)
        for moment, now in ((0.0, NOW), (5.0, NOW - HOUR), (10.0, NOW - HOUR), (15.0, NOW + HOUR)):
            schedule.run_due(now=now, moment=moment)
    finally:
        schedule._tasks.clear()
        schedule._tasks.update(kept)
    assert len(runs) == 4


def test_probe_that_was_claimed_before_the_step_is_taken(boardroom):
    Probe.objects.create(system=boardroom, not_before=NOW - HOUR, claimed_until=NOW + HOUR)
    assert [probe.system_id for probe in probing._claim(NOW)] == [boardroom.pk]
    assert probing._claim(NOW + SECOND) == []


def test_poll_that_was_claimed_before_the_step_is_free(boardroom):
    Poll.objects.update_or_create(system=boardroom, defaults={"due_at": NOW, "claimed_until": NOW + HOUR})
    assert Poll.objects.filter(claiming.free(NOW)).exists()
    Poll.objects.update(claimed_until=NOW + SECOND)
    assert not Poll.objects.filter(claiming.free(NOW)).exists()


def test_what_happened_ahead_of_a_clock_that_was_set_back_is_planned_anew(boardroom):
    ahead = NOW + HOUR
    Contact.objects.filter(pk=boardroom.pk).update(
        last_seen_at=ahead, overdue_at=ahead + HOUR, interval=900, documents_asked_at=ahead, is_alive=True
    )
    Poll.objects.update_or_create(system=boardroom, defaults={"last_at": ahead, "due_at": ahead})
    Probe.objects.create(system=boardroom, asked_at=ahead, not_before=ahead)
    create_change_set([boardroom], {"Audio/DefaultVolume": "60"}, user=None, now=NOW)
    ChangeItem.objects.update(state=DeliveryState.DELIVERED, delivered_at=ahead)
    type(boardroom).objects.filter(pk=boardroom.pk).update(login_refused_at=ahead)
    assert replanning.replan(now=NOW) > 0
    contact = Contact.objects.get(pk=boardroom.pk)
    assert contact.last_seen_at == contact.documents_asked_at == NOW
    assert contact.overdue_at == NOW + 2 * timedelta(seconds=900) + timedelta(seconds=60)
    poll, probe = Poll.objects.get(), Probe.objects.get()
    assert poll.due_at == poll.last_at == probe.not_before == probe.asked_at == NOW
    assert ChangeItem.objects.get().delivered_at == NOW
    boardroom.refresh_from_db()
    assert boardroom.login_refused_at == NOW
    assert replanning.replan(now=NOW) == 0


def test_nothing_is_planned_anew_while_the_clock_is_right(boardroom):
    Contact.objects.filter(pk=boardroom.pk).update(last_seen_at=NOW + STEP, overdue_at=NOW + HOUR)
    Poll.objects.update_or_create(system=boardroom, defaults={"last_at": NOW, "due_at": NOW + HOUR})
    assert replanning.replan(now=NOW) == 0


def test_clock_that_was_set_forward_makes_nobody_silent(boardroom):
    Contact.objects.filter(pk=boardroom.pk).update(
        is_alive=True, overdue_at=NOW + 30 * timedelta(minutes=1), interval=900
    )
    schedule.take_lease("one", now=NOW)
    schedule.take_lease("one", now=NOW + HOUR)
    assert housekeeping.sweep_liveness(now=NOW + HOUR) == 0
    assert Contact.objects.get(pk=boardroom.pk).is_alive
