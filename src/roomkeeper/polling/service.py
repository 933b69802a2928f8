"""Polling as others ask for it: now, by a job; and what is known of a system's polls."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from roomkeeper.accounts.person import Person
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.jobs.work import NewItem
from roomkeeper.polling import asking, claiming, planning, results
from roomkeeper.polling.asking import AskedSystem
from roomkeeper.polling.claiming import PollTask
from roomkeeper.polling.models import Poll
from roomkeeper.systems import network_settings
from roomkeeper.systems.inventory import shared_path
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

KIND: Final = "poll"
AT_ONCE: Final = 40
_ADVICE: Final = noop("See its Connection tab for its address, its login and how it is reached.")


@dataclass(frozen=True, slots=True)
class PollFacts:
    """What pages and the API tell of a system's polls. `why_not` is set where it is not polled."""

    why_not: str
    last_at: datetime | None = None
    last_ok_at: datetime | None = None
    due_at: datetime | None = None
    due_because: str = ""
    error: str = ""
    duration_ms: int | None = None
    failures: int = 0


def start(systems: Collection[System], *, user: Person, now: datetime) -> Job:
    """A job that asks these systems for their status now, one item each."""
    names = [system.name for system in systems]
    title = (
        _("Poll {names}", names=names[0]) if len(names) == 1 else _("Poll {count} systems", count=len(names))
    )
    items = [NewItem(str(system), system_id=system.pk) for system in systems]
    return work.create(
        KIND,
        title,
        items,
        user=user,
        now=now,
        folder_path=shared_path(system.folder.path for system in systems),
    )


async def run(job: RunningJob) -> str:
    """Work on such a job."""
    await job.each(_poll, at_once=AT_ONCE)
    counts = (await off_loop(work.counts, [job.job_id]))[job.job_id]
    answered, others = counts[JobItem.State.DONE], sum(counts.values()) - counts[JobItem.State.DONE]
    return _("{answered} answered", answered=answered) + (
        _(", {others} did not.", others=others) if others else "."
    )


async def _poll(item: Item) -> ItemOutcome:
    task, reason = await off_loop(_prepare, item.system_id)
    if task is None:
        return ItemOutcome(JobItem.State.SKIPPED, reason, _(_ADVICE))
    asked = await asking.ask(task)
    kept = await off_loop(partial(results.store, [asked], now=datetime.now(UTC)))
    error = results.error_of(asked, kept[asked.system_id])
    if error is not None and "status" not in kept[asked.system_id].documents:
        return ItemOutcome(JobItem.State.FAILED, error.what_happened, error.advice, details=_told(asked))
    if error is not None:
        return ItemOutcome(JobItem.State.WARNING, error.what_happened, error.advice, details=_told(asked))
    return ItemOutcome(
        JobItem.State.DONE,
        _("Answered in {duration_ms} ms.", duration_ms=asked.duration_ms),
        details=_told(asked),
    )


def _told(asked: AskedSystem) -> dict[str, Any]:
    return {"duration_ms": asked.duration_ms, "bytes": sum(len(one.payload) for one in asked.fetched)}


def _prepare(system_id: int | None) -> tuple[PollTask | None, str]:
    system = System.objects.select_related("contact").filter(pk=system_id or 0).first()
    if system is None:
        return None, _("It was deleted.")
    return claiming.task_of(system, settings=network_settings.get(), now=datetime.now(UTC))


def facts_of(systems: Iterable[System]) -> dict[int, PollFacts]:
    """What is known of the polls of these systems, each with its contact; by system id."""
    by_id = {system.pk: system for system in systems}
    rows = Poll.objects.in_bulk(by_id)
    is_on = network_settings.get().polling
    return {pk: _facts(system, rows.get(pk), is_on=is_on) for pk, system in by_id.items()}


def _facts(system: System, row: Poll | None, *, is_on: bool) -> PollFacts:
    reason = planning.why_not(claiming.candidate_of(system))
    why_not = reason or ("" if is_on else _("Polling is off in Network settings."))
    if row is None:
        return PollFacts(why_not)
    return PollFacts(
        why_not,
        row.last_at,
        row.last_ok_at,
        None if why_not else row.due_at,
        row.due_because,
        row.error,
        row.duration_ms,
        max(0, -row.in_a_row),
    )
