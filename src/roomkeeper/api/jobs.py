"""How what starts a job answers."""

from typing import TYPE_CHECKING, TypeAlias, cast

from django.http import HttpResponse
from ninja import Schema

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.api.derived_begun import Waiting as Waiting
from roomkeeper.api.derived_lists import told_of
from roomkeeper.jobs.models import Job
from roomkeeper.jobs.surface import JOBS

_told = told_of(JOBS)
if TYPE_CHECKING:
    JobOut: TypeAlias = Schema
else:
    JobOut = _told.schema


def accepted(job: Job, response: HttpResponse) -> JobOut:
    """The body of a 202: the job; sets Location."""
    response["Location"] = f"/api/v1/jobs/{job.pk}"
    return cast(JobOut, _told.schema(**_told.one(job, Actor(None, Road.API))))
