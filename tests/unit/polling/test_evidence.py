"""What polls say about being alive: three of five fail, two bring it back, a post is stronger."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.polling.evidence import Memory, PollVerdict, judge

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)


def minute(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def run(
    outcomes: str, *, was_alive: bool | None = True, posts: dict[int, datetime] | None = None
) -> list[PollVerdict]:
    """Verdicts of polls a minute apart: `+` went well, `-` failed. `posts`: the last post as of that poll."""
    memory, alive, posted = Memory(), was_alive, BEFORE
    found = []
    for number, outcome in enumerate(outcomes):
        posted = (posts or {}).get(number, posted)
        verdict = judge(
            memory,
            failed_because="" if outcome == "+" else "the connection timed out",
            was_alive=alive,
            posted_at=posted,
            now=minute(number),
        )
        memory = verdict.memory
        alive = alive if verdict.is_alive is None else verdict.is_alive
        found.append(verdict)
    return found


def lives(verdicts: list[PollVerdict], was_alive: bool | None = True) -> str:
    """Alive (A), not (d) or unknown (?) after each poll."""
    alive, letters = was_alive, ""
    for verdict in verdicts:
        alive = alive if verdict.is_alive is None else verdict.is_alive
        letters += {True: "A", False: "d", None: "?"}[alive]
    return letters


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("+++++", "AAAAA"),
        ("--", "AA"),
        ("---", "AAd"),
        # Two failures of five are nothing, wherever they stand.
        ("+-+-++-+-+", "AAAAAAAAAA"),
        ("-+-+-", "AAAAd"),
        ("--++-", "AAAAd"),
        ("--+++-", "AAAAAA"),
        # One success does not bring it back, two do; then it has to fail three times anew.
        ("---+-+-+", "AAdddddd"),
        ("---++", "AAddA"),
        ("---++--", "AAddAAA"),
        ("---++---", "AAddAAAd"),
        ("------++", "AAdddddA"),
    ],
)
def test_three_of_five_and_two_back(outcomes: str, expected: str) -> None:
    assert lives(run(outcomes)) == expected


def test_the_first_answer_of_an_unknown_system_is_enough() -> None:
    verdicts = run("+", was_alive=None)
    assert lives(verdicts, None) == "A"
    assert verdicts[0].reason == "It answered its first poll"


def test_a_system_that_never_answers_is_not_alive_from_the_third_poll_on() -> None:
    assert lives(run("----", was_alive=None), None) == "??dd"


def test_the_reason_says_what_was_seen() -> None:
    died = run("-+--")[-1]
    assert died.reason == (
        "3 of the last 4 polls failed: the connection timed out; nothing posted since 2026-11-01 07:00:00 UTC"
    )
    never = judge(Memory(0b11, 2, -2, BEFORE), failed_because="x", was_alive=True, posted_at=None, now=NOW)
    assert never.reason == "3 of the last 3 polls failed: x; it never posted"
    assert run("---++")[-1].reason == "It answers polls again: the last 2 went well"
    assert run("+")[-1].reason == ""


def test_what_posts_stays_alive_while_polls_fail_and_is_told() -> None:
    posts = {number: minute(number) - timedelta(seconds=10) for number in range(1, 9)}
    verdicts = run("---------", posts=posts)
    assert lives(verdicts) == "AAAAAAAAA"
    assert [verdict.is_unreachable for verdict in verdicts] == [False, False] + [True] * 7


def test_a_post_before_the_failures_does_not_count() -> None:
    assert lives(run("+---", posts={0: minute(0)})) == "AAAd"
    # The post came between the first and the second failure: three more are needed.
    assert lives(run("-----", posts={1: minute(0) + timedelta(seconds=30)})) == "AAAdd"


def test_more_failures_of_a_dead_system_change_nothing() -> None:
    verdicts = run("-" * 40)
    assert [verdict.reason for verdict in verdicts[3:]] == [""] * 37
    assert verdicts[-1].memory.in_a_row == -40
    assert verdicts[-1].memory.counted == 5
