"""What the outcomes of polls say about being alive: three failures of five, two successes back (pure)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from roomkeeper.words import gettext as _

LOOKED_AT: Final = 5
FAILURES_TO_DIE: Final = 3
SUCCESSES_TO_LIVE: Final = 2
FAILURES_TO_TELL: Final = 3
_MASK: Final = (1 << LOOKED_AT) - 1


@dataclass(frozen=True, slots=True)
class Memory:
    """The last polls of a system, as `models.Poll` keeps them."""

    outcomes: int = 0
    counted: int = 0
    in_a_row: int = 0
    failing_since: datetime | None = None

    @property
    def failures(self) -> int:
        """How many of the polls that are looked at failed."""
        return self.outcomes.bit_count()


@dataclass(frozen=True, slots=True)
class PollVerdict:
    """What one more outcome means. `is_alive` None: as before. `reason` is set where that changes.

    `is_unreachable`: it lives by what it posts, and does not answer.
    """

    memory: Memory
    is_alive: bool | None = None
    reason: str = ""
    is_unreachable: bool = False


def judge(
    memory: Memory,
    *,
    failed_because: str,
    was_alive: bool | None,
    posted_at: datetime | None,
    now: datetime,
) -> PollVerdict:
    """Count an outcome ("" for success, else a phrase such as "connection timed out").

    `was_alive` None: it never gave a sign of life. A post is stronger than failed polls: counting begins anew.
    """
    memory = _since_post(memory, posted_at)
    if not failed_because:
        return _succeeded(memory, was_alive, now)
    counted = _count(memory, failed=True, now=now)
    if was_alive is not False and counted.failures >= FAILURES_TO_DIE:
        reason = _(
            "{failures} of the last {counted} polls failed: {failed_because}; {posts}",
            failures=counted.failures,
            counted=counted.counted,
            failed_because=failed_because,
            posts=_posts(posted_at),
        )
        return PollVerdict(counted, is_alive=False, reason=reason)
    is_unreachable = was_alive is True and -counted.in_a_row >= FAILURES_TO_TELL
    return PollVerdict(counted, is_unreachable=is_unreachable)


def _succeeded(memory: Memory, was_alive: bool | None, now: datetime) -> PollVerdict:
    counted = _count(memory, failed=False, now=now)
    if was_alive:
        return PollVerdict(counted, is_alive=True)
    if was_alive is None:
        return PollVerdict(counted, is_alive=True, reason=_("It answered its first poll"))
    if counted.in_a_row < SUCCESSES_TO_LIVE:
        return PollVerdict(counted)
    # What it did before it came back is no reason to give it up again.
    fresh = Memory(outcomes=0, counted=counted.in_a_row, in_a_row=counted.in_a_row)
    reason = _("It answers polls again: the last {in_a_row} went well", in_a_row=counted.in_a_row)
    return PollVerdict(fresh, is_alive=True, reason=reason)


def _since_post(memory: Memory, posted_at: datetime | None) -> Memory:
    if memory.failing_since is None or posted_at is None or posted_at < memory.failing_since:
        return memory
    return replace(memory, outcomes=0, counted=0, failing_since=None)


def _count(memory: Memory, *, failed: bool, now: datetime) -> Memory:
    outcomes = (memory.outcomes << 1 | failed) & _MASK
    since = memory.failing_since
    if not outcomes:
        since = None
    elif since is None:
        since = now
    same = memory.in_a_row < 0 if failed else memory.in_a_row > 0
    step = -1 if failed else 1
    return Memory(
        outcomes,
        min(memory.counted + 1, LOOKED_AT),
        memory.in_a_row + step if same else step,
        since,
    )


def _posts(posted_at: datetime | None) -> str:
    return (
        _("it never posted")
        if posted_at is None
        else _("nothing posted since {posted_at:%Y-%m-%d %H:%M:%S} UTC", posted_at=posted_at)
    )
