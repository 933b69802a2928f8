"""Maintenance windows: read, and open or not in the time of the system."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.systems.windows import BadWindow, find_zone, is_open, next_opening, parse

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
NIGHTS = "Mon-Fri 20:00-06:00"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY.replace(day=2 + day, hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("text", "moment", "is_so"),
    [
        (NIGHTS, at(0, 20), True),
        (NIGHTS, at(0, 19, 59), False),
        (NIGHTS, at(1, 5, 59), True),
        (NIGHTS, at(1, 6), False),
        # Saturday morning still belongs to Friday's night, Monday morning to Sunday's, which has none.
        (NIGHTS, at(5, 3), True),
        (NIGHTS, at(0, 3), False),
        (NIGHTS, at(5, 21), False),
        ("Sat-Sun 00:00-24:00", at(6, 23, 59), True),
        ("Sat-Sun 00:00-24:00", at(7, 0), False),
        ("Fri-Mon 10:00-11:00", at(0, 10, 30), True),
        ("Fri-Mon 10:00-11:00", at(1, 10, 30), False),
        ("sat 10:00-11:00, 12:00-13:00", at(2, 12, 30), True),
        ("", at(2, 12), True),
    ],
)
def test_window_is_open(text, moment, is_so):
    assert is_open(text, "UTC", moment) is is_so


def test_window_is_in_the_time_of_the_system():
    # 19:30 in Greenwich is 20:30 in Oslo and 01:00 of the next day in Kolkata.
    moment = at(0, 19, 30)
    assert not is_open(NIGHTS, "UTC", moment)
    assert is_open(NIGHTS, "Europe/Oslo", moment)
    assert is_open(NIGHTS, "Asia/Kolkata", moment)
    assert is_open(NIGHTS, "America/New_York", moment) is False
    assert is_open(NIGHTS, "No/Such", moment) is False


def test_next_opening():
    assert next_opening(NIGHTS, "UTC", at(0, 12, 7)) == at(0, 20)
    assert next_opening(NIGHTS, "UTC", at(0, 21, 7)) == at(0, 21, 7)
    assert next_opening("Wed 10:00-11:00", "Europe/Oslo", at(3, 12)) == at(9, 9)


@pytest.mark.parametrize(
    "text", ["always", "Mon 25:00-26:00", "Xyz 10:00-11:00", "10:00-10:00", "10-11", "9:70-11:00"]
)
def test_what_is_no_window_is_refused_with_what_was_written(text):
    with pytest.raises(BadWindow, match=text.split()[0]):
        parse(text)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_be_read_or_be_refused(text):
    with contextlib.suppress(BadWindow):
        parse(text)


@given(st.text(max_size=40))
def test_no_name_of_a_zone_does_harm(name):
    find_zone(name)
