"""What differs between two lists of settings. Pure: who they belong to and where they come from is told in `sides`."""

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.values import is_same, type_of

HIDDEN = "***"
_NONE: Final[Mapping[str, str]] = {}


class DifferenceKind(enum.StrEnum):
    """How a setting differs; unknown where a side shows `***` and the values cannot be compared."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BackupDifference:
    """One setting that differs. A side that lacks it is None; the path is in the right side's spelling if it has it."""

    path: str
    kind: DifferenceKind
    left: str | None
    right: str | None


def compare(
    left: Mapping[str, str], right: Mapping[str, str], value_spaces: Mapping[str, str] = _NONE
) -> list[BackupDifference]:
    """What leads from left to right, in the order of paths; two spellings of one path are one setting (rule R7).

    `value_spaces` are the references that either side gives by path: by them values are compared (rule R12)."""
    return _compare(_by_key(left), _by_key(right), value_spaces)


def compare_wanted(
    found: Mapping[str, str], wanted: Mapping[str, str], value_spaces: Mapping[str, str] = _NONE
) -> list[BackupDifference]:
    """The same with a list of wanted settings on the right: only of those that it names."""
    named = _by_key(wanted)
    return _compare({key: one for key, one in _by_key(found).items() if key in named}, named, value_spaces)


def counts(differences: Iterable[BackupDifference]) -> dict[str, int]:
    """How many of each kind; every kind is named."""
    found = Counter(difference.kind for difference in differences)
    return {kind.value: found[kind] for kind in DifferenceKind}


def _compare(
    left: Mapping[str, tuple[str, str]],
    right: Mapping[str, tuple[str, str]],
    value_spaces: Mapping[str, str],
) -> list[BackupDifference]:
    found = []
    for key in sorted(left.keys() | right.keys()):
        path, before = left.get(key, ("", None))
        own_path, after = right.get(key, (path, None))
        reference = value_spaces.get(own_path) or value_spaces.get(path, "")
        kind = _kind(before, after, type_of(own_path, reference))
        if kind is not None:
            found.append(BackupDifference(own_path, kind, before, after))
    return found


def _kind(before: str | None, after: str | None, value_type: str) -> DifferenceKind | None:
    if before is None:
        return DifferenceKind.ADDED
    if after is None:
        return DifferenceKind.REMOVED
    if HIDDEN in (before, after):
        return DifferenceKind.UNKNOWN
    return None if is_same(before, after, value_type) else DifferenceKind.CHANGED


def _by_key(settings: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {match_key(path): (path, value) for path, value in settings.items()}
