"""The feedback slots that a status document shows (protocol notes C.3). Pure."""

import re
from collections.abc import Mapping
from typing import Final

from roomkeeper.devices.facts import FeedbackSlot

_SLOT: Final = re.compile(r"HttpFeedback(?:\[([0-9]+)\])?/(URL|Status|Expression)(?:\[[0-9]+\])?", re.ASCII)


def find_slots(values: Mapping[str, str]) -> tuple[FeedbackSlot, ...]:
    """The registered slots among a status document's values, lowest first; only used ones appear in it."""
    urls: dict[int, str] = {}
    words: dict[int, str] = {}
    expressions: dict[int, list[str]] = {}
    for path, value in values.items():
        if not path.startswith("HttpFeedback") or (match := _SLOT.fullmatch(path)) is None:
            continue
        number = int(match[1] or "1")
        told = expressions.setdefault(number, [])
        if match[2] == "URL":
            urls[number] = value
        elif match[2] == "Status":
            words[number] = value
        else:
            told.append(value)
    return tuple(
        FeedbackSlot(number, urls.get(number, ""), tuple(told), words.get(number, ""))
        for number, told in sorted(expressions.items())
    )
