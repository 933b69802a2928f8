"""The job kind "edit systems": records of a great many systems, some at a time."""

from datetime import UTC, datetime
from typing import Final

from roomkeeper.accounts.models import User
from roomkeeper.bulk_editing.differences import RecordEdit
from roomkeeper.bulk_editing.writing import Written, write_records
from roomkeeper.jobs import work
from roomkeeper.jobs.models import JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.words import gettext as _

# One writes at a time; a second one is read meanwhile.
AT_ONCE: Final = 2
_TOLD: Final = 3


async def run(job: RunningJob) -> str:
    """Write the records; returns the sentence for people. Called again, what is written already stays as it is."""

    async def write(item: Item) -> ItemOutcome:
        return await off_loop(_write, item, job.user_id)

    await job.each(write, at_once=AT_ONCE)
    return await off_loop(_conclude, job.job_id)


def _write(item: Item, user_id: int | None) -> ItemOutcome:
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is None:
        return ItemOutcome(JobItem.State.FAILED, _("The person who asked for it no longer has an account."))
    edits = [
        RecordEdit(system_id, label, {name: (before, after) for name, (before, after) in changes.items()})
        for system_id, label, changes in item.parameters["edits"]
    ]
    return _told(write_records(edits, user=user, now=datetime.now(UTC)), edits)


def _told(written: Written, edits: list[RecordEdit]) -> ItemOutcome:
    details = {"written": written.done, "refused": [[key, sentence] for key, sentence in written.refused]}
    only = edits[0].system_id if len(edits) == 1 else None
    if not written.refused:
        return ItemOutcome(
            JobItem.State.DONE, _("{done} written.", done=written.done), system_id=only, details=details
        )
    sentences = " ".join(sentence for _, sentence in written.refused[:_TOLD])
    more = _(" And {count} more.", count=len(written.refused) - _TOLD) if len(written.refused) > _TOLD else ""
    state = JobItem.State.WARNING if written.done else JobItem.State.FAILED
    advice = _("Import the file again: what has been written stays, and the rest is shown again.")
    return ItemOutcome(
        state,
        _("{done} written. {sentences}{more}", done=written.done, sentences=sentences, more=more),
        advice,
        system_id=only,
        details=details,
    )


def _conclude(job_id: int) -> str:
    ended = JobItem.objects.filter(job_id=job_id).values_list("details", flat=True)
    written = refused = 0
    for details in ended:
        written += details.get("written", 0)
        refused += len(details.get("refused", ()))
    failed = work.counts([job_id])[job_id]["failed"]
    told = _("{written:,} records written", written=written)
    if refused:
        told += _("; {refused:,} not", refused=refused)
    elif failed:
        told += _("; {failed} parts failed", failed=failed)
    return told + "."
