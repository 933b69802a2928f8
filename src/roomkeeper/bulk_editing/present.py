"""What the cells of systems hold now: their records, and settings as wanted or else as reported. Set-wise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.bulk_editing.columns import FIELDS
from roomkeeper.bulk_editing.values import HIDDEN_CELL, Value, comparable
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.values import UNKNOWN, type_of
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem
from roomkeeper.provisioning.secret_values import is_secret_path
from roomkeeper.provisioning.wanted import WantedValue, wanted_of
from roomkeeper.systems.documents import HIDDEN, reported_configurations
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import System

AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Present:
    """What stands in the cell of a setting now; `is_wished`: somebody asked it of this very system. `kind` is its type,
    by which values are compared (rule R12)."""

    cell: str = ""
    is_wished: bool = False
    kind: str = UNKNOWN


_NOTHING: Final = Present()


def record_of(system: System, tags: Iterable[str], folder: str) -> dict[str, Value]:
    """The values of all fields that can be edited; the folder in words."""
    given: dict[str, Value] = {"tags": tuple(tags), "folder": folder}
    return {field: given[field] if field in given else getattr(system, field) for field in FIELDS}


def present_settings(systems: Sequence[System], paths: Iterable[str]) -> dict[int, dict[str, Present]]:
    """By system and path what stands in the cell: the newest wish on its way, else what is wanted, else what was
    reported. Secrets are `***`."""
    keys = {path: match_key(path) for path in paths}
    found: dict[int, dict[str, Present]] = {}
    for start in range(0, len(systems), AT_ONCE):
        part = systems[start : start + AT_ONCE]
        ids = [system.pk for system in part]
        wanted = wanted_of(part)
        asked = _asked(ids, set(keys.values()))
        reported = reported_configurations(ids)
        for system in part:
            own = reported.get(system.pk)
            by_key = _chosen(own.settings, keys) if own else {}
            layers = {match_key(one.path): one for one in wanted[system.pk]}
            found[system.pk] = {
                path: _present(
                    path,
                    layers.get(key),
                    asked.get((system.pk, key)),
                    by_key.get(path),
                    own.type_of(path) if own else type_of(path),
                )
                for path, key in keys.items()
            }
    return found


def _asked(system_ids: Sequence[int], keys: set[str]) -> dict[tuple[int, str], str]:
    """The newest wish of each that is still in progress."""
    rows = ChangeItem.objects.filter(
        system_id__in=system_ids, match_key__in=keys, state__in=OPEN_STATES
    ).exclude(value=None)
    return {
        (system_id, key): value or ""
        for system_id, key, value in rows.order_by("pk").values_list("system_id", "match_key", "value")
    }


def _chosen(settings: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    """The reported value of each of these paths that the device has."""
    found = {path: settings[path] for path in keys if path in settings}
    if len(found) < len(keys):
        # In another spelling, if at all.
        missing = {key: path for path, key in keys.items() if path not in found}
        found |= {
            missing[key]: value for own, value in settings.items() if (key := match_key(own)) in missing
        }
    return found


def _present(
    path: str, wanted: WantedValue | None, asked: str | None, reported: str | None, kind: str
) -> Present:
    is_wished = asked is not None or (wanted is not None and wanted.layer == "persistent")
    if wanted is not None and (wanted.layer == "management" or asked is None):
        return Present(HIDDEN if wanted.is_secret else _shown(path, wanted.value), is_wished, kind)
    if asked is not None:
        return Present(_shown(path, asked), is_wished, kind)
    return _NOTHING if reported is None else Present(_shown(path, reported), kind=kind)


def _shown(path: str, value: str) -> str:
    is_hidden = bool(value) and (is_secret_path(path) or MARK in value)
    return HIDDEN_CELL if is_hidden else comparable(value)
