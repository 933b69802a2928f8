"""What programs are told of a backup beside its row: what one of its parts holds; and when backups are made."""

from typing import Any, Final

from pydantic import Field

from roomkeeper.accounts.permissions import Permission
from roomkeeper.backups import keeping, scheduling
from roomkeeper.backups.models import Backup
from roomkeeper.backups.telling import PartText
from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.readings import Reading, Told


class ScheduleOut(Told):
    """When backups are scheduled."""

    is_on: bool
    every_days: int = Field(description="How often each system is backed up.")
    kept: int = Field(description="How many of each reason are kept per system; those made by hand stay.")


def _part(row: Backup, *, user: Any, part_id: int) -> PartText:
    part = row.parts.select_related("content").filter(pk=part_id).first()
    if part is None:
        raise NotSeen("part", part_id)
    return PartText(kind=part.kind, name=part.name, content=keeping.text_of(part))  # type: ignore[arg-type]


BACKUP_READINGS: Final = (
    Reading(
        name="get_backup_part",
        at="parts/{int:part_id}",
        summary="What a part holds: a macro's code, a panel's document, a picture in base64. Macros may hold "
        "passwords, so this is for people who may change settings.",
        gives=PartText,
        read=_part,
        needs=Permission.CHANGE_SETTINGS,
    ),
    Reading(
        name="get_backup_schedule",
        at="schedule",
        on="all",
        summary="When backups are scheduled, and how many are kept.",
        gives=ScheduleOut,
        read=lambda *, user: scheduling.get(),
    ),
)
