"""`systems/{id}/poll`, `systems/poll`: ask systems for their status now; what is known of a system's polls."""

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.jobs import JobOut, Waiting, accepted
from roomkeeper.api.reach import Identifier, get_system, get_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.polling import service
from roomkeeper.systems.models import System

routes = Routes("systems")


class PollOut(Schema):
    """How a system's polls go; what they say about being alive stands in the system's `alive_reason`."""

    why_not: str = Field(description="Why it is not polled; empty if it is.")
    last_at: datetime | None
    last_ok_at: datetime | None
    due_at: datetime | None
    due_because: str = Field(description="Why the next poll is due then: idle, in a call…")
    error: str = Field(
        description="What went wrong in the last one, and what to do; empty after a successful one."
    )
    duration_ms: int | None
    failures: int = Field(description="How many failed in a row.")


class PollIn(Schema, extra="forbid"):
    """Which systems to ask."""

    systems: list[Identifier] = Field(min_length=1, max_length=1000)


@routes.get("/{int:system_id}/poll", response=PollOut)
@needs(Permission.VIEW, anywhere=True)
def show_poll(request: HttpRequest, system_id: int) -> PollOut:
    """How a system's polls go, and when the next is due."""
    system = get_system(user_of(request), system_id)
    found = service.facts_of([system])[system.pk]
    return PollOut(
        why_not=found.why_not,
        last_at=found.last_at,
        last_ok_at=found.last_ok_at,
        due_at=found.due_at,
        due_because=found.due_because,
        error=found.error,
        duration_ms=found.duration_ms,
        failures=found.failures,
    )


@routes.post("/{int:system_id}/poll", response={202: JobOut})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def poll_system(
    request: HttpRequest, system_id: int, response: HttpResponse, waiting: Query[Waiting]
) -> Status[JobOut]:
    """Ask a system for its status now."""
    system = get_system(user_of(request), system_id, Permission.RUN_ACTIONS)
    return _start(request, [system], response, waiting)


@routes.post("/poll", response={202: JobOut})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def poll_systems(
    request: HttpRequest, details: PollIn, response: HttpResponse, waiting: Query[Waiting]
) -> Status[JobOut]:
    """Ask many systems for their status now."""
    user = user_of(request)
    return _start(request, get_systems(user, details.systems, Permission.RUN_ACTIONS), response, waiting)


def _start(
    request: HttpRequest, systems: list[System], response: HttpResponse, waiting: Waiting
) -> Status[JobOut]:
    user = user_of(request)
    only = systems[0] if len(systems) == 1 else None
    with transaction.atomic():
        job = service.start(systems, user=user, now=timezone.now())
        audit.record(
            user, "api", "poll systems", only, job=job.pk, systems=[system.pk for system in systems[:100]]
        )
    return Status(202, accepted(job, response, wait=waiting.wait))
