"""The memory of bodies being read: shares, who is refused, who makes room, how slowly a body may come."""

import pytest

from roomkeeper.external_manager.body_budget import BODIES_A_SECRET, BodyBudget, Reading, time_allowed

MB = 1_000_000


def test_a_source_without_a_secret_has_a_share_and_no_more():
    budget = BodyBudget(64 * MB)
    taken = [budget.admit_unproven(Reading("192.0.2.1", "", MB)) for _ in range(6)]
    assert taken == [True] * 4 + [False] * 2
    assert budget.admit_unproven(Reading("192.0.2.2", "", MB))


def test_the_oldest_unproven_makes_room_where_many_sources_come():
    budget = BodyBudget(64 * MB)
    dropped = []
    readings = [Reading(f"192.0.2.{n}", "", MB) for n in range(100)]
    for number, reading in enumerate(readings):
        reading.drop = lambda number=number: dropped.append(number)
        assert budget.admit_unproven(reading)
        assert budget.unproven_held <= budget.unproven_in_all
    assert dropped == list(range(84))
    assert all(reading.is_dropped for reading in readings[:84])
    for reading in readings:
        budget.end(reading)  # those that were dropped give nothing back twice
    assert budget.unproven_held == 0
    assert not budget._by_source


def test_known_secrets_have_room_of_their_own_and_are_told_to_wait():
    budget = BodyBudget(64 * MB)
    for number in range(16):
        assert budget.admit_unproven(Reading(f"192.0.2.{number}", "", MB))
    readings = [Reading(f"192.0.2.{n}", f"secret{n}", 10 * MB) for n in range(5)]
    assert [budget.admit_known(reading) for reading in readings] == [True] * 4 + [False]
    budget.end(readings[0])
    assert budget.admit_known(readings[4])
    for reading in readings[1:]:
        budget.end(reading)
    assert budget.known_held == 0


def test_known_secrets_of_one_source_have_half_of_it():
    budget = BodyBudget(64 * MB)
    readings = [Reading("192.0.2.1", f"secret{n}", 10 * MB) for n in range(3)]
    assert [budget.admit_known(reading) for reading in readings] == [True, True, False]
    assert not budget.is_full(10 * MB)


def test_one_secret_from_many_sources_leaves_room_for_others():
    budget = BodyBudget(64 * MB)
    own = [budget.admit_known(Reading(f"192.0.2.{n}", "secret", 9 * MB)) for n in range(5)]
    assert own == [True] + [False] * 4
    assert budget.admit_known(Reading("192.0.2.1", "other", 9 * MB))


def test_a_single_body_is_read_however_small_the_memory():
    budget = BodyBudget(MB)
    assert budget.admit_known(Reading("192.0.2.1", "secret", 10 * MB))
    assert not budget.admit_known(Reading("192.0.2.2", "other", 1))


def test_a_body_of_untold_length_grows_while_there_is_room():
    budget = BodyBudget(64 * MB)
    reading = Reading("192.0.2.1", "secret", MB)
    assert budget.admit_known(reading)
    assert sum(budget.grow(reading, MB) for _ in range(100)) == 39
    budget.end(reading)
    assert budget.known_held == 0


def test_a_secret_has_few_bodies_side_by_side():
    budget = BodyBudget(64 * MB)
    readings = [Reading("192.0.2.1", "secret", 1) for _ in range(BODIES_A_SECRET + 1)]
    assert [budget.announce(reading) for reading in readings] == [True] * BODIES_A_SECRET + [False]
    budget.withdraw(readings[0])
    assert budget.announce(readings[-1])


@pytest.mark.parametrize(
    ("received", "seconds", "allowed"),
    [
        (0, 60, 5),
        (20_000, 60, 5),
        (40_000, 60, 10),
        (256_000, 60, 60),
        (10_000_000, 60, 60),
        (0, 2, 2),
        (40_000, 2, 2),
    ],
)
def test_four_kilobytes_a_second_after_five_seconds(received, seconds, allowed):
    assert time_allowed(received, seconds) == allowed
