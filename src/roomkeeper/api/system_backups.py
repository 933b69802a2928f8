"""A system's backups and reported versions, and replacing its hardware."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api import derived_lists
from roomkeeper.api.backup_fields import (
    ConfigurationVersionOut,
    ReplaceIn,
    ReplacementOut,
    encode_replacement,
)
from roomkeeper.api.on_systems import routes
from roomkeeper.api.paging import ListParameters, Page, page_of
from roomkeeper.api.problems import Conflict, refused_as
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import user_of
from roomkeeper.backups import mapping, replacement_plan, replacing, restoring
from roomkeeper.backups.models import Replacement
from roomkeeper.backups.replacement_plan import Hardware
from roomkeeper.backups.surface import BACKUPS
from roomkeeper.operations import lists
from roomkeeper.systems import admission
from roomkeeper.systems.models import ConfigurationVersion, State, System

_backups_told = derived_lists.told_of(BACKUPS)
_VERSION_SORTS = {"id": "id", "first_at": "first_at", "last_at": "last_at"}


@routes.get("/{int:system_id}/backups", response=Page.__class_getitem__(_backups_told.in_list))
@needs(Permission.VIEW, anywhere=True)
def list_system_backups(request: HttpRequest, system_id: int, filters: Query[ListParameters]) -> Any:
    """List a system's backups, newest first."""
    user = user_of(request)
    rows = BACKUPS.rows(grants_of(user)).filter(system=get_system(user, system_id))
    return page_of(_backups_told.in_list, rows, filters, lists.sorts_of(BACKUPS), "-id", _backups_told)


@routes.get("/{int:system_id}/configuration-versions", response=Page[ConfigurationVersionOut])
@needs(Permission.VIEW, anywhere=True)
def list_configuration_versions(
    request: HttpRequest, system_id: int, filters: Query[ListParameters]
) -> Page[ConfigurationVersionOut]:
    """List the configurations that a system reported, each that differed from the one before."""
    rows = ConfigurationVersion.objects.filter(system=get_system(user_of(request), system_id), size__gt=0)
    return page_of(
        ConfigurationVersionOut, rows.defer("content"), filters, _VERSION_SORTS, "-id", _encode_version
    )


@routes.post("/{int:system_id}/replace", response=ReplacementOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def replace_system(request: HttpRequest, system_id: int, details: ReplaceIn) -> ReplacementOut:
    """New hardware takes a system's record over: id, folder, tags, rights, history, settings. With `dry_run`: how."""
    user, now = user_of(request), timezone.now()
    system = get_system(user, system_id, Permission.MANAGE_SYSTEMS)
    named = get_system(user, details.with_) if details.with_ is not None else None
    how: dict[str, Any] = {
        "restores": details.restore,
        "picks": details.parts,
        "keeps_credentials": details.keep_credentials,
    }
    with (
        refused_as(
            409, replacement_plan.ReplaceRefused, admission.AdmissionRefused, restoring.RestoreRefused
        ),
        refused_as(422, mapping.PicksRefused, field="body.parts"),
    ):
        hardware = replacement_plan.find_hardware(
            system,
            serial_number=details.serial_number,
            mac_address=details.mac_address,
            record=named,
            user=user,
        )
        _demand_record(user, system, hardware)
        if details.restore:
            demand(user, Permission.CHANGE_SETTINGS, system.folder.path)
        plan = replacement_plan.plan(system, hardware, **how)
        if details.dry_run:
            return encode_replacement(plan)
        with transaction.atomic():
            replacement, restoration = replacing.replace(system, hardware, user=user, now=now, **how)
            audit.record(user, "api", "replace hardware", system, **told_of(replacement))
    return encode_replacement(plan, replacement, restoration)


@routes.post("/{int:system_id}/replace/undo", response=ReplacementOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def undo_replacement(request: HttpRequest, system_id: int) -> ReplacementOut:
    """Bring the old hardware back to its record, as far as that goes: it gets a new secret."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.MANAGE_SYSTEMS)
    replacement = Replacement.objects.filter(system=system).order_by("-id").first()
    if replacement is None:
        raise Conflict(f"The hardware of {system} was never replaced.")
    with (
        transaction.atomic(),
        refused_as(409, replacement_plan.ReplaceRefused, admission.AdmissionRefused),
    ):
        system = replacing.undo(replacement, user=user, now=timezone.now())
        audit.record(user, "api", "undo replacement", system, **told_of(replacement))
    back = Hardware(system.serial_number, system.mac_address)
    plan = replacement_plan.ReplacementPlan(system, back, (), None, is_other_model=False)
    return encode_replacement(plan, replacement)


def told_of(replacement: Replacement) -> dict[str, object]:
    """What the audit trail says of a replacement."""
    return {
        "serial_number": replacement.new_serial_number,
        "mac_address": replacement.new_mac_address,
        "merged": replacement.merged_system_id,
        "was": replacement.old.get("serial_number", ""),
    }


def _demand_record(user: User, system: System, hardware: Hardware) -> None:
    """The new hardware's own record is taken away from where it stands: she must be allowed that there, too."""
    record = hardware.record
    if record is None:
        demand(user, Permission.ADMIT, system.folder.path)
        return
    # One that she may not see is not told about.
    get_system(user, record.pk)
    if record.state == State.PENDING:
        demand(user, Permission.ADMIT, system.folder.path)
    else:
        demand(user, Permission.MANAGE_SYSTEMS, record.folder.path)


def _encode_version(version: ConfigurationVersion) -> ConfigurationVersionOut:
    return ConfigurationVersionOut(
        id=version.pk,
        digest=version.digest,
        size=version.size,
        first_at=version.first_at,
        last_at=version.last_at,
    )
