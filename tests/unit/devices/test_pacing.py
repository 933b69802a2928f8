"""How fast one device is asked: rule by rule, with times that are given."""

import pytest

from roomkeeper.devices.pacing import (
    BASIC_BURST,
    BASIC_RATE,
    NO_SESSIONS_FOR,
    SESSION_BURST,
    SESSION_RATE,
    SESSIONS_TAKEN_FOR,
    Pace,
    Paces,
    RequestBudget,
    Waits,
)


def test_what_is_left_to_others():
    """RoomOS 11 and 26: 1 a second with a queue of 30, 15 a second with a queue of 90 (protocol notes P.3)."""
    assert BASIC_RATE <= 1
    assert BASIC_BURST * 4 < 30
    # Two processes stay within it together.
    assert SESSION_RATE * 2 < 15
    assert SESSION_BURST * 4 < 90


def test_a_burst_goes_at_once_and_the_rest_at_the_rate():
    budget = RequestBudget(rate=2.0, burst=3)
    assert [budget.reserve(10.0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    # After a second and a half the promises are kept and one place is free.
    assert budget.left(11.5) == pytest.approx(1)
    assert budget.left(1_000.0) == 3


def test_a_place_that_was_not_used_is_free_again():
    budget = RequestBudget(rate=1.0, burst=2)
    budget.reserve(0.0)
    budget.give_back()
    budget.give_back()
    assert budget.left(0.0) == 2


def test_time_does_not_run_backwards():
    budget = RequestBudget(rate=1.0, burst=2)
    budget.reserve(10.0)
    assert budget.left(5.0) == 1


def test_two_requests_go_with_the_password_and_the_third_by_a_session():
    pace = Pace()
    wants = []
    for _ in range(3):
        wants.append(pace.wants_session(0.0))
        assert pace.reserve(0.0) == 0
    assert wants == [False, False, True]
    # One poll every ten seconds never needs one.
    for number in range(1, 100):
        assert not pace.wants_session(number * 10.0)
        assert pace.reserve(number * 10.0) == 0


def test_a_device_that_lets_each_wait_a_second_is_signed_in_to_as_well():
    pace = Pace()
    for second in range(2):
        assert not pace.wants_session(float(second))
        pace.reserve(float(second))
    assert pace.wants_session(2.0)


def test_a_release_without_sessions_has_no_limit_either():
    pace = Pace()
    for _ in range(3):
        pace.reserve(0.0)
    pace.note_no_sessions(0.0, has_none=True)
    assert [pace.reserve(0.0) for _ in range(50)] == [0] * 50
    assert not pace.wants_session(0.0)
    # It may have been updated: it is asked once more, and then held to the limit.
    later = NO_SESSIONS_FOR
    assert not pace.wants_session(later)
    assert sum(pace.reserve(later) for _ in range(4)) > 0


def test_a_device_whose_sessions_are_taken_is_asked_once_a_second():
    pace = Pace()
    pace.note_no_sessions(0.0, has_none=False)
    assert [pace.reserve(0.0) for _ in range(5)] == [0, 0, 0, 1, 2]
    assert not pace.wants_session(0.0)
    assert not pace.wants_session(SESSIONS_TAKEN_FOR - 1)
    pace.reserve(SESSIONS_TAKEN_FOR)
    pace.reserve(SESSIONS_TAKEN_FOR)
    assert pace.wants_session(SESSIONS_TAKEN_FOR)


def test_a_busy_device_is_left_alone():
    pace = Pace()
    pace.note_busy(4.0, 100.0)
    assert pace.rest(101.0) == 3
    assert pace.reserve(101.0) == 3
    pace.note_busy(1.0, 101.0)
    assert pace.rest(101.0) == 3
    assert pace.rest(105.0) == 0


def test_each_device_has_a_pace_of_its_own():
    paces = Paces()
    assert paces.of("a") is paces.of("a")
    assert paces.of("a") is not paces.of("b")


@pytest.mark.parametrize(
    ("most", "asked", "waits"),
    [
        (60.0, [None] * 9, [1, 2, 4, 8, 8, 8, 8, None, None]),
        (3.0, [None] * 3, [1, 2, None]),
        (0.5, [None], [None]),
        (60.0, [20.0, 20.0, 20.0], [20, 20, None]),
        (60.0, [0.0, 0.0], [1, 1]),
        (60.0, [90.0], [None]),
    ],
)
def test_waiting_for_a_busy_device(most, asked, waits):
    found = Waits(most)
    assert [found.next(seconds) for seconds in asked] == waits
