"""Whether the store could lately be written: what this process saw, for the banner on its pages (rule R9)."""

import time

# A page shows the banner until a write succeeds again, or for this long after the last failure.
SHOWN_FOR = 60.0
_failed_at: float | None = None


def note_failure() -> None:
    """A write failed: the disk is full, or the database away."""
    global _failed_at
    _failed_at = time.monotonic()


def note_success() -> None:
    """A write succeeded."""
    global _failed_at
    _failed_at = None


def is_failing() -> bool:
    """Whether the newest write that this process knows of failed, within the last minute."""
    return _failed_at is not None and time.monotonic() - _failed_at < SHOWN_FOR
