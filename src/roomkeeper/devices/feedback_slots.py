"""The feedback slots that a status document shows (protocol notes C.3). Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from roomkeeper.devices.facts import FeedbackSlot

_SLOT: Final = re.compile(r"HttpFeedback(?:\[([0-9]+)\])?/(URL|Status|Expression)(?:\[[0-9]+\])?", re.ASCII)


def find_slots(values: Mapping[str, str]) -> tuple[FeedbackSlot, ...]:
    """The registered slots among a status document's values, lowest first; only used ones appear in it."""
    slots: dict[int, FeedbackSlot] = {}
    for path, value in values.items():
        if not path.startswith("HttpFeedback") or (match := _SLOT.fullmatch(path)) is None:
            continue
        number = int(match[1] or "1")
        slot = slots.get(number, FeedbackSlot(number, "", ()))
        if match[2] == "URL":
            slot = replace(slot, url=value)
        elif match[2] == "Status":
            slot = replace(slot, status=value)
        else:
            slot = replace(slot, expressions=(*slot.expressions, value))
        slots[number] = slot
    return tuple(slots[number] for number in sorted(slots))
