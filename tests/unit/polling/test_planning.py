"""When a system is polled next, row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.polling.planning import Intervals, PollCandidate, Situation, next_poll, why_not

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
INTERVALS = Intervals(
    idle=timedelta(seconds=900),
    in_call=timedelta(seconds=60),
    watched=timedelta(seconds=15),
    dead=timedelta(seconds=300),
)
ALIVE = Situation(is_alive=True)
DEAD = Situation(is_alive=False)


@pytest.mark.parametrize(
    ("situation", "seconds", "because"),
    [
        (ALIVE, 900, "idle"),
        (replace(ALIVE, in_call=True), 60, "in a call"),
        (replace(ALIVE, is_watched=True), 15, "somebody looks"),
        (replace(ALIVE, in_call=True, is_watched=True), 15, "somebody looks"),
        # Feedback makes most polls needless, and its slot is looked at once an hour.
        (replace(ALIVE, has_feedback=True), 3600, "idle, and its feedback arrives"),
        (replace(ALIVE, has_feedback=True, in_call=True), 240, "in a call, and its feedback arrives"),
        (replace(ALIVE, has_feedback=True, is_watched=True), 60, "somebody looks, and its feedback arrives"),
        # A failure is soon looked at again.
        (replace(ALIVE, failures=1), 45, "the last poll failed"),
        (replace(ALIVE, failures=1, is_watched=True), 45, "the last poll failed"),
        (replace(ALIVE, failures=7), 45, "the last poll failed"),
        (replace(ALIVE, failures=1, has_feedback=True), 45, "the last poll failed"),
        # The dead are asked less and less.
        (replace(DEAD, failures=3), 300, "it does not answer"),
        (replace(DEAD, failures=4), 600, "it does not answer"),
        (replace(DEAD, failures=5), 1200, "it does not answer"),
        (replace(DEAD, failures=6), 2400, "it does not answer"),
        (replace(DEAD, failures=7), 3600, "it does not answer"),
        (replace(DEAD, failures=1_000_000), 3600, "it does not answer"),
        (replace(DEAD, failures=9, is_watched=True), 30, "somebody is watching, and it does not answer"),
        (replace(DEAD, failures=0), 45, "it answers again"),
    ],
)
def test_interval_and_its_reason(situation: Situation, seconds: int, because: str) -> None:
    planned = next_poll(situation, INTERVALS, now=NOW, chance=0.5)
    assert planned.at == NOW + timedelta(seconds=seconds)
    assert planned.interval == timedelta(seconds=seconds)
    assert planned.because == because


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 810), (0.5, 900), (1.0, 990)])
def test_polls_are_spread_by_ten_percent(chance: float, seconds: int) -> None:
    planned = next_poll(ALIVE, INTERVALS, now=NOW, chance=chance)
    assert planned.at == NOW + timedelta(seconds=seconds)
    assert planned.interval == INTERVALS.idle


def test_an_interval_longer_than_an_hour_is_not_made_shorter() -> None:
    day = replace(INTERVALS, idle=timedelta(days=1), dead=timedelta(hours=4))
    fed = next_poll(replace(ALIVE, has_feedback=True), day, now=NOW, chance=0.5)
    assert fed.interval == timedelta(days=1)
    assert next_poll(replace(DEAD, failures=9), day, now=NOW, chance=0.5).interval == timedelta(hours=4)


def test_a_refused_login_is_not_polled_again() -> None:
    planned = next_poll(replace(ALIVE, login_refused_at=NOW), INTERVALS, now=NOW, chance=0.5)
    assert planned.at is None
    assert planned.because == "the login was refused"


def test_a_login_that_worked_before_is_tried_after_the_longest_lock_out() -> None:
    locked = replace(ALIVE, login_refused_at=NOW, login_has_worked=True)
    planned = next_poll(locked, INTERVALS, now=NOW + timedelta(minutes=5), chance=0.5)
    assert planned.at is not None
    assert planned.at > NOW + timedelta(hours=1)
    assert planned.at < NOW + timedelta(hours=1, minutes=5)


GOOD = PollCandidate(
    state="managed",
    connectivity="reachable_on_lan",
    has_login=True,
    login_was_refused=False,
    address="10.0.0.1",
    reads_status=True,
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"connectivity": "reachable_on_public_internet"}, ""),
        ({"state": "pre_registered"}, "not managed"),
        ({"state": "blocked"}, "not managed"),
        ({"connectivity": "behind_firewall"}, "Behind Firewall"),
        ({"connectivity": "inaccessible"}, "Inaccessible"),
        ({"connectivity": ""}, "undecided"),
        ({"reads_status": False}, "family"),
        ({"has_login": False}, "No login"),
        ({"address": ""}, "No address"),
        ({"login_was_refused": True}, "refused the stored login"),
    ],
)
def test_who_is_never_polled(change: dict[str, object], words: str) -> None:
    sentence = why_not(replace(GOOD, **change))  # type: ignore[arg-type]
    assert words in sentence
    assert bool(sentence) is bool(words)
