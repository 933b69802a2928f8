"""`systems/{id}/poll`: what is known of a system's polls; asking it now is declared."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.on_systems import routes
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import user_of
from roomkeeper.polling import service


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
