"""What a cell of a spreadsheet says, as people see it: numbers by their digits, dates told apart. Pure."""

import enum
import math
import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final

# What a spreadsheet keeps of a number.
DIGITS: Final = 15
# No number that is dialled has as many.
_LONGEST: Final = 40
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]|[ ()/-]')
_PREFIX: Final = re.compile(r'"([+0-9]+)"|\\?(\+)')
_PLACES: Final = re.compile(r"[0#]+")
_ROUNDED: Final = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)


class Remark(enum.Enum):
    """What is to be said of a cell."""

    NUMBER = enum.auto()
    ROUNDED = enum.auto()
    DATE = enum.auto()
    FAULT = enum.auto()


def text_of(value: Any, number_format: str = "", *, is_fault: bool = False) -> tuple[str, Remark | None]:
    """(the text of a cell, what is to be said of it).

    A number that its format shows with zeros or a plus at its beginning has those, and then nothing is to be said.
    """
    if value is None:
        return "", None
    if is_fault:
        return "", Remark.FAULT
    if isinstance(value, bool):
        return str(value).upper(), None
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat(), Remark.DATE
    if isinstance(value, timedelta):
        return str(value), Remark.DATE
    text = str(value).strip()
    return text, Remark.ROUNDED if _ROUNDED.fullmatch(text) else None


def _number(value: int | float, number_format: str) -> tuple[str, Remark | None]:
    if isinstance(value, float):
        if not math.isfinite(value):
            return "", Remark.FAULT
        if not value.is_integer():
            return repr(value), None
        value = int(value)
    if value.bit_length() > _LONGEST * 3:
        return "", Remark.FAULT
    digits = str(value)
    if len(digits.lstrip("-")) > DIGITS:
        return digits, Remark.ROUNDED
    section = number_format.partition(";")[0]
    places = _PLACES.fullmatch(_LITERAL.sub("", section).lstrip("+"))
    if places is None:
        return digits, Remark.NUMBER
    shown, first = digits, places[0].find("0")
    if first >= 0:
        # From the first zero on every place is shown: 0# ## ## makes 01 23 45 of 12345.
        shown = digits.zfill(min(len(places[0]) - first, DIGITS))
    if prefix := _PREFIX.match(section):
        shown = (prefix[1] or prefix[2]) + shown
    return shown, Remark.NUMBER if shown == digits else None
