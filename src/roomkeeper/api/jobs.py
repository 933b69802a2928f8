"""`jobs`: long work of ours, how far it is, and what became of each part."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.paging import ListParameters, Page, cut, page_of, searched
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.api.reach import LARGEST_ID, Identifier
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem

routes = Routes("jobs")
_SORTS = {"id": "id", "created_at": "created_at", "kind": "kind", "state": "state"}
_ITEM_SORTS = {"id": "id", "label": "label", "state": "state", "system": "system_id"}
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ItemState = Literal["waiting", "running", "done", "warning", "failed", "skipped", "cancelled"]
MOST_WAITED = 60.0


class JobOut(Schema):
    """Long work: adding systems, polling, diagnosing."""

    id: int
    kind: str
    title: str
    state: JobState
    summary: str
    created_at: datetime
    created_by: str | None
    started_at: datetime | None
    ended_at: datetime | None
    is_being_cancelled: bool
    counts: dict[str, int] = Field(description="Items by state; every state is named.")


class JobItemOut(Schema):
    """One part of a job."""

    id: int
    label: str
    state: ItemState
    system: int | None
    summary: str
    advice: str = Field(description="What a person can do; may be empty.")
    details: dict[str, Any]
    started_at: datetime | None
    ended_at: datetime | None


class JobFilters(ListParameters):
    """Filters on jobs."""

    kind: str | None = None
    state: JobState | None = None


class ItemFilters(ListParameters):
    """Filters on the items of a job."""

    state: ItemState | None = None
    system: Identifier | None = None


class Waiting(Schema):
    """How long the answer of what starts a job may take."""

    wait: float = Field(0.0, ge=0, le=MOST_WAITED, description="Seconds to wait for the end of the job.")


@routes.get("", response=Page[JobOut])
@needs(Permission.VIEW, anywhere=True)
def list_jobs(request: HttpRequest, filters: Query[JobFilters]) -> Page[JobOut]:
    """List jobs, newest first."""
    rows = _visible(user_of(request)).select_related("created_by")
    if filters.kind is not None:
        rows = rows.filter(kind=filters.kind)
    if filters.state is not None:
        rows = rows.filter(state=filters.state)
    found, following = cut(searched(rows, filters.search, "title", "summary"), filters, _SORTS, "-id")
    counts = work.counts(job.pk for job in found)
    return Page[JobOut](items=[encode_job(job, counts[job.pk]) for job in found], next=following)


@routes.get("/{int:job_id}", response=JobOut)
@needs(Permission.VIEW, anywhere=True)
def get_job(request: HttpRequest, job_id: int) -> JobOut:
    """A job and how far it is."""
    return tell_job(_get(user_of(request), job_id))


@routes.get("/{int:job_id}/items", response=Page[JobItemOut])
@needs(Permission.VIEW, anywhere=True)
def list_job_items(request: HttpRequest, job_id: int, filters: Query[ItemFilters]) -> Page[JobItemOut]:
    """List the parts of a job, and what became of each."""
    rows = JobItem.objects.filter(job=_get(user_of(request), job_id))
    if filters.state is not None:
        rows = rows.filter(state=filters.state)
    if filters.system is not None:
        rows = rows.filter(system_id=filters.system)
    rows = searched(rows, filters.search, "label", "summary")
    return page_of(JobItemOut, rows, filters, _ITEM_SORTS, "id", _encode_item)


@routes.post("/{int:job_id}/cancel", response=JobOut)
@needs(Permission.VIEW, anywhere=True)
def cancel_job(request: HttpRequest, job_id: int) -> JobOut:
    """Stop a job: what was not begun is not begun, what is being done is given up. What was done stays."""
    user = user_of(request)
    job = _get(user, job_id)
    if job.created_by_id != user.pk:
        demand(user, Permission.MANAGE_SYSTEMS, job.folder_path)
    with transaction.atomic(), refused_as(409, work.JobRefused):
        work.cancel(job, now=timezone.now())
        audit.record(user, "api", "cancel job", job, title=job.title)
    job.refresh_from_db()
    return tell_job(job)


def accepted(job: Job, response: HttpResponse, *, wait: float = 0.0) -> JobOut:
    """The body of a 202: the job, after waiting for its end up to `wait` seconds (at most 60); sets Location."""
    if wait > 0:
        job = work.wait_for(job.pk, timedelta(seconds=min(wait, MOST_WAITED)))
    response["Location"] = f"/api/v1/jobs/{job.pk}"
    return tell_job(job)


def tell_job(job: Job) -> JobOut:
    """One job as the API tells it."""
    return encode_job(job, work.counts([job.pk])[job.pk])


def encode_job(job: Job, counts: Mapping[str, int]) -> JobOut:
    """A job with its counts, read beforehand for many at once."""
    return JobOut(
        id=job.pk,
        kind=job.kind,
        title=job.title,
        state=job.state,  # type: ignore[arg-type]
        summary=job.summary,
        created_at=job.created_at,
        created_by=job.created_by.get_username() if job.created_by else None,
        started_at=job.started_at,
        ended_at=job.ended_at,
        is_being_cancelled=job.cancel_requested_at is not None and job.state not in Job.ENDED,
        counts=dict(counts),
    )


def _encode_item(item: JobItem) -> JobItemOut:
    return JobItemOut(
        id=item.pk,
        label=item.label,
        state=item.state,  # type: ignore[arg-type]
        system=item.system_id,
        summary=item.summary,
        advice=item.advice,
        details=item.details,
        started_at=item.started_at,
        ended_at=item.ended_at,
    )


def _visible(user: User) -> Any:
    return Job.objects.filter(grants_of(user).folders(Permission.VIEW, "folder_path"))


def _get(user: User, job_id: int) -> Job:
    found: Job | None = _visible(user).select_related("created_by").filter(pk=min(job_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("job", job_id)
    return found
