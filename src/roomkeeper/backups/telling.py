"""Comparisons, mapping reports and replacements as programs are told them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from pydantic import Field as Described

from roomkeeper.backups import differences, sides
from roomkeeper.backups.differences import BackupDifference, DifferenceKind
from roomkeeper.backups.mapping import MappedSetting, RestoreReport
from roomkeeper.backups.models import Backup, Replacement, Restoration
from roomkeeper.backups.replacement_plan import ReplacementPlan, ReplacementStep
from roomkeeper.backups.sides import Side

PartKindWord = Literal["macro", "extension", "branding"]
VerdictWord = Literal["change", "already", "absent", "refused", "hidden", "ours", "own"]


class PartText(BaseModel):
    """What a part holds."""

    kind: PartKindWord
    name: str
    content: str


class SideOut(BaseModel):
    """A side of a comparison."""

    name: str = Described(description="backup:5, version:7 or system:3.")
    label: str
    system: int | None
    at: datetime | None

    @classmethod
    def of(cls, side: Side) -> "SideOut":
        """The side."""
        key = side.system.pk if side.system else None
        return cls(name=side.name, label=side.label, system=key, at=side.at)


class PartDifferenceOut(BaseModel):
    """A part that differs."""

    kind: PartKindWord
    name: str
    difference: DifferenceKind


class DiffOut(BaseModel):
    """What leads from left to right; of a setting that a side lacks its value is null."""

    left: SideOut
    right: SideOut
    counts: dict[str, int]
    settings: list[BackupDifference]
    parts: list[PartDifferenceOut]

    @classmethod
    def of(cls, left: Side, right: Side) -> "DiffOut":
        """The comparison of two sides."""
        found = sides.compare_sides(left, right)
        parts: list[Any] = [
            {"kind": one.part_kind, "name": one.name, "difference": one.kind}
            for one in sides.compare_parts(left, right)
        ]
        return cls(
            left=SideOut.of(left),
            right=SideOut.of(right),
            counts=differences.counts(found),
            settings=found,
            parts=parts,
        )


class MappedPartOut(BaseModel):
    """The outcome for a part."""

    kind: PartKindWord
    name: str
    verdict: VerdictWord
    reason: str


class RestoreMappingOut(BaseModel):
    """What putting the backup on the system would do: of each setting the value in the backup, the one `found` on the
    target (null where it has no such setting) and the verdict.

    change: will change; already: already set; absent: not on this device; refused: value not allowed; hidden: a
    password or `***`, cannot be restored; ours: management, left unchanged; own: the device's own, left unchanged
    unless selected by its path.
    """

    backup: int | None = Described(description="null for what is backed up with a replacement.")
    system: int
    is_other_model: bool
    counts: dict[str, int]
    settings: list[MappedSetting]
    parts: list[MappedPartOut]

    @classmethod
    def of(
        cls, report: RestoreReport, system_id: int, *, is_other_model: bool, backup: Backup | None = None
    ) -> "RestoreMappingOut":
        """A mapping report."""
        parts: list[Any] = [
            {"kind": one.part.kind, "name": one.part.name, "verdict": one.verdict.value, "reason": one.reason}
            for one in report.parts
        ]
        return cls(
            backup=backup.pk if backup else None,
            system=system_id,
            is_other_model=is_other_model,
            counts=report.counts,
            settings=list(report.settings),
            parts=parts,
        )


class ReplacementPlanOut(BaseModel):
    """A replacement that was done, or would be (`dry_run`)."""

    id: int | None
    system: int
    serial_number: str
    mac_address: str
    merged: int | None = Described(
        description="The record that the new hardware had; its id is not used again."
    )
    is_other_model: bool
    steps: list[ReplacementStep]
    backup: int | None = Described(description="What moves to the new hardware.")
    restoration: str | None = Described(description="State of the restore: waiting, running, done, …")
    job: int | None
    mapping: RestoreMappingOut | None = Described(
        description="Once the new hardware has reported its configuration."
    )

    @classmethod
    def of(
        cls,
        plan: ReplacementPlan,
        replacement: Replacement | None = None,
        restoration: Restoration | None = None,
    ) -> "ReplacementPlanOut":
        """A replacement with its plan."""
        record, mapping = plan.hardware.record, None
        if plan.report is not None:
            mapping = RestoreMappingOut.of(plan.report, plan.system.pk, is_other_model=plan.is_other_model)
        return cls(
            id=replacement.pk if replacement else None,
            system=plan.system.pk,
            serial_number=plan.hardware.serial_number,
            mac_address=plan.hardware.mac_address,
            merged=replacement.merged_system_id if replacement else record.pk if record else None,
            is_other_model=plan.is_other_model,
            steps=list(plan.steps),
            backup=restoration.backup_id if restoration else None,
            restoration=restoration.state if restoration else None,
            job=restoration.job_id if restoration else None,
            mapping=mapping,
        )
