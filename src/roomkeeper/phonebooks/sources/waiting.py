"""How long a busy server wants to be left alone. Pure but for the clock."""

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_of(text: str) -> float | None:
    """What a Retry-After says: seconds, or a date; None where it says neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.now(UTC)).total_seconds())
    return None
