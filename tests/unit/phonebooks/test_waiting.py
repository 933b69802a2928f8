"""How long a busy server asks for."""

import pytest

from roomkeeper.phonebooks.sources.waiting import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 40, 999_999_999_999.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("١٢", None),
    ],
)
def test_seconds_and_dates_are_understood(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_date_to_come_is_as_far_as_it_is() -> None:
    assert (seconds_of("Fri, 31 Dec 2199 23:59:59 GMT") or 0) > 86_400
