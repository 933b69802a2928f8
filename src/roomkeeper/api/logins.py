"""`systems/login`: the answer where a login on many systems is waited for: what came of it on each."""

from datetime import timedelta
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding import logins
from roomkeeper.api.derived_begun import seconds_to_wait
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.derived_many import body_of, meant
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.on_systems import routes
from roomkeeper.api.problems import refused_as
from roomkeeper.fleet.job_acts import LOGIN
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.operations.door import do_together
from roomkeeper.operations.taking import taken_of
from roomkeeper.words import gettext as _

# So many are waited for; more are followed as a job.
AT_ONCE: Final = 100
_WAIT: Final = 30.0
LoginForMany: Any = body_of(SYSTEMS, LOGIN, [])


class LoginItem(Schema):
    """What came of it on one system."""

    system: int
    login: Literal["works", "refused", "untried", "kept", "not_stored"] = Field(
        description="`kept`: the stored login has worked and was not replaced by this one."
    )
    summary: str
    advice: str


class LoginItems(Schema):
    """What came of it on each system."""

    items: list[LoginItem]


class LoginWait(Schema):
    """How long the answer may take."""

    wait: float = Field(_WAIT, ge=0, le=60, description="Seconds to wait, where at most 100 are chosen.")


@routes.post("/login", response={200: LoginItems, 202: JobOut})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def log_in_to_systems(
    request: HttpRequest, details: LoginForMany, how: Query[LoginWait], response: HttpResponse
) -> Status[LoginItems] | Status[JobOut]:
    """Try a login on systems, once on each, and store it. Answers 200 with each outcome, or 202 with the job where
    that takes longer, or more than 100 are chosen."""
    actor, taken = actor_of(request), taken_of(LOGIN, details)
    keys, rows = meant(SYSTEMS, LOGIN, details, actor)
    with refused_as(LOGIN.rest.status, *LOGIN.refused):
        job, done = do_together(SYSTEMS, LOGIN, rows, actor=actor, now=timezone.now(), taken=taken)
        if job is None and not keys:
            raise logins.LoginNotUsable(_("No system was chosen."))
    told = {key: _left_out(_("there is no system {key} that you can see", key=key), key) for key in keys}
    told |= {
        one.key: _left_out(_("you may not {value} in its folder", value=LOGIN.needs.value), one.key)
        for one in done
        if not one.is_done
    }
    if job is not None:
        if (seconds := seconds_to_wait(request, how.wait)) and len(keys) <= AT_ONCE:
            job = work.wait_for(job.pk, timedelta(seconds=seconds))
        if len(keys) > AT_ONCE or job.state not in Job.ENDED:
            return Status(202, accepted(job, response))
        response["Location"] = f"/api/v1/jobs/{job.pk}"
        items = JobItem.objects.filter(job=job).order_by("id")
        told |= {row.system_id or 0: _told(row) for row in items}
    return Status(200, LoginItems(items=[told[key] for key in keys]))


def _left_out(why: str, key: int) -> LoginItem:
    return LoginItem(system=key, login="not_stored", summary=_("Not stored: {why}.", why=why), advice="")


def _told(row: JobItem) -> LoginItem:
    return LoginItem(
        system=row.system_id or 0,
        login=row.details.get("login", "not_stored"),
        summary=row.summary,
        advice=row.advice,
    )
