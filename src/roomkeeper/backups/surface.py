"""Backups as people and programs see them: the list, what is in one, deleting one."""

from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Count, Q, QuerySet
from pydantic import BaseModel
from pydantic import Field as Described

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.backups import keeping, scheduling
from roomkeeper.backups.models import Backup, Reason
from roomkeeper.backups.readings import BACKUP_READINGS
from roomkeeper.backups.telling import PartKindWord
from roomkeeper.operations.acts import Act, Input, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Nested, Pages, Subject, register
from roomkeeper.systems.models import ConfigurationVersion, State
from roomkeeper.systems.surface import is_on_visible_system, place_of_system
from roomkeeper.words import gettext as _

ReasonWord = Literal["scheduled", "by_hand", "before_restore", "before_replace"]


class PartOut(BaseModel):
    """A macro, a panel or a picture."""

    id: int
    kind: PartKindWord
    name: str
    size: int
    sha256: str
    is_active: bool | None = Described(description="Of macros: whether it ran.")


def _seen_by(grants: Grants) -> Q:
    """Those of systems that she sees; of the inbox only for whom may view that."""
    seen = is_on_visible_system(grants)
    return seen if grants.may(Permission.VIEW_INBOX) else seen & ~Q(system__state=State.PENDING)


def _with_counts(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    counted: QuerySet[Any] = rows.annotate(part_count=Count("parts"))
    return counted


def _parts(backup: Backup) -> list[PartOut]:
    rows = backup.parts.select_related("content").defer("content__content").order_by("kind", "name")
    return [
        PartOut(
            id=part.pk,
            kind=part.kind,  # type: ignore[arg-type]
            name=part.name,
            size=part.content.size,
            sha256=part.content_id,
            is_active=active if isinstance(active := part.details.get("is_active"), bool) else None,
        )
        for part in rows
    ]


def _schedule(*, user: Person, now: datetime, **values: Any) -> None:
    found = scheduling.get()
    kept = {"is_on": found.is_on, "every_days": found.every_days, "kept": found.kept}
    scheduling.update(**kept | values)


def _delete(row: Backup, *, user: Person, now: datetime) -> None:
    keeping.delete(row, user=user, now=now)


SCHEDULE: Final = Act(
    name="schedule",
    trail=Trail(word="change backup schedule"),
    on="all",
    needs=Permission.MANAGE_SERVER,
    run=_schedule,
    refused=(scheduling.ScheduleRefused,),
    rest=Rest(status=422, method="PATCH", is_derived=False),
    summary="Change when backups are made.",
    title="When are backups made?",
    undo="Change it back at any time.",
    button="Schedule",
    done="The schedule is changed.",
    takes=(
        Input(
            name="is_on",
            type=bool,
            default=False,
            label="Back up every managed system",
            prefill=lambda row: scheduling.get().is_on,
            meaning="Whether every managed system is backed up.",
        ),
        Input(
            name="every_days",
            type=int,
            default=7,
            label="Every so many days",
            prefill=lambda row: scheduling.get().every_days,
            meaning="How often each system is backed up.",
        ),
        Input(
            name="kept",
            type=int,
            default=8,
            label="Kept of each system",
            prefill=lambda row: scheduling.get().kept,
            meaning="How many of each reason are kept per system; those made by hand stay.",
        ),
    ),
)

BACKUPS = register(
    Subject(
        noun="backup",
        plural="backups",
        model=Backup,
        meaning="A backup of a system: its settings, macros, panels and pictures.",
        seen_by=_seen_by,
        place=place_of_system,
        search=("system__name", "product", "serial_number"),
        related=("system__folder", "made_by"),
        annotate=_with_counts,
        label=lambda backup: _("backup of {made_at:%Y-%m-%d %H:%M}", made_at=backup.made_at),
        about=lambda backup: backup.system,
        topic="system",
        page="backup",
        pages=Pages(help="backups", empty="backups/empty.html"),
        fields=(
            Field(name="id", type=int, heading="No.", cell="key", is_shown=False),
            Field(name="system", type=int, at="system_id", filter="one"),
            Field(
                name="system_name",
                type=str,
                at="system__name",
                sort="",
                read=lambda backup: str(backup.system),
                heading="System",
                cell="backups/cell_system.html",
            ),
            Field(name="made_at", type=datetime, heading="Made", cell="backups/cell_made.html"),
            Field(
                name="reason",
                type=ReasonWord,
                sort="",
                filter="one",
                choices=tuple((one.value, str(one.label)) for one in Reason),
                heading="Why",
                cell="word",
            ),
            Field(name="product", type=str, sort="", heading="Product", cell="backups/cell_product.html"),
            Field(name="software_version", type=str, sort="", heading="Software", is_shown=False),
            Field(name="serial_number", type=str, sort="", heading="Serial number", is_shown=False),
            Field(name="part_count", type=int, heading="Parts", cell="amount", is_told=False),
            Field(
                name="missing",
                type=list[str],
                meaning="What is missing in it and why.",
                sort="",
                heading="Not in it",
            ),
            Field(
                name="made_by",
                type=str | None,
                meaning="null: the server.",
                at="made_by__username",
                sort="",
                heading="By",
                cell="by",
            ),
            Field(name="size", type=int, meaning="Bytes before compression."),
            Field(
                name="settings",
                type=dict[str, str],
                meaning="Canonical path to value; *** where the device hides it.",
                read=keeping.settings_of,
                is_detail=True,
            ),
            Field(name="parts", type=list[PartOut], read=_parts, is_detail=True),
        ),
        nested=Nested(within="systems", at="backups", by="system"),
        readings=BACKUP_READINGS,
        acts=(
            SCHEDULE,
            Act(
                name="delete",
                needs=Permission.MANAGE_SYSTEMS,
                run=_delete,
                refused=(keeping.BackupInUse,),
                summary="Delete a backup.",
                title="Delete this backup?",
                what="The backup of {row.system} of {row.made_at:%Y-%m-%d %H:%M} is deleted with all its"
                " parts. Others"
                " stay.",
                undo="It cannot be undone.",
                button="Delete",
                done="The backup is deleted.",
                is_dangerous=True,
                for_many=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)

VERSIONS = register(
    Subject(
        noun="configuration version",
        plural="configuration versions",
        model=ConfigurationVersion,
        meaning="A configuration that a system reported and that differed from the one before.",
        seen_by=lambda grants: is_on_visible_system(grants) & Q(size__gt=0),
        place=place_of_system,
        related=("system__folder",),
        annotate=lambda rows, grants: rows.defer("content"),
        nested=Nested(within="systems", at="configuration-versions", by="system"),
        has_api=False,
        has_pages=False,
        fields=(
            Field(name="id", type=int),
            Field(name="digest", type=str, sort="", heading="Digest"),
            Field(name="size", type=int, sort="", heading="Size"),
            Field(name="first_at", type=datetime, heading="First"),
            Field(name="last_at", type=datetime, heading="Last"),
        ),
    )
)
