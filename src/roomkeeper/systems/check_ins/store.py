"""Whether the store could lately be written: what this process saw, for the banner on its pages (rule R9)."""

import time
from typing import Final

import psycopg

# A page shows the banner until a write succeeds again, or for this long after the last failure.
SHOWN_FOR = 60.0
# Of SQLSTATE: connection exceptions, too many connections, the operator's intervention.
_AWAY: Final = ("08", "533", "57P")
_failed_at: float | None = None
_was_away = False


def note_failure(error: BaseException) -> None:
    """A write failed: the disk is full, or the database away."""
    global _failed_at, _was_away
    _failed_at, _was_away = time.monotonic(), is_away(error)


def note_answer() -> None:
    """The database answered a question. One that was away is back; of a full disk that says nothing."""
    if _was_away:
        note_success()


def is_away(error: BaseException) -> bool:
    """Whether PostgreSQL could not be reached, or ended the session: it was stopped, or takes no more connections."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else None
    return cause is not None and (cause.sqlstate is None or cause.sqlstate.startswith(_AWAY))


def note_success() -> None:
    """A write succeeded."""
    global _failed_at
    _failed_at = None


def is_failing() -> bool:
    """Whether the newest write that this process knows of failed, within the last minute."""
    return _failed_at is not None and time.monotonic() - _failed_at < SHOWN_FOR
