"""Restoring backups and replacing hardware, as people and programs see them: what was done, and the acts.

Both are shown as a plan first; the acts are the same for whoever says yes to it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.accounts.person import Person
from roomkeeper.backups import replacement_plan, replacing, restoring
from roomkeeper.backups.mapping import PicksRefused, RestoreReport
from roomkeeper.backups.models import Replacement, Restoration
from roomkeeper.backups.replacement_plan import Hardware, ReplacementPlan, ReplaceRefused
from roomkeeper.operations.acts import Act, Input, Rest, Trail
from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Pages, Subject, register
from roomkeeper.provisioning.planning import PlanRefused
from roomkeeper.systems.admission import AdmissionRefused
from roomkeeper.systems.models import State, System
from roomkeeper.systems.surface import is_on_visible_system, place_of_system, visible
from roomkeeper.words import gettext as _


def _target(taken: Mapping[str, Any]) -> System:
    """The system on which a backup is put: its own, unless another is named."""
    found: System = taken["system"] or taken["backup"].system
    return found


def _on_target(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    return (_target(taken).folder.path,) if "backup" in taken else ()


def _on_system(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    return (taken["system"].folder.path,) if "system" in taken else ()


# Restoring


def _restore(*, user: Person, now: datetime, **taken: Any) -> Restoration:
    restoration, _rest = restoring.start(taken["backup"], _target(taken), taken["parts"], user=user, now=now)
    return restoration


def _plan_restore(*, user: Person, now: datetime, **taken: Any) -> RestoreReport:
    return restoring.plan(taken["backup"], _target(taken), taken["parts"])


def _cancel(row: Restoration, *, user: Person, now: datetime) -> None:
    if not restoring.cancel(row, user=user, now=now):
        raise restoring.RestoreRefused(_("It has already started; stop its job."))


_PARTS: Final = Input(
    name="parts",
    type=list[str],
    default=[],
    most=1000,
    meaning="Empty: everything. Otherwise settings, macros, extensions, branding; macro:NAME, extension:NAME, "
    "branding:TYPE; or the beginning of a path, as Phonebook/Server.",
)
RESTORE: Final = Act(
    name="restore",
    on="all",
    trail=Trail(
        word="restore backup", given=lambda taken: {"backup": taken["backup"], "parts": taken["parts"]}
    ),
    needs=Permission.CHANGE_SETTINGS,
    places=_on_target,
    run=_restore,
    plan=_plan_restore,
    refused=(restoring.RestoreRefused, PicksRefused, PlanRefused),
    summary="Put a backup, or parts of it, on its system or on another one.",
    rest=Rest(under="backup", is_derived=False),
    is_mounted=False,
    takes=(
        Input(name="backup", type=Identifier, refers="backups"),
        Input(
            name="system",
            type=Identifier | None,
            default=None,
            refers="systems",
            meaning="Default: the system of the backup.",
        ),
        _PARTS,
    ),
)

RESTORATIONS: Final = register(
    Subject(
        noun="restoration",
        plural="restorations",
        model=Restoration,
        meaning="That a backup was put on a system, or waits for its new hardware to report itself.",
        seen_by=is_on_visible_system,
        place=place_of_system,
        related=("system__folder", "backup", "created_by"),
        label=lambda row: _(
            "restore from the backup of {made_at:%Y-%m-%d %H:%M}", made_at=row.backup.made_at
        ),
        about=lambda row: row.system,
        topic="system",
        pages=Pages(help="backups", empty="Nothing was restored yet."),
        fields=(
            Field(name="id", type=int, heading="No.", cell="fit"),
            Field(name="created_at", type=datetime, heading="Asked", cell="when"),
            Field(name="system", type=int, at="system_id", filter="one", sort="system"),
            Field(name="system_name", type=str, at="system__name", sort="", heading="System", cell="system"),
            Field(name="backup", type=int, at="backup_id", filter="one", sort="", heading="Backup"),
            Field(
                name="state",
                type=str,
                filter="one",
                choices=tuple((one.value, str(one.label).lower()) for one in Restoration.State),
                heading="State",
                cell="word",
            ),
            Field(name="words", type=str, sort="", heading="What came of it"),
            Field(
                name="replacement",
                type=int | None,
                at="replacement_id",
                meaning="The replacement with which it goes.",
                sort="",
            ),
            Field(name="job", type=int | None, at="job_id", sort=""),
            Field(name="change_set", type=int | None, at="change_set_id", sort="", heading="Change set"),
            Field(
                name="created_by",
                type=str | None,
                at="created_by__username",
                sort="",
                heading="By",
                cell="by",
            ),
        ),
        acts=(
            RESTORE,
            Act(
                name="cancel",
                trail=Trail(word="cancel restore"),
                needs=Permission.CHANGE_SETTINGS,
                run=_cancel,
                refused=(restoring.RestoreRefused,),
                summary="Cancel a restore that waits for new hardware to report itself.",
                title="Cancel this restore?",
                what="The configuration of {row.system}'s old hardware is not restored to the new one.",
                undo="To undo this, restore the backup by hand.",
                button="Cancel the restore",
                done="The restore is cancelled.",
                offered=lambda row: row.state == Restoration.State.WAITING,
            ),
        ),
    )
)


# Replacing


def _plan_replace(*, user: Person, now: datetime, system: System, **taken: Any) -> ReplacementPlan:
    hardware = replacement_plan.find_hardware(
        system,
        serial_number=taken["serial_number"],
        mac_address=taken["mac_address"],
        record=taken["with"],
        user=user,
    )
    _demand_record(user, system, hardware)
    if taken["restore"]:
        demand(user, Permission.CHANGE_SETTINGS, system.folder.path)
    return replacement_plan.plan(system, hardware, **_how(taken))


def _replace(*, user: Person, now: datetime, system: System, **taken: Any) -> tuple[Replacement, Any]:
    plan = _plan_replace(user=user, now=now, system=system, **taken)
    replacement, restoration = replacing.replace(system, plan.hardware, user=user, now=now, **_how(taken))
    return replacement, (plan, restoration)


def _how(taken: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "restores": taken["restore"],
        "picks": taken["parts"],
        "keeps_credentials": taken["keep_credentials"],
    }


def _demand_record(user: Person, system: System, hardware: Hardware) -> None:
    """The new hardware's own record is taken away from where it stands: she must be allowed that there, too."""
    record = hardware.record
    if record is None:
        demand(user, Permission.ADMIT, system.folder.path)
        return
    # One that she may not see is not told about.
    if not visible(grants_of(user)).filter(pk=record.pk).exists():
        raise NotSeen("system", record.pk)
    if record.state == State.PENDING:
        demand(user, Permission.ADMIT, system.folder.path)
    else:
        demand(user, Permission.MANAGE_SYSTEMS, record.folder.path)


def _undo(row: Replacement, *, user: Person, now: datetime) -> Replacement:
    replacing.undo(row, user=user, now=now)
    return row


def _told_of(row: Replacement) -> dict[str, Any]:
    return {
        "serial_number": row.new_serial_number,
        "mac_address": row.new_mac_address,
        "merged": row.merged_system_id,
        "was": row.old.get("serial_number", ""),
    }


_REFUSED: Final = (ReplaceRefused, AdmissionRefused, restoring.RestoreRefused, PicksRefused)
REPLACE: Final = Act(
    name="replace",
    on="all",
    trail=Trail(word="replace hardware", given=lambda taken: {}, result=lambda result: _told_of(result[0])),
    needs=Permission.MANAGE_SYSTEMS,
    places=_on_system,
    run=_replace,
    plan=_plan_replace,
    refused=_REFUSED,
    summary="New hardware takes a system's record over: id, folder, tags, rights, history, settings.",
    done="The hardware of {row.system} is replaced.",
    rest=Rest(under="system", is_derived=False),
    is_mounted=False,
    takes=(
        Input(name="system", type=Identifier, refers="systems"),
        Input(
            name="serial_number", default="", most=64, meaning="That of the new hardware.", option="serial"
        ),
        Input(name="mac_address", default="", most=64, meaning="That of the new hardware.", option="mac"),
        Input(
            name="with",
            type=Identifier | None,
            default=None,
            refers="systems",
            meaning="A system in the inbox, or one that was added as new.",
        ),
        Input(
            name="restore",
            type=bool,
            default=True,
            meaning="Restore the last configuration of the old hardware to the new one.",
        ),
        _PARTS,
        Input(
            name="keep_credentials",
            type=bool,
            default=False,
            meaning="Try the stored login on the new hardware.",
        ),
    ),
    tells=(Field(name="restoration", type=str | None, read=lambda told: told[1] and told[1].state),),
)
UNDO: Final = Act(
    name="undo",
    needs=Permission.MANAGE_SYSTEMS,
    run=_undo,
    refused=_REFUSED,
    summary="Bring the old hardware back to its record, as far as that goes: it gets a new secret.",
    title="Bring the old hardware of {row.system} back?",
    what="Its serial number is {row.old[serial_number]} again. It gets a new secret with its next post. The present "
    "hardware appears in the inbox when it posts; its own record is not restored.",
    undo="Replace it again to undo this.",
    button="Bring it back",
    done="The old hardware is the system again.",
    is_dangerous=True,
    offered=lambda row: row.undone_at is None,
    trail=Trail(given=lambda taken: {}, result=_told_of),
)

REPLACEMENTS: Final = register(
    Subject(
        noun="replacement",
        plural="replacements",
        model=Replacement,
        meaning="That new hardware took a system's record over.",
        seen_by=is_on_visible_system,
        place=place_of_system,
        related=("system__folder", "user"),
        label=lambda row: row.new_serial_number or row.new_mac_address,
        about=lambda row: row.system,
        topic="system",
        pages=Pages(help="replace", empty="No hardware was replaced yet."),
        fields=(
            Field(name="id", type=int, heading="No.", cell="fit"),
            Field(name="at", type=datetime, heading="When", cell="when"),
            Field(name="system", type=int, at="system_id", filter="one", sort="system"),
            Field(name="system_name", type=str, at="system__name", sort="", heading="System", cell="system"),
            Field(
                name="old_serial_number",
                type=str,
                read=lambda row: row.old.get("serial_number") or "",
                heading="Old serial number",
                cell="value",
            ),
            Field(name="new_serial_number", type=str, sort="", heading="New serial number", cell="value"),
            Field(name="new_mac_address", type=str, sort="", heading="New MAC address", cell="value"),
            Field(
                name="merged",
                type=int | None,
                at="merged_system_id",
                meaning="The record that the new hardware had; its id is not used again.",
                sort="",
            ),
            Field(name="undone_at", type=datetime | None, sort="", heading="Undone", cell="when"),
            Field(name="by", type=str | None, at="user__username", sort="", heading="By", cell="by"),
        ),
        acts=(REPLACE, UNDO),
    )
)


def newest_of(system: System) -> Replacement | None:
    """The last replacement of the system's hardware."""
    return Replacement.objects.filter(system=system).order_by("-id").first()
