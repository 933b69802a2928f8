"""`systems/login`: one login tried on many systems that are here, and stored."""

from typing import Final, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding import logins
from roomkeeper.api.choosing import SystemChoice, choose_few, permitted
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.problems import refused_as
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.jobs.models import Job, JobItem

routes = Routes("systems")
# So many are waited for; more are followed as a job.
AT_ONCE: Final = 100
_WAIT: Final = 30.0


class LoginForMany(SystemChoice):
    """The login, and the systems that it is for."""

    username: str = Field(min_length=1, max_length=128)
    password: str = Field(min_length=1, max_length=1000, repr=False, description="Write-only.")
    password_may_use_http: bool = Field(
        False, description="May be sent by plain HTTP to systems without HTTPS."
    )


class LoginItem(Schema):
    """The outcome on one system."""

    system: int
    login: Literal["works", "refused", "untried", "kept", "not_stored"] = Field(
        description="`kept`: the stored login has worked and was not replaced by this one."
    )
    summary: str
    advice: str


class LoginItems(Schema):
    """The outcome on each system."""

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
    user = user_of(request)
    chosen = choose_few(user, details, Permission.MANAGE_SYSTEMS)
    reached, refused = permitted(user, chosen, Permission.MANAGE_SYSTEMS)
    left_out = [
        LoginItem(system=key, login="not_stored", summary=f"Not stored: {why}.", advice="")
        for key, _, why in refused
    ]
    if chosen and not reached:
        return Status(200, LoginItems(items=left_out))
    with transaction.atomic(), refused_as(422, logins.LoginNotUsable):
        job = logins.start(
            reached,
            details.username,
            details.password,
            password_may_use_http=details.password_may_use_http,
            user=user,
            now=timezone.now(),
        )
        audit.record(user, "api", "log in to systems", job, username=details.username, systems=len(reached))
    told = accepted(job, response, wait=how.wait if len(chosen) <= AT_ONCE else 0)
    job.refresh_from_db()
    if len(chosen) > AT_ONCE or job.state not in Job.ENDED:
        return Status(202, told)
    rows = JobItem.objects.filter(job=job).order_by("id")
    items = {row.system_id: _told(row) for row in rows}
    items |= {one.system: one for one in left_out}
    return Status(200, LoginItems(items=[items[key] for key in chosen if key in items]))


def _told(row: JobItem) -> LoginItem:
    return LoginItem(
        system=row.system_id or 0,
        login=row.details.get("login", "not_stored"),
        summary=row.summary,
        advice=row.advice,
    )
