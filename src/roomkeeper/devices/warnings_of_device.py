"""A device's own warnings, as its status document shows them (protocol notes I.2, O). Pure."""

import re
from collections.abc import Mapping
from typing import Final

from roomkeeper.devices.names import DIAGNOSTICS_NODES

_MESSAGE: Final = re.compile(
    rf"(?:{'|'.join(DIAGNOSTICS_NODES)})/Message(?:\[([0-9]+)\])?/(Type|Level|Description|References)",
    re.ASCII,
)


def find_warnings(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Type, Level, Description and References of each, as far as it has them; by number, whichever release tells."""
    by_number: dict[int, dict[str, str]] = {}
    for path, value in values.items():
        match = _MESSAGE.fullmatch(path) if "Diagnostics/" in path else None
        if match is not None:
            by_number.setdefault(int(match[1] or "1"), {})[match[2]] = value
    return [by_number[number] for number in sorted(by_number)]
