"""What programs are told of a system's polls."""

from datetime import datetime
from typing import Final

from pydantic import Field

from roomkeeper.operations.readings import Reading, Told
from roomkeeper.polling import service


class PollOut(Told):
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


POLL: Final = Reading(
    name="show_poll",
    at="poll",
    summary="How a system's polls go, and when the next is due.",
    gives=PollOut,
    read=lambda row, *, user: service.facts_of([row])[row.pk],
)
