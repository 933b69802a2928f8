"""How what starts a job answers."""

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

from django.http import HttpResponse
from ninja import Schema

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.api.derived_begun import MOST_WAITED as MOST_WAITED
from roomkeeper.api.derived_begun import Waiting as Waiting
from roomkeeper.api.derived_lists import told_of
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.jobs.surface import JOBS

_told = told_of(JOBS)
if TYPE_CHECKING:
    JobOut: TypeAlias = Schema
else:
    JobOut = _told.schema


def accepted(job: Job, response: HttpResponse, *, wait: float = 0.0) -> JobOut:
    """The body of a 202: the job, after waiting for its end up to `wait` seconds (at most 60); sets Location."""
    if wait > 0:
        job = work.wait_for(job.pk, timedelta(seconds=min(wait, MOST_WAITED)))
    response["Location"] = f"/api/v1/jobs/{job.pk}"
    return tell_job(job)


def tell_job(job: Job) -> JobOut:
    """One job as the API tells it."""
    return cast(JobOut, _told.schema(**_told.one(job, Actor(None, Road.API))))
