"""Which values of a status document are facts: kept by name, their changes kept as rows (rule R8). Pure."""

import re
from collections.abc import Mapping

from roomkeeper.devices.families.roomos import names

VALUE_LIMIT = 255
# A hostile status could repeat a list node without end.
FACT_LIMIT = 300

_CALL_STATUS = re.compile(r"Call\[\d+\]/Status")
_NO_CALL = {"", "Idle", "Disconnecting"}


def read_facts(values: Mapping[str, str]) -> dict[str, str]:
    """The facts among a status document's values, by canonical path."""
    found: dict[str, str] = {}
    for path, value in values.items():
        if names.is_fact(path):
            found[path[:VALUE_LIMIT]] = value[:VALUE_LIMIT]
            if len(found) == FACT_LIMIT:
                break
    return found


def changed_facts(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(path, old, new) for each fact that differs and whose change is worth a row."""
    paths = {**old, **new}
    return [
        (path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path, "") != new.get(path, "") and not names.is_restless(path)
    ]


def is_in_call(values: Mapping[str, str]) -> bool:
    """Whether the status shows a call that is up or coming up (protocol notes I.1, I.3)."""
    active = (
        values.get("SystemUnit/State/NumberOfActiveCalls"),
        values.get("SystemUnit/State/NumberOfInProgressCalls"),
    )
    if any(count not in (None, "", "0") for count in active):
        return True
    return any(
        path.startswith("Call[") and _CALL_STATUS.fullmatch(path) and value not in _NO_CALL
        for path, value in values.items()
    )
