"""Which values of a status document are facts: kept by name, their changes kept as rows (rule R8). Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from roomkeeper.devices import names
from roomkeeper.systems.documents import calls

VALUE_LIMIT = 255
# A hostile status could repeat a list node without end.
FACT_LIMIT = 500
# Whether there is a call does not depend on when its status was read.
_ANY_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


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
    """Whether a whole status shows a call (rule R11): the rule itself is `systems.documents.calls`."""
    return calls.of_status(values, at=_ANY_MOMENT).is_in_call
