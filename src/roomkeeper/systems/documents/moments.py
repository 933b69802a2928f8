"""Which of two reports is the newer: the moment of reading on the device's side decides (rule R8). Pure."""

from datetime import datetime


def is_older(at: datetime, standing_at: datetime | None, now: datetime) -> bool:
    """Whether a report of that moment is older than what stands, and so proves nothing.

    What stands cannot be from the future: then a clock was set back, and it holds nobody up.
    """
    return standing_at is not None and at < standing_at <= now
