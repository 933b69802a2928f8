"""The sides of a comparison: backups, reported versions, what a system reported last, lists of wanted settings.

A side is written `backup:5`, `version:7`, `system:3` or `template:2`, in addresses and by programs. Lists of wanted
settings are found by whoever knows them and handed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from roomkeeper.backups import keeping
from roomkeeper.backups.differences import BackupDifference, DifferenceKind, compare, compare_wanted
from roomkeeper.backups.models import Backup
from roomkeeper.systems.documents import reported_configuration, unpack_configuration
from roomkeeper.systems.models import ConfigurationVersion, System
from roomkeeper.words import gettext as _

KINDS: Final = ("backup", "version", "system", "template")


class SideRefused(ValueError):
    """What is to be compared is not named in a way that can be read."""


@dataclass(frozen=True, slots=True)
class Side:
    """Settings by path, as they are compared, and what they are called.

    `parts` are (kind, name) to the SHA-256 of the content; None where nothing is known of parts. `is_wanted`: a list
    of wanted settings, which says nothing of others. `value_spaces` are the references by path that came with them.
    """

    name: str
    label: str
    settings: Mapping[str, str]
    system: System | None = None
    at: datetime | None = None
    parts: Mapping[tuple[str, str], str] | None = None
    is_wanted: bool = False
    value_spaces: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartDifference:
    """A part that differs."""

    part_kind: str
    name: str
    kind: DifferenceKind


def read_name(text: str) -> tuple[str, int]:
    """(kind, number) of a side as it is written; a bare number is a backup's. Raises `SideRefused`."""
    kind, mark, number = text.strip().rpartition(":")
    kind = kind if mark else "backup"
    if kind not in KINDS or not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise SideRefused(
            _(
                "{text!r} is not a side to compare; write backup:5, version:7, system:3 or template:2.",
                text=text,
            )
        )
    return kind, int(number)


def find(text: str, systems: QuerySet[System]) -> Side | None:
    """The side of that name, of one of these systems; None where there is none. Raises `SideRefused`."""
    kind, number = read_name(text)
    if kind == "backup":
        backup = Backup.objects.filter(pk=number, system__in=systems).select_related("system__folder").first()
        return side_of_backup(backup) if backup else None
    if kind == "version":
        rows = ConfigurationVersion.objects.filter(pk=number, system__in=systems, size__gt=0)
        version = rows.select_related("system__folder").first()
        return side_of_version(version) if version else None
    if kind != "system":
        return None
    system = systems.filter(pk=number).select_related("folder").first()
    return find_side_of_system(system) if system else None


def side_of_backup(backup: Backup) -> Side:
    """A backup."""
    parts = {(part.kind, part.name): part.content_id for part in backup.parts.all()}
    kept = keeping.configuration_of(backup)
    return Side(
        f"backup:{backup.pk}",
        _("{backup.system}, backup {backup.pk}", backup=backup),
        kept.settings,
        backup.system,
        backup.made_at,
        parts,
        value_spaces=kept.value_spaces,
    )


def side_of_version(version: ConfigurationVersion) -> Side:
    """A reported configuration."""
    found = unpack_configuration(version)
    return Side(
        f"version:{version.pk}",
        _("{system}, as reported", system=version.system),
        found.settings,
        version.system,
        version.first_at,
        value_spaces=found.value_spaces,
    )


def find_side_of_system(system: System) -> Side | None:
    """What the system reported last; None where its hardware has reported nothing."""
    found = reported_configuration(system.pk)
    if found is None:
        return None
    label = _("{system}, as it is now", system=system)
    return Side(
        f"system:{system.pk}", label, found.settings, system, found.at, value_spaces=found.value_spaces
    )


def side_of_template(key: int, name: str, settings: Mapping[str, str]) -> Side:
    """The settings that a template wants."""
    return Side(f"template:{key}", _("template {name}", name=name), settings, is_wanted=True)


def compare_sides(left: Side, right: Side) -> list[BackupDifference]:
    """The settings that differ; beside a list of wanted settings only those that it names."""
    spaces = {**left.value_spaces, **right.value_spaces}
    if right.is_wanted:
        return compare_wanted(left.settings, right.settings, spaces)
    if left.is_wanted:
        turned = {DifferenceKind.ADDED: DifferenceKind.REMOVED, DifferenceKind.REMOVED: DifferenceKind.ADDED}
        found = compare_wanted(right.settings, left.settings, spaces)
        return [
            BackupDifference(one.path, turned.get(one.kind, one.kind), one.right, one.left) for one in found
        ]
    return compare(left.settings, right.settings, spaces)


def compare_parts(left: Side, right: Side) -> list[PartDifference]:
    """The parts that differ; none where a side tells nothing of parts."""
    if left.parts is None or right.parts is None:
        return []
    found = []
    for key in sorted(left.parts.keys() | right.parts.keys()):
        before, after = left.parts.get(key), right.parts.get(key)
        if before != after:
            kind = (
                DifferenceKind.ADDED
                if before is None
                else DifferenceKind.REMOVED
                if after is None
                else DifferenceKind.CHANGED
            )
            found.append(PartDifference(*key, kind))
    return found
