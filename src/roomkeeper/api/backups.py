"""`backups`: of systems, what differs between them, putting them back, and when they are made by themselves."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.backup_fields import (
    DiffOut,
    PartDifferenceOut,
    PartText,
    RestoreIn,
    RestoreMappingOut,
    SettingDifferenceOut,
    encode_report,
    encode_side,
)
from roomkeeper.api.derived_lists import actor_of, row_of
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.api.reach import LARGEST_ID, get_system, visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.backups import differences, keeping, mapping, restoring, scheduling, sides
from roomkeeper.backups.models import Backup, BackupPart
from roomkeeper.backups.surface import BACKUPS
from roomkeeper.configuration_templates.editing import newest_content
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.surface import TEMPLATES
from roomkeeper.provisioning import planning
from roomkeeper.systems.models import System

routes = Routes("backups")


class ScheduleOut(Schema):
    """When backups are scheduled."""

    is_on: bool
    every_days: int = Field(description="How often each system is backed up.")
    kept: int = Field(description="How many of each reason are kept per system; those made by hand stay.")


class ScheduleIn(Schema, extra="forbid"):
    """What is left out stays."""

    is_on: bool | None = None
    every_days: int | None = Field(None, ge=1, le=scheduling.MOST_DAYS)
    kept: int | None = Field(None, ge=1, le=scheduling.MOST_KEPT)


class DiffParameters(Schema):
    """What to compare with."""

    other: str = Field(
        alias="with",
        max_length=64,
        description="backup:5 (or 5), version:7, system:3 (as it is now) or template:2. It is the right side.",
    )


@routes.get("/schedule", response=ScheduleOut)
@needs(Permission.VIEW, anywhere=True)
def get_backup_schedule(request: HttpRequest) -> ScheduleOut:
    """When backups are scheduled, and how many are kept."""
    return _schedule()


@routes.patch("/schedule", response=ScheduleOut)
@needs(Permission.MANAGE_SERVER)
def change_backup_schedule(request: HttpRequest, details: ScheduleIn) -> ScheduleOut:
    """Change when backups are made."""
    now = scheduling.get()
    values: dict[str, Any] = {"is_on": now.is_on, "every_days": now.every_days, "kept": now.kept}
    values |= {name: value for name, value in details.dict().items() if value is not None}
    with transaction.atomic(), refused_as(422, scheduling.ScheduleRefused):
        scheduling.update(**values)
        audit.record(user_of(request), "api", "change backup schedule", None, **values)
    return _schedule()


@routes.get("/{int:backup_id}/parts/{int:part_id}", response=PartText)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def get_backup_part(request: HttpRequest, backup_id: int, part_id: int) -> PartText:
    """What a part holds: a macro's code, a panel's document, a picture in base64. Macros may hold passwords, so this
    is for people who may change settings."""
    backup = find_backup(user_of(request), backup_id, Permission.CHANGE_SETTINGS)
    part: BackupPart | None = (
        backup.parts.select_related("content").filter(pk=min(part_id, LARGEST_ID)).first()
    )
    if part is None:
        raise NotFound("part", part_id)
    return PartText(kind=part.kind, name=part.name, content=keeping.text_of(part))  # type: ignore[arg-type]


@routes.get("/{int:backup_id}/diff", response=DiffOut)
@needs(Permission.VIEW, anywhere=True)
def diff_backup(request: HttpRequest, backup_id: int, parameters: Query[DiffParameters]) -> DiffOut:
    """What differs between a backup (left) and another backup, a reported version, or a system as it is now."""
    user = user_of(request)
    left = sides.side_of_backup(find_backup(user, backup_id))
    with refused_as(422, sides.SideRefused, field="query.with"):
        kind, number = sides.read_name(parameters.other)
        right = (
            _side_of_template(row_of(TEMPLATES, actor_of(request), number))
            if kind == "template"
            else sides.find(parameters.other, visible_systems(user))
        )
    if right is None:
        raise NotFound("side of a comparison", parameters.other)
    found = sides.compare_sides(left, right)
    return DiffOut(
        left=encode_side(left),
        right=encode_side(right),
        counts=differences.counts(found),
        settings=[
            SettingDifferenceOut(path=one.path, kind=one.kind.value, left=one.left, right=one.right)
            for one in found
        ],
        parts=[
            PartDifferenceOut(kind=one.part_kind, name=one.name, difference=one.kind.value)  # type: ignore[arg-type]
            for one in sides.compare_parts(left, right)
        ],
    )


@routes.post("/{int:backup_id}/restore", response={200: RestoreMappingOut, 202: JobOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def restore_backup(
    request: HttpRequest, backup_id: int, response: HttpResponse, details: RestoreIn | None = None
) -> Status[RestoreMappingOut] | Status[JobOut]:
    """Put a backup, or parts of it, on its system or on another one. With `dry_run`: what it would do (200)."""
    user = user_of(request)
    details = details or RestoreIn(system=None, parts=[], dry_run=False)
    backup = find_backup(user, backup_id)
    target = _target(user, backup, details.system)
    refusals = (mapping.PicksRefused, planning.PlanRefused)
    if details.dry_run:
        with refused_as(422, *refusals, field="body.parts"):
            report = restoring.plan(backup, target, details.parts)
            is_other = mapping.is_other_model(backup.product, target.product)
            return Status(200, encode_report(report, target.pk, is_other_model=is_other, backup=backup))
    with (
        transaction.atomic(),
        refused_as(409, restoring.RestoreRefused),
        refused_as(422, *refusals, field="body.parts"),
    ):
        _, job = restoring.start(backup, target, details.parts, user=user, now=timezone.now())
        audit.record(user, "api", "restore backup", target, backup=backup.pk, parts=details.parts)
    return Status(202, accepted(job, response))


def find_backup(user: User, backup_id: int, permission: Permission = Permission.VIEW) -> Backup:
    """The backup; raises as `get_system` does."""
    backup: Backup | None = BACKUPS.rows(grants_of(user)).filter(pk=min(backup_id, LARGEST_ID)).first()
    if backup is None:
        raise NotFound("backup", backup_id)
    demand(user, permission, backup.system.folder.path)
    return backup


def _side_of_template(template: ConfigurationTemplate) -> sides.Side:
    settings = {one.path: one.shown for one in newest_content(template).settings}
    return sides.side_of_template(template.pk, template.name, settings)


def _target(user: User, backup: Backup, system_id: int | None) -> System:
    return get_system(user, system_id or backup.system_id, Permission.CHANGE_SETTINGS)


def _schedule() -> ScheduleOut:
    found = scheduling.get()
    return ScheduleOut(is_on=found.is_on, every_days=found.every_days, kept=found.kept)
