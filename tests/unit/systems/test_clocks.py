"""A device's clock against ours at the moment of reading."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.systems.documents import clocks

ASKED = datetime(2019, 3, 11, 15, 33, 50, tzinfo=UTC)
TOLD = ASKED + timedelta(seconds=10)


def seconds(text: str, *zones: str, path: str = "Time/SystemTime") -> float | None:
    found = clocks.offset_of(
        {path: text}, asked_at=ASKED, told_at=TOLD, zones=[ZoneInfo(zone) for zone in zones]
    )
    return None if found is None else found.total_seconds()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2019-03-11T15:33:53+0000", 0),
        ("2019-03-11T15:33:53+00:00", 0),
        ("2019-03-11T15:33:53Z", 0),
        ("2019-03-11T15:33:53.123Z", 0),
        ("2019-03-11 15:33:53 +0000", 0),
        ("2019-03-11T16:33:53+0100", 0),
        ("2019-03-11T10:03:53-0530", 0),
        ("2019-03-11T15:33:40+0000", -10),
        ("2019-03-11T15:34:20+0000", 20),
        ("2019-03-11T15:43:50Z", 590),
        ("2019-03-11T14:33:53Z", -3597),
        ("1970-01-01T00:10:00+0000", -1_552_317_830),
        # Without a zone: UTC, the system's zone, or where none is known any zone
        ("2019-03-11T15:33:53", 0),
        ("2019-03-11T11:33:53", 0),
        ("2019-03-11T21:03:53", 0),
        ("2019-03-11T11:38:50", 290),
        ("2018-03-11T15:33:53", -31_535_997),
        (" 2019-03-11T15:33:53Z ", 0),
        ("", None),
        ("soon", None),
        ("2019-13-11T15:33:53Z", None),
        ("20190311", None),
        ("2019-03-11T15:33:53Z" + " " * 40 + "x", None),
    ],
)
def test_difference(text: str, wanted: float | None) -> None:
    assert seconds(text) == wanted


def test_a_time_without_a_zone_is_that_of_the_system_where_it_is_known() -> None:
    assert seconds("2019-03-11T11:33:53", "America/New_York") == 0
    assert seconds("2019-03-11T15:33:53", "America/New_York") == 0
    assert seconds("2019-03-11T12:33:53", "America/New_York") == 3593


def test_tc_numbers_its_nodes() -> None:
    assert seconds("2019-03-11T15:43:50Z", path="Time[1]/SystemTime[1]") == 590


@pytest.mark.parametrize(
    ("difference", "is_wrong", "words"),
    [
        (None, False, ""),
        (0, False, "0 seconds behind"),
        (119, False, "1 minute 59 seconds ahead"),
        (120, True, "2 minutes ahead"),
        (-121, True, "2 minutes 1 second behind"),
        (11_520, True, "3 hours 12 minutes ahead"),
        (-1_552_317_830, True, "17,966 days 15 hours behind"),
    ],
)
def test_words(difference: int | None, is_wrong: bool, words: str) -> None:
    assert clocks.is_wrong(difference) is is_wrong
    if difference is not None:
        assert clocks.words(difference) == words


@given(st.datetimes(timezones=st.timezones() | st.none()), st.integers(0, 120))
def test_a_right_clock_is_never_called_wrong(told: datetime, took: int) -> None:
    at = (
        told.replace(tzinfo=UTC)
        if told.tzinfo is None
        else told.astimezone(UTC)
        if 2 < told.year < 9998
        else None
    )
    if at is None:
        return
    found = clocks.offset_of(
        {"Time/SystemTime": told.replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%S%z")},
        asked_at=at - timedelta(seconds=1),
        told_at=at + timedelta(seconds=took),
    )
    # Zones of long ago had odd seconds, which no device tells.
    assert found is None or abs(found) < timedelta(minutes=2)


@given(st.text(max_size=45))
def test_whatever_it_says_nothing_breaks(text: str) -> None:
    clocks.offset_of({"Time/SystemTime": text}, asked_at=ASKED, told_at=TOLD)
