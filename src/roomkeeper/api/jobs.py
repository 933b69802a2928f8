"""`jobs`: what became of each part of one, and how what starts one answers; the rest is declared."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.derived_lists import told_of
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import LARGEST_ID, Identifier
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.surface import JOBS

routes = Routes("jobs")
_ITEM_SORTS = {"id": "id", "label": "label", "state": "state", "system": "system_id"}
ItemState = Literal["waiting", "running", "done", "warning", "failed", "skipped", "cancelled"]
MOST_WAITED = 60.0
_told = told_of(JOBS)
if TYPE_CHECKING:
    JobOut: TypeAlias = Schema
else:
    JobOut = _told.schema


class JobItemOut(Schema):
    """One part of a job."""

    id: int
    label: str
    state: ItemState
    system: int | None
    summary: str
    advice: str = Field(description="What to do; may be empty.")
    details: dict[str, Any]
    started_at: datetime | None
    ended_at: datetime | None


class ItemFilters(ListParameters):
    """Filters on the items of a job."""

    state: ItemState | None = None
    system: Identifier | None = None


class Waiting(Schema):
    """How long the answer of what starts a job may take."""

    wait: float = Field(0.0, ge=0, le=MOST_WAITED, description="Seconds to wait for the end of the job.")


@routes.get("/{int:job_id}/items", response=Page[JobItemOut])
@needs(Permission.VIEW, anywhere=True)
def list_job_items(request: HttpRequest, job_id: int, filters: Query[ItemFilters]) -> Page[JobItemOut]:
    """List the parts of a job, and the outcome of each."""
    rows = JobItem.objects.filter(job=_get(user_of(request), job_id))
    if filters.state is not None:
        rows = rows.filter(state=filters.state)
    if filters.system is not None:
        rows = rows.filter(system_id=filters.system)
    rows = searched(rows, filters.search, "label", "summary")
    return page_of(JobItemOut, rows, filters, _ITEM_SORTS, "id", _encode_item)


def accepted(job: Job, response: HttpResponse, *, wait: float = 0.0) -> JobOut:
    """The body of a 202: the job, after waiting for its end up to `wait` seconds (at most 60); sets Location."""
    if wait > 0:
        job = work.wait_for(job.pk, timedelta(seconds=min(wait, MOST_WAITED)))
    response["Location"] = f"/api/v1/jobs/{job.pk}"
    return tell_job(job)


def tell_job(job: Job) -> JobOut:
    """One job as the API tells it."""
    return cast(JobOut, _told.schema(**_told.one(job, Actor(None, Road.API))))


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


def _get(user: User, job_id: int) -> Job:
    found: Job | None = JOBS.rows(grants_of(user)).filter(pk=min(job_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("job", job_id)
    return found
