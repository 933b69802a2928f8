"""Working on a job: items and their outcomes, secrets, cancelling, another worker taking over. The engine is left out
here; with it and with real workers it is proven among the acceptance tests."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest

from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob, perform
from roomkeeper.systems.models import ChangeEvent

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


class Trial:
    """A kind of job whose items do what a test says, and which counts them."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.most_at_once = 0
        self._now = 0
        self.at_once = 5
        self.on_item = self._nothing
        work.register_kind(work.JobKind("trial", self.run))

    async def _nothing(self, job: RunningJob, item: Item) -> ItemOutcome:
        return ItemOutcome("done", f"did {item.label}")

    async def run(self, job: RunningJob) -> str:
        async def one(item: Item) -> ItemOutcome:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            try:
                await asyncio.sleep(0)
                self.done[item.label] += 1
                return await self.on_item(job, item)
            finally:
                self._now -= 1

        await job.each(one, at_once=self.at_once)
        return f"{sum(self.done.values())} items"


@pytest.fixture
def trial():
    return Trial()


def create(number: int = 3, **values):
    items = [work.NewItem(f"item {one}", {"number": one}) for one in range(number)]
    return work.create("trial", "A trial", items, user=None, now=NOW, **values)


def run(job: Job, worker: str = "w1") -> str:
    return asyncio.run(perform(job.pk, worker))


def states(job: Job) -> dict[str, int]:
    return {state: number for state, number in work.counts([job.pk])[job.pk].items() if number}


def test_job_does_every_item_once_and_ends(trial):
    job = create(500)
    assert run(job) == "done"
    job.refresh_from_db()
    assert (job.state, job.summary) == ("done", "500 items")
    assert states(job) == {"done": 500}
    assert set(trial.done.values()) == {1}
    assert trial.most_at_once == trial.at_once
    assert job.started_at is not None
    assert job.ended_at is not None
    assert ChangeEvent.objects.filter(topic="job", system_id=job.pk).exists()


def test_item_that_fails_inside_fails_alone_and_says_so_without_its_text(trial):
    async def fail(job: RunningJob, item: Item) -> ItemOutcome:
        if item.parameters["number"] == 1:
            raise RuntimeError("password=hunter2")
        return ItemOutcome("warning", "nearly", "do this", system_id=7, details={"a": 1})

    trial.on_item = fail
    job = create()
    assert run(job) == "done"
    assert states(job) == {"warning": 2, "failed": 1}
    failed = JobItem.objects.get(job=job, state="failed")
    assert "RuntimeError" in failed.summary
    assert "hunter2" not in failed.summary + failed.advice
    warned = JobItem.objects.filter(job=job, state="warning").first()
    assert (warned.summary, warned.advice, warned.system_id, warned.details) == (
        "nearly",
        "do this",
        7,
        {"a": 1},
    )


def test_what_an_item_noted_of_itself_stays_even_where_it_fails_inside(trial):
    async def note(job: RunningJob, item: Item) -> ItemOutcome:
        noted = JobItem.objects.filter(pk=item.id)
        await off_loop(noted.update, details={"tries": [item.label], "result": "begun"})
        if item.label == "item 0":
            raise RuntimeError
        return ItemOutcome("done", "did it", details={"result": "added"})

    trial.on_item = note
    job = create(2)
    assert run(job) == "done"
    assert list(JobItem.objects.filter(job=job).order_by("id").values_list("state", "details")) == [
        ("failed", {"tries": ["item 0"], "result": "begun"}),
        ("done", {"tries": ["item 1"], "result": "added"}),
    ]


def test_items_added_on_the_way_are_done_too(trial):
    async def add(job: RunningJob, item: Item) -> ItemOutcome:
        if item.label == "item 0":
            await job.add_items([work.NewItem(f"more {one}") for one in range(20)])
        return ItemOutcome("done", "")

    trial.on_item = add
    job = create(1)
    run(job)
    assert states(job) == {"done": 21}


def test_secrets_are_encrypted_and_forgotten_when_the_job_ends(trial):
    seen = []

    async def look(job: RunningJob, item: Item) -> ItemOutcome:
        seen.append(job.secrets)
        return ItemOutcome("done", "")

    trial.on_item = look
    job = create(1, secrets={"password": "hunter2"})
    assert b"hunter2" not in bytes(Job.objects.get(pk=job.pk).secrets_ciphertext)
    run(job)
    assert seen == [{"password": "hunter2"}]
    assert bytes(Job.objects.get(pk=job.pk).secrets_ciphertext) == b""


def test_job_that_has_not_begun_is_cancelled_at_once(trial):
    job = create()
    work.cancel(job, now=NOW)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert states(job) == {"cancelled": 3}
    assert run(job) == "ended before"
    assert not trial.done
    with pytest.raises(work.JobRefused, match="already ended"):
        work.cancel(job, now=NOW)


def test_running_job_that_is_cancelled_gives_up_what_it_has_in_hand(trial):
    job = create(50)

    async def wait_for_ever(running: RunningJob, item: Item) -> ItemOutcome:
        if sum(trial.done.values()) == trial.at_once:
            await asyncio.to_thread(work.cancel, job, now=NOW)
        await asyncio.Event().wait()
        raise AssertionError("never")

    trial.on_item = wait_for_ever
    assert run(job) == "cancelled"
    assert states(job) == {"cancelled": 50}


def test_what_a_dead_worker_had_begun_is_begun_again_and_what_it_did_is_not(trial):
    job = create(3)
    JobItem.objects.filter(job=job, label="item 0").update(state="done")
    JobItem.objects.filter(job=job, label="item 1").update(state="running")
    Job.objects.filter(pk=job.pk).update(state="running", worker="dead/1")
    assert run(job) == "done"
    assert trial.done == {"item 1": 1, "item 2": 1}


def test_worker_that_was_thought_dead_writes_nothing_any_more(trial):
    job = create(3)

    async def lose(running: RunningJob, item: Item) -> ItemOutcome:
        await asyncio.to_thread(Job.objects.filter(pk=job.pk).update, worker="another/1")
        return ItemOutcome("done", "written by the one that was thought dead")

    trial.on_item = lose
    assert run(job) == "taken over"
    job.refresh_from_db()
    assert (job.state, job.worker) == ("running", "another/1")
    assert not JobItem.objects.filter(job=job, state="done").exists()


def test_job_whose_kind_fails_is_failed(trial):
    async def fail(job: RunningJob) -> str:
        raise RuntimeError("inside")

    work.register_kind(work.JobKind("trial", fail))
    job = create(1)
    assert run(job) == "failed"
    job.refresh_from_db()
    assert "RuntimeError" in job.summary
    assert states(job) == {"cancelled": 1}


def test_unknown_kind_is_refused():
    with pytest.raises(work.JobRefused, match="knitting"):
        work.create("knitting", "A jumper", [], user=None, now=NOW)
