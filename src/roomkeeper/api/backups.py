"""`backups`: beside the declared list what differs, putting one back, and when they are made; replacing hardware."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema, Status
from pydantic import Field, create_model

from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.derived_lists import actor_of, row_of
from roomkeeper.api.derived_mounting import do_act, preview_act
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.on_systems import routes as system_routes
from roomkeeper.api.problems import Conflict, NotFound, refused_as
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.backups import mapping, restoring_surface, scheduling, sides
from roomkeeper.backups.readings import ScheduleOut
from roomkeeper.backups.replacement_plan import Hardware, ReplacementPlan
from roomkeeper.backups.restoring_surface import REPLACE, REPLACEMENTS, RESTORATIONS, RESTORE, UNDO
from roomkeeper.backups.surface import BACKUPS, SCHEDULE
from roomkeeper.backups.telling import DiffOut, ReplacementPlanOut, RestoreMappingOut
from roomkeeper.fleet.comparing import find_side
from roomkeeper.jobs.models import Job
from roomkeeper.operations.acts import Act
from roomkeeper.operations.taking import bounded, model_of, taken_of
from roomkeeper.words import gettext as _

routes = Routes("backups")


class DiffParameters(Schema):
    """What to compare with."""

    other: str = Field(
        alias="with",
        max_length=64,
        description="backup:5 (or 5), version:7, system:3 (as it is now) or template:2. It is the right side.",
    )


class _Planned(Schema, extra="forbid"):
    dry_run: bool = False


def _body(act: Act, name: str, about: str) -> Any:
    """What the act takes beside the object that the address names."""
    fields: dict[str, Any] = {one.name: (one.type, bounded(one)) for one in act.takes if one.name != about}
    return create_model(name, __base__=_Planned, __doc__=act.summary, **fields)


def _taken(act: Act, details: Any, **about: int) -> dict[str, Any]:
    return {one.name: about.get(one.name, getattr(details, one.name, None)) for one in act.takes}


ScheduleIn: Any = model_of(BACKUPS, SCHEDULE)
RestoreIn: Any = _body(RESTORE, "RestoreIn", "backup")
ReplaceIn: Any = _body(REPLACE, "ReplaceIn", "system")


@routes.patch("/schedule", response=ScheduleOut)
@needs(Permission.MANAGE_SERVER)
def change_backup_schedule(request: HttpRequest, details: ScheduleIn) -> Any:
    """Change when backups are made; what is left out stays."""
    do_act(BACKUPS, SCHEDULE, None, actor_of(request), taken_of(SCHEDULE, details))
    return scheduling.get()


@routes.get("/{int:backup_id}/diff", response=DiffOut)
@needs(Permission.VIEW, anywhere=True)
def diff_backup(request: HttpRequest, backup_id: int, parameters: Query[DiffParameters]) -> DiffOut:
    """What differs between a backup (left) and another backup, a reported version, or a system as it is now."""
    left = sides.side_of_backup(row_of(BACKUPS, actor_of(request), backup_id))
    with refused_as(422, sides.SideRefused, field="query.with"):
        right = find_side(parameters.other, grants_of(user_of(request)))
    if right is None:
        raise NotFound("side of a comparison", parameters.other)
    return DiffOut.of(left, right)


@routes.post("/{int:backup_id}/restore", response={200: RestoreMappingOut, 202: JobOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def restore_backup(
    request: HttpRequest, backup_id: int, response: HttpResponse, details: RestoreIn | None = None
) -> Status[RestoreMappingOut] | Status[JobOut]:
    """Put a backup, or parts of it, on its system or on another one. With `dry_run`: what it would do (200)."""
    actor, details = actor_of(request), details or RestoreIn()
    backup = row_of(BACKUPS, actor, backup_id)
    taken = _taken(RESTORE, details, backup=backup.pk)
    if details.dry_run:
        report = preview_act(RESTORATIONS, RESTORE, actor, taken)
        target = get_system(user_of(request), details.system or backup.system_id)
        is_other = mapping.is_other_model(backup.product, target.product)
        told = RestoreMappingOut.of(report, target.pk, is_other_model=is_other, backup=backup)
        return Status(200, told)
    restoration = do_act(RESTORATIONS, RESTORE, None, actor, taken)
    return Status(202, accepted(Job.objects.get(pk=restoration.job_id), response))


@system_routes.post("/{int:system_id}/replace", response=ReplacementPlanOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def replace_system(request: HttpRequest, system_id: int, details: ReplaceIn) -> ReplacementPlanOut:
    """New hardware takes a system's record over: id, folder, tags, rights, history, settings. With `dry_run`: how."""
    taken = _taken(REPLACE, details, system=system_id)
    if details.dry_run:
        return ReplacementPlanOut.of(preview_act(REPLACEMENTS, REPLACE, actor_of(request), taken))
    replacement, (plan, restoration) = do_act(REPLACEMENTS, REPLACE, None, actor_of(request), taken)
    return ReplacementPlanOut.of(plan, replacement, restoration)


@system_routes.post("/{int:system_id}/replace/undo", response=ReplacementPlanOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def undo_replacement(request: HttpRequest, system_id: int) -> ReplacementPlanOut:
    """Bring the old hardware back to its record, as far as that goes: it gets a new secret."""
    system = get_system(user_of(request), system_id, Permission.MANAGE_SYSTEMS)
    replacement = restoring_surface.newest_of(system)
    if replacement is None:
        raise Conflict(_("The hardware of {system} was never replaced.", system=system))
    system = do_act(REPLACEMENTS, UNDO, replacement, actor_of(request), {}).system
    back = Hardware(system.serial_number, system.mac_address)
    plan = ReplacementPlan(system, back, (), None, is_other_model=False)
    return ReplacementPlanOut.of(plan, replacement)
