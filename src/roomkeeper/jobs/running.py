"""Working on a job: its items are taken, done many at a time, and their outcomes written a few times a second."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from django.db import transaction

from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.work import SENTENCE_LIMIT, NewItem
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

WRITE_EVERY: Final = 0.25
WRITE_AT_ONCE: Final = 200


class Fenced(RuntimeError):
    """Another worker has taken the job over; whoever finds this stops without writing."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item that is being worked on."""

    id: int
    label: str
    parameters: dict[str, Any]
    system_id: int | None


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of an item: a state (done, warning, failed, skipped), a sentence, and what a person can do."""

    state: str
    summary: str
    advice: str = ""
    system_id: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


Function = Callable[[Item], Awaitable[ItemOutcome]]


class RunningJob:
    """A job in the hands of its kind."""

    def __init__(self, job: Job, worker: str) -> None:
        self.job_id = job.pk
        self.title = job.title
        self.parameters: dict[str, Any] = job.parameters
        self.secrets = work.secrets_of(job)
        self.user_id: int | None = job.created_by_id
        self.is_cancelled = job.cancel_requested_at is not None
        self._worker = worker

    async def add_items(self, items: Iterable[NewItem]) -> int:
        """More parts; `each` takes them up as well."""
        return await off_loop(work.add_items, self.job_id, list(items))

    async def each(self, function: Function, *, at_once: int = 40) -> None:
        """Call the function for every item that waits, so many at a time, until none is left or somebody cancels.

        What the function raises becomes the item's failure; it should turn the errors it knows into outcomes.
        """
        tasks: dict[asyncio.Task[ItemOutcome], Item] = {}
        queue: deque[Item] = deque()
        outcomes: list[tuple[Item, ItemOutcome]] = []
        written_at = -WRITE_EVERY
        try:
            while True:
                is_time = time.monotonic() - written_at >= WRITE_EVERY
                if is_time or not (tasks or queue) or len(outcomes) >= WRITE_AT_ONCE:
                    taken = await off_loop(self._exchange, outcomes, at_once * 2 - len(queue))
                    outcomes, written_at = [], time.monotonic()
                    queue.extend(taken)
                    if self.is_cancelled or not (tasks or queue):
                        return
                while queue and len(tasks) < at_once:
                    item = queue.popleft()
                    tasks[asyncio.create_task(_outcome_of(function, item))] = item
                done, _rest = await asyncio.wait(
                    tasks, timeout=WRITE_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
                outcomes += [(tasks.pop(task), task.result()) for task in done]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _exchange(self, outcomes: list[tuple[Item, ItemOutcome]], wanted: int) -> list[Item]:
        """Write what was done, and take more; one short transaction. Raises `Fenced`."""
        # Mostly there is nothing to do, and a transaction would keep other writers waiting to find that out (rule R9).
        if not outcomes and not self._has_more(wanted):
            return []
        now = datetime.now(UTC)
        with transaction.atomic():
            job = Job.objects.select_for_update().get(pk=self.job_id)
            self._look_at(job)
            rows = JobItem.objects.in_bulk([item.id for item, _ in outcomes])
            for item, outcome in outcomes:
                row = rows[item.id]
                row.state, row.ended_at = outcome.state, now
                row.summary, row.advice = outcome.summary[:SENTENCE_LIMIT], outcome.advice[:SENTENCE_LIMIT]
                row.system_id = outcome.system_id or row.system_id
                # What the item noted while it was worked on stays, such as the logins it tried.
                row.details = {**row.details, **outcome.details}
            written = ("state", "ended_at", "summary", "advice", "system_id", "details")
            JobItem.objects.bulk_update(rows.values(), written, batch_size=100)
            taken = []
            if wanted and not self.is_cancelled:
                waiting = JobItem.objects.filter(job=job, state=JobItem.State.WAITING).order_by("id")
                taken = list(waiting[:wanted])
                JobItem.objects.filter(pk__in=[row.pk for row in taken]).update(
                    state=JobItem.State.RUNNING, started_at=now
                )
            if outcomes or taken:
                work.changed.send(sender=Job, job=job)
        return [Item(row.pk, row.label, row.parameters, row.system_id) for row in taken]

    def _has_more(self, wanted: int) -> bool:
        """Whether items could be taken, as far as can be seen without a lock. Raises `Fenced`."""
        self._look_at(Job.objects.get(pk=self.job_id))
        if not wanted or self.is_cancelled:
            return False
        return JobItem.objects.filter(job=self.job_id, state=JobItem.State.WAITING).exists()

    def _look_at(self, job: Job) -> None:
        """Whether it is still ours, and wanted. Raises `Fenced`."""
        if job.worker != self._worker:
            raise Fenced(self.title)
        self.is_cancelled = job.cancel_requested_at is not None


async def perform(job_id: int, worker: str) -> str:
    """Work on the job from where it stands; returns its state. Called again for a job whose worker died."""
    # A name of its own each time, so that a worker that was thought dead finds that it is not the one any more.
    holder = f"{worker}/{secrets.token_hex(4)}"
    running = await off_loop(_begin, job_id, holder)
    if running is None:
        return "ended before"
    try:
        summary = await work.get_kind(running[1]).run(running[0])
    except Fenced:
        log.warning("another worker has taken the job over", job=job_id)
        return "taken over"
    except Exception as error:
        log.exception("job failed", job=job_id)
        words = _(
            "It had an internal error: {kind}. See the server's log; you can start it again.",
            kind=type(error).__name__,
        )
        return await off_loop(_end, job_id, holder, Job.State.FAILED, words)
    state = Job.State.CANCELLED if running[0].is_cancelled else Job.State.DONE
    return await off_loop(_end, job_id, holder, state, summary)


def _begin(job_id: int, holder: str) -> tuple[RunningJob, str] | None:
    now = datetime.now(UTC)
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None or job.state in Job.ENDED:
            return None
        # Items that a dead worker had begun are begun again.
        JobItem.objects.filter(job=job, state=JobItem.State.RUNNING).update(state=JobItem.State.WAITING)
        job.state, job.worker = Job.State.RUNNING, holder
        job.started_at = job.started_at or now
        job.save(update_fields=["state", "worker", "started_at"])
        work.changed.send(sender=Job, job=job)
        return RunningJob(job, holder), job.kind


def _end(job_id: int, holder: str, state: str, summary: str) -> str:
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.worker != holder:
            return "taken over"
        work.end(job, state, summary, now=datetime.now(UTC))
    return state


async def _outcome_of(function: Function, item: Item) -> ItemOutcome:
    try:
        return await function(item)
    except Exception as error:
        log.exception("an item of a job failed", item=item.label)
        return ItemOutcome(
            JobItem.State.FAILED,
            _("It had an internal error: {kind}.", kind=type(error).__name__),
            _("See the server's log. Try again; if this continues, report it."),
        )
