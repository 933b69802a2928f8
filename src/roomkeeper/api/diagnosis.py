"""`systems/{id}/diagnose`, `/diagnosis`: why a system can or cannot be managed, and what to do about it."""

from datetime import datetime, timedelta
from typing import Any, Literal

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
from roomkeeper.diagnosis import service
from roomkeeper.diagnosis.fixes import FIXES
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.fleet.job_acts import FIX_ACTS
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job

LevelWord = Literal["ok", "info", "warning", "fault"]


class CheckOut(Schema):
    """One finding: what was looked at, what was found, and what to do."""

    key: str
    check: str = Field(description="What was looked at, as in `TLS` or `Feedback`.")
    level: LevelWord
    sentence: str
    next_step: str = Field(description="What to do; may be empty.")
    fix: str | None = Field(description="What Roomkeeper can do: `POST systems/{id}/diagnosis/fix`.")
    milliseconds: int | None
    evidence: str = Field(description="The evidence; texts from the device are kept as text.")


class RoadOut(Schema):
    """A row of the family's table of network requirements; the last one is about the system itself."""

    service: str
    protocol: str
    port: int
    direction: Literal["inbound", "outbound", "itself"] = Field(description="As seen from the system.")
    purpose: str
    is_optional: bool
    is_struck: bool = Field(description="The system's mode excludes it: nothing was sent.")
    level: LevelWord | None = Field(description="The gravest of its checks.")
    checks: list[CheckOut]


class DiagnosisOut(Schema):
    """One look at one system."""

    id: int
    system: int
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    level: LevelWord | None = Field(description="The gravest of all checks; null until it has ended.")
    summary: str
    job: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    rows: list[RoadOut]
    fixes: list[str] = Field(description="Every fix that its findings offer.")


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
        found = service.latest(system)
        if job.state in Job.ENDED and found is not None:
            response["Location"] = f"/api/v1/systems/{system.pk}/diagnosis"
            return Status(200, encode_diagnosis(found))
    return Status(202, accepted(job, response))


@routes.get("/{int:system_id}/diagnosis", response=DiagnosisOut)
@needs(Permission.VIEW, anywhere=True)
def get_diagnosis(request: HttpRequest, system_id: int) -> DiagnosisOut:
    """The newest diagnosis of a system, which may still be in progress."""
    system = get_system(user_of(request), system_id)
    found = service.latest(system)
    if found is None:
        raise NotFound("diagnosis of system", system_id)
    return encode_diagnosis(found)


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


def encode_diagnosis(found: Diagnosis) -> DiagnosisOut:
    """A diagnosis as the API tells it."""
    return DiagnosisOut(
        id=found.pk,
        system=found.system_id,
        state=found.state,  # type: ignore[arg-type]
        level=found.level or None,  # type: ignore[arg-type]
        summary=found.summary,
        job=found.job_id,
        created_at=found.created_at,
        started_at=found.started_at,
        ended_at=found.ended_at,
        rows=[RoadOut(**row) for row in found.rows],
        fixes=service.offered(found),
    )
