"""Backups, differences, mapping reports and replacements as the API tells them."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from roomkeeper.api.reach import Identifier
from roomkeeper.backups.mapping import RestoreReport
from roomkeeper.backups.models import Backup, Replacement, Restoration
from roomkeeper.backups.replacement_plan import ReplacementPlan
from roomkeeper.backups.sides import Side
from roomkeeper.backups.surface import PartKindWord

DifferenceWord = Literal["added", "removed", "changed", "unknown"]
VerdictWord = Literal["change", "already", "absent", "refused", "hidden", "ours", "own"]
MAPPING_WORDS = (
    "change: will change; already: already set; absent: not on this device; refused: value not allowed;"
    " hidden: a"
    " password or `***`, cannot be restored; ours: management, left unchanged; own: the device's own,"
    " left unchanged unless"
    " selected by its path."
)


class PartText(Schema):
    """What a part holds."""

    kind: PartKindWord
    name: str
    content: str


class SideOut(Schema):
    """A side of a comparison."""

    name: str = Field(description="backup:5, version:7 or system:3.")
    label: str
    system: int | None
    at: datetime | None


class SettingDifferenceOut(Schema):
    """A setting that differs; null where a side lacks it."""

    path: str
    kind: DifferenceWord
    left: str | None
    right: str | None


class PartDifferenceOut(Schema):
    """A part that differs."""

    kind: PartKindWord
    name: str
    difference: DifferenceWord


class DiffOut(Schema):
    """What leads from left to right."""

    left: SideOut
    right: SideOut
    counts: dict[str, int]
    settings: list[SettingDifferenceOut]
    parts: list[PartDifferenceOut]


class ConfigurationVersionOut(Schema):
    """A configuration that a system reported and that differed from the one before."""

    id: int
    digest: str
    size: int
    first_at: datetime
    last_at: datetime


class RestoreIn(Schema, extra="forbid"):
    """What to put back, and where."""

    system: Identifier | None = Field(None, description="Default: the system of the backup.")
    parts: list[str] = Field(
        [],
        max_length=1000,
        description="Empty: everything. Otherwise settings, macros, extensions, branding; macro:NAME,"
        " extension:NAME,"
        " branding:TYPE; or the beginning of a path, as Phonebook/Server.",
    )
    dry_run: bool = False


class MappedSettingOut(Schema):
    """The outcome for a setting."""

    path: str
    value: str
    found: str | None = Field(description="What the target has; null where it has no such setting.")
    verdict: VerdictWord = Field(description=MAPPING_WORDS)
    reason: str


class MappedPartOut(Schema):
    """The outcome for a part."""

    kind: PartKindWord
    name: str
    verdict: VerdictWord
    reason: str


class RestoreMappingOut(Schema):
    """What putting the backup on the system would do."""

    backup: int | None = Field(description="null for what is backed up with a replacement.")
    system: int
    is_other_model: bool
    counts: dict[str, int]
    settings: list[MappedSettingOut]
    parts: list[MappedPartOut]


class ReplaceIn(Schema, extra="forbid"):
    """The new hardware: by its numbers, or by the record that it has."""

    serial_number: str = Field("", max_length=64)
    mac_address: str = Field("", max_length=64)
    with_: Identifier | None = Field(
        None, alias="with", description="A system in the inbox, or one that was added as new."
    )
    restore: bool = Field(
        True, description="Restore the last configuration of the old hardware to the new one."
    )
    parts: list[str] = Field([], max_length=1000, description="As in restoring a backup.")
    keep_credentials: bool = Field(False, description="Try the stored login on the new hardware.")
    dry_run: bool = False


class StepOut(Schema):
    """One thing that the replacement does."""

    title: str
    words: str
    can_be_undone: bool


class ReplacementOut(Schema):
    """A replacement that was done, or would be (`dry_run`)."""

    id: int | None
    system: int
    serial_number: str
    mac_address: str
    merged: int | None = Field(description="The record that the new hardware had; its id is not used again.")
    is_other_model: bool
    steps: list[StepOut]
    backup: int | None = Field(description="What moves to the new hardware.")
    restoration: str | None = Field(description="State of the restore: waiting, running, done, …")
    job: int | None
    mapping: RestoreMappingOut | None = Field(
        description="Once the new hardware has reported its configuration."
    )


def encode_side(side: Side) -> SideOut:
    """A side of a comparison."""
    return SideOut(
        name=side.name, label=side.label, system=side.system.pk if side.system else None, at=side.at
    )


def encode_report(
    report: RestoreReport, system_id: int, *, is_other_model: bool, backup: Backup | None = None
) -> RestoreMappingOut:
    """A mapping report."""
    return RestoreMappingOut(
        backup=backup.pk if backup else None,
        system=system_id,
        is_other_model=is_other_model,
        counts=report.counts,
        settings=[
            MappedSettingOut(
                path=one.path,
                value=one.value,
                found=one.found,
                verdict=one.verdict.value,
                reason=one.reason,
            )
            for one in report.settings
        ],
        parts=[
            MappedPartOut(
                kind=one.part.kind,  # type: ignore[arg-type]
                name=one.part.name,
                verdict=one.verdict.value,
                reason=one.reason,
            )
            for one in report.parts
        ],
    )


def encode_replacement(
    plan: ReplacementPlan, replacement: Replacement | None = None, restoration: Restoration | None = None
) -> ReplacementOut:
    """A replacement with its plan."""
    backup = restoration.backup if restoration else None
    record = plan.hardware.record
    merged = replacement.merged_system_id if replacement else record.pk if record else None
    mapping = None
    if plan.report is not None:
        mapping = encode_report(plan.report, plan.system.pk, is_other_model=plan.is_other_model)
    return ReplacementOut(
        id=replacement.pk if replacement else None,
        system=plan.system.pk,
        serial_number=plan.hardware.serial_number,
        mac_address=plan.hardware.mac_address,
        merged=merged,
        is_other_model=plan.is_other_model,
        steps=[
            StepOut(title=step.title, words=step.words, can_be_undone=step.can_be_undone)
            for step in plan.steps
        ],
        backup=backup.pk if backup else None,
        restoration=restoration.state if restoration else None,
        job=restoration.job_id if restoration else None,
        mapping=mapping,
    )
