"""`systems/{id}/diagnose`, `/diagnosis/fix`: looking at a system now, and doing what a diagnosis offers."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_begun import seconds_to_wait
from roomkeeper.api.derived_lists import actor_of, row_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.jobs import JobOut, Waiting, accepted
from roomkeeper.api.on_systems import routes
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import user_of
from roomkeeper.diagnosis.fixes import FIXES
from roomkeeper.diagnosis.readings import DiagnosisOut, newest
from roomkeeper.fleet.job_acts import FIX_ACTS
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job


class FixIn(Schema, extra="forbid"):
    """A fix that the newest diagnosis offers."""

    fix: str = Field(max_length=64)


class FixOut(Schema):
    """What was done."""

    fix: str
    done: str
    job: int | None = Field(description="The diagnosis that follows, if any.")


@routes.post("/{int:system_id}/diagnose", response={200: DiagnosisOut, 202: JobOut})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def diagnose_system(
    request: HttpRequest, system_id: int, response: HttpResponse, waiting: Query[Waiting]
) -> Status[Any]:
    """Look at a system in both directions, row by row; answers the diagnosis where it ends in time."""
    actor = actor_of(request)
    system = row_of(SYSTEMS, actor, system_id)
    job = do_act(SYSTEMS, SYSTEMS.act("diagnose"), system, actor, {})
    if seconds := seconds_to_wait(request, waiting.wait):
        job = work.wait_for(job.pk, timedelta(seconds=seconds))
        if job.state in Job.ENDED:
            response["Location"] = f"/api/v1/systems/{system.pk}/diagnosis"
            return Status(200, newest(system))
    return Status(202, accepted(job, response))


@routes.post("/{int:system_id}/diagnosis/fix", response=FixOut)
@needs(Permission.VIEW, anywhere=True)
def fix_system(request: HttpRequest, system_id: int, details: FixIn) -> FixOut:
    """Do what the newest diagnosis offers; each fix needs the permission of what it does."""
    user = user_of(request)
    system = get_system(user, system_id)
    fix = FIXES.get(details.fix)
    if fix is None:
        raise NotFound("fix", details.fix)
    job = do_act(SYSTEMS, FIX_ACTS[details.fix], system, actor_of(request), {})
    return FixOut(fix=details.fix, done=fix.what, job=job.pk if job else None)
