"""All settings of a system in one list: as reported, as wanted and why, and whether the two differ."""

from dataclasses import dataclass
from typing import Any

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import wanted
from roomkeeper.provisioning.wanted import Overridden
from roomkeeper.systems import documents
from roomkeeper.systems.models import System


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as reported and as wanted; `reported` is None where the device lacks it.

    `overridden` are what weaker layers wanted, the strongest first.
    """

    path: str
    reported: str | None
    wanted: str | None
    layer: str
    why: str
    is_drift: bool
    overridden: tuple[Overridden, ...] = ()


def setting_rows(system: System) -> tuple[list[SettingRow], Any]:
    """All settings of the system by path, and the reported configuration."""
    reported = documents.reported_configuration(system.pk)
    drift = {match_key(found.path) for found in wanted.drift_of(system, reported)}
    wishes = {match_key(wish.path): wish for wish in wanted.wanted_values(system)}
    rows = []
    for path, value in (reported.settings if reported else {}).items():
        wish = wishes.pop(match_key(path), None)
        rows.append(_row(path, value, wish, match_key(path) in drift))
    rows += [_row(wish.path, None, wish, key in drift) for key, wish in wishes.items()]
    return sorted(rows, key=lambda row: row.path.lower()), reported


def _row(path: str, reported: str | None, wish: wanted.WantedValue | None, is_drift: bool) -> SettingRow:
    if wish is None:
        return SettingRow(path, reported, None, "", "", is_drift)
    shown = documents.HIDDEN if wish.is_secret else wish.value
    return SettingRow(path, reported, shown, wish.layer, wish.why, is_drift, wish.overridden)
