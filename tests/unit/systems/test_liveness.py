"""Why a system counts as alive or not, as a sentence."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.systems.check_ins.liveness import why
from roomkeeper.systems.models import Contact

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SOON, BEFORE = NOW + timedelta(minutes=5), NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("contact", "sentence"),
    [
        (None, "It has never shown a sign of life: nothing was posted, and no poll was answered."),
        (Contact(), "It has never shown a sign of life: nothing was posted, and no poll was answered."),
        (Contact(overdue_at=SOON, is_alive=True), "It posts."),
        (Contact(overdue_at=SOON, is_alive=True, alive_reason="It posts again"), "It posts again."),
        (Contact(overdue_at=BEFORE, is_alive=False, alive_reason="Three failed"), "Three failed."),
        # Overdue, and the sweep has not noted it yet: the reason kept is that of its life.
        (
            Contact(overdue_at=BEFORE, is_alive=True, alive_reason="It posts", last_seen_at=BEFORE),
            "No sign of life; last post 2026-11-01 07:55:00 UTC.",
        ),
        (Contact(overdue_at=BEFORE, is_alive=False), "It stopped answering and never posted."),
        (
            Contact(overdue_at=SOON, is_alive=True, flapping_until=SOON, alive_reason="It posts again"),
            "It came and went several times within an hour; now: It posts again.",
        ),
    ],
)
def test_the_sentence(contact: Contact | None, sentence: str) -> None:
    assert why(contact, NOW) == sentence
