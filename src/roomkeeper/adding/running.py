"""The job kind "add systems": its items one by one, many at a time, and the sentence at its end."""

import asyncio
from typing import Final

from django.db import transaction

from roomkeeper.adding import finishing, plan
from roomkeeper.adding.one import add_one
from roomkeeper.devices.discovery import transport_for
from roomkeeper.jobs import work
from roomkeeper.jobs.models import JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.words import gettext as _

# Silent addresses wait for their time-outs side by side.
AT_ONCE: Final = 64
# Pushing and reading is work: all at once, every one of them would be late.
FINISHED_AT_ONCE: Final = 12


async def run(job: RunningJob) -> str:
    """Add what the job asks for; returns the sentence for people. Called again, it goes on where it stands."""
    asked = await off_loop(plan.load, job)
    places = asyncio.Semaphore(FINISHED_AT_ONCE)
    async with transport_for(AT_ONCE) as looking:

        async def add(item: Item) -> ItemOutcome:
            return await add_one(asked, item, looking, places)

        await job.each(add, at_once=AT_ONCE)
    return await off_loop(_conclude, job)


def _conclude(job: RunningJob) -> str:
    """What was given up in the middle is left to the pump; then the counts in words."""
    items = JobItem.objects.filter(job_id=job.job_id)
    with transaction.atomic():
        begun = items.filter(state__in=JobItem.OPEN, system_id__isnull=False)
        finishing.make_due([pk for pk in begun.values_list("system_id", flat=True) if pk is not None])
    by_result: dict[str, int] = {}
    for result in items.filter(state__in=(JobItem.State.DONE, JobItem.State.WARNING)).values_list(
        "details__result", flat=True
    ):
        by_result[str(result)] = by_result.get(str(result), 0) + 1
    counts = work.counts([job.job_id])[job.job_id]
    warned = counts["warning"]
    added = _("{by_result} added", by_result=by_result.get("added", 0))
    others = (
        (by_result.get("registered", 0), "registered"),
        (by_result.get("already_here", 0), _("already here")),
        (counts["skipped"], _("without an answer")),
        (counts["failed"], "failed"),
        (job.parameters.get("left_out_count", 0), _("not understood")),
    )
    told = [_("{added}, {warned} of them with warnings", added=added, warned=warned) if warned else added]
    told += [f"{number} {word}" for number, word in others if number]
    return "; ".join(told) + "."
