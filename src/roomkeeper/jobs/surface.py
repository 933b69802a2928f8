"""Jobs as people and programs see them: how far they are, and stopping one. Not here: what became of each part."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db.models import Q

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.operations.acts import Act
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Nested, Pages, Subject, register

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ItemState = Literal["waiting", "running", "done", "warning", "failed", "skipped", "cancelled"]
_WAITS: Final = (Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: its items by state, and how many of them are over."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All items."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """Those that were done, however they ended; what a stopped job left out is not among them."""
        return self.total - sum(self.counts[state] for state in (*JobItem.OPEN, JobItem.State.CANCELLED))

    @property
    def rest(self) -> int:
        """Those that are not over."""
        return self.total - self.ended

    @property
    def shown(self) -> list[tuple[str, int]]:
        """The states of ended items that there are any of."""
        return [
            (state, number) for state, number in self.counts.items() if number and state not in JobItem.OPEN
        ]


def _seen_by(grants: Grants) -> Q:
    return grants.folders(Permission.VIEW, "folder_path")


def _look_up_progress(rows: list[Any], grants: Grants, now: datetime) -> None:
    counts = work.counts(job.pk for job in rows)
    for job in rows:
        job.progress = Progress(counts[job.pk])


def _is_being_cancelled(job: Job) -> bool:
    return job.cancel_requested_at is not None and job.state not in Job.ENDED


def _kinds() -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in work.kind_names())


def _cancel(row: Job, *, user: Person, now: datetime) -> None:
    work.cancel(row, now=now)


JOBS = register(
    Subject(
        noun="job",
        plural="jobs",
        model=Job,
        meaning="Long work: adding systems, polling, diagnosing.",
        seen_by=_seen_by,
        place=lambda job: job.folder_path,
        search=("title", "summary", "created_by__username"),
        related=("created_by",),
        prepare=_look_up_progress,
        wait=lambda job, seconds: work.wait_for(job.pk, timedelta(seconds=seconds)),
        topic="job",
        page="job",
        pages=Pages(help="jobs", empty="jobs/empty.html"),
        fields=(
            Field(name="id", type=int, heading="No.", cell="key"),
            Field(name="title", type=str, heading="What", cell="jobs/cell_title.html", wraps=True),
            Field(name="kind", type=str, filter="one", choices=_kinds, heading="Kind", is_shown=False),
            Field(name="state", type=JobState, filter="one", heading="State", cell="jobs/cell_state.html"),
            Field(
                name="counts",
                type=dict[str, int],
                meaning="Items by state; every state is named.",
                read=lambda job: dict(job.progress.counts),
                heading="How far",
                cell="jobs/progress.html",
                wraps=True,
            ),
            Field(
                name="created_by",
                type=str | None,
                meaning="null: the server.",
                at="created_by__username",
                sort="",
                heading="By",
                cell="by",
            ),
            Field(name="created_at", type=datetime, heading="Asked", cell="when"),
            Field(name="started_at", type=datetime | None, sort=""),
            Field(name="ended_at", type=datetime | None, sort="", heading="Took", cell="jobs/cell_took.html"),
            Field(name="summary", type=str, sort="", heading="Result", is_shown=False),
            Field(name="is_being_cancelled", type=bool, read=_is_being_cancelled),
        ),
        acts=(
            Act(
                name="cancel",
                needs=Permission.MANAGE_SYSTEMS,
                owner=lambda job: job.created_by_id,
                run=_cancel,
                refused=(work.JobRefused,),
                summary="Stop a job: what was not begun is not begun, what is being done is given up. What was done "
                "stays.",
                title="Stop this job?",
                what="{row.title}: {row.progress.ended} of {row.progress.total} are done and stay as they are. "
                "{row.progress.rest} will not be done.",
                undo="It cannot be continued where it stopped; start it again for what is missing.",
                button="Stop",
                done="The job is being stopped; what it has done so far stays.",
                is_dangerous=True,
                offered=lambda job: job.state in _WAITS and job.cancel_requested_at is None,
            ),
        ),
    )
)


def _see_jobs(grants: Grants) -> Q:
    return grants.folders(Permission.VIEW, "job__folder_path")


JOB_ITEMS = register(
    Subject(
        noun="job item",
        plural="job items",
        model=JobItem,
        meaning="The parts of jobs, and the outcome of each.",
        seen_by=_see_jobs,
        place=lambda item: item.job.folder_path,
        order="id",
        search=("label", "summary"),
        related=("job",),
        label=lambda item: item.label,
        topic="job",
        pages=Pages(help="jobs"),
        nested=Nested(within="jobs", at="items", by="job"),
        fields=(
            Field(name="id", type=int),
            Field(
                name="job",
                type=int,
                at="job_id",
                filter="one",
                filter_type=Identifier,
                heading="Job",
                cell="jobs/cell_job.html",
            ),
            Field(name="label", type=str, heading="What", wraps=True),
            Field(
                name="state",
                type=ItemState,
                filter="one",
                choices=tuple((state.value, state.value) for state in JobItem.State),
                heading="State",
                cell="word",
            ),
            Field(
                name="system",
                type=int | None,
                at="system_id",
                filter="one",
                filter_type=Identifier,
            ),
            Field(name="summary", type=str, sort="", heading="Result", wraps=True),
            Field(
                name="advice",
                type=str,
                meaning="What to do; may be empty.",
                sort="",
                heading="What to do",
                wraps=True,
            ),
            Field(name="details", type=dict[str, Any], sort="", in_csv=False),
            Field(
                name="started_at", type=datetime | None, sort="", heading="Began", cell="when", is_shown=False
            ),
            Field(name="ended_at", type=datetime | None, sort="", heading="Ended", cell="when"),
        ),
    )
)
