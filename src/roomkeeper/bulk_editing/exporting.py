"""Writing the file that people edit: a line a system, with what can be edited and what says which system it is."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from roomkeeper.bulk_editing.columns import FIELDS, KEY, PATHS_LIMIT, TOLD
from roomkeeper.bulk_editing.present import AT_ONCE, present_settings, record_of
from roomkeeper.bulk_editing.reading import SheetRefused
from roomkeeper.bulk_editing.values import HIDDEN_CELL, WORDS, words_of
from roomkeeper.operations.csv_tables import safe_cell, write_line
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import match_key, setting_path
from roomkeeper.provisioning.planning import NAME_PATH
from roomkeeper.systems import inventory
from roomkeeper.systems.check_ins.liveness import alive_word
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

USUAL: Final = tuple(field.key for field in FIELDS.values() if field.is_usual)


def usable_paths(texts: Sequence[str]) -> list[str]:
    """The canonical paths, each once. Raises `SheetRefused` with a sentence for the first that is none."""
    found: dict[str, str] = {}
    for text in texts:
        try:
            path = setting_path(text)
            key = match_key(path)
        except (ProtocolError, ValueError) as error:
            raise SheetRefused(str(error)) from error
        if key != match_key(NAME_PATH):
            found.setdefault(key, path)
    if len(found) > PATHS_LIMIT:
        raise SheetRefused(_("At most {limit} settings can be edited in one file.", limit=PATHS_LIMIT))
    return list(found.values())


def usable_fields(names: Sequence[str]) -> list[str]:
    """Those of the fields that are named, in their order; the usual ones where none is. Raises `SheetRefused`."""
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        raise SheetRefused(
            _("{unknown!r} is not one of {fields}.", unknown=unknown[0][:60], fields=", ".join(FIELDS))
        )
    return [name for name in FIELDS if name in names] if names else list(USUAL)


def write_csv(
    systems: QuerySet[System], *, fields: Sequence[str], paths: Sequence[str], now: datetime
) -> Iterator[str]:
    """The lines of the file, read some hundred systems at a time. `fields` and `paths` as the two above give them."""
    # Only the ids are read in the caller's order at once: the rest of the systems may be large.
    ids = list(systems.values_list("pk", flat=True))
    yield write_line([KEY, *fields, *TOLD, *paths])
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        rows = System.objects.select_related("folder", "contact").in_bulk(part)
        yield "".join(_lines([rows[pk] for pk in part if pk in rows], fields, paths, now))


def _lines(
    systems: list[System], fields: Sequence[str], paths: Sequence[str], now: datetime
) -> Iterator[str]:
    tags = inventory.tags_of([system.pk for system in systems])
    labels = inventory.labels_of({system.folder.path for system in systems})
    settings = present_settings(systems, paths) if paths else {}
    for system in systems:
        record = record_of(system, tags.get(system.pk, ()), labels[system.folder.path])
        cells = [str(system.pk), *(safe_cell(words_of(record[name])) for name in fields)]
        cells += [safe_cell(text) for text in _told(system, now)]
        cells += [_setting(settings[system.pk][path].cell) for path in paths]
        yield write_line(cells)


def _setting(cell: str) -> str:
    return cell if cell == HIDDEN_CELL else safe_cell(cell, words=WORDS)


def _told(system: System, now: datetime) -> tuple[str, ...]:
    mac = system.mac_address
    pairs = [mac[place : place + 2] for place in range(0, len(mac), 2)]
    return (
        system.serial_number,
        # With colons no spreadsheet takes it for a number.
        ":".join(pairs),
        system.product,
        system.software_version,
        system.state,
        alive_word(getattr(system, "contact", None), now),
    )
