"""When backups are made by themselves: each system every so many days, some hundred in one job."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from roomkeeper.backups.models import BackupSchedule, BackupTry, Reason
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.systems.inventory import shared_path
from roomkeeper.systems.models import ConfigurationVersion, State, System
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

KIND: Final = "back up"
# More in one transaction would hold SQLite too long (rule R9); the rest follows with the next look.
SYSTEMS_AT_ONCE: Final = 240
MOST_DAYS: Final = 365
MOST_KEPT: Final = 1000


class ScheduleRefused(ValueError):
    """The schedule cannot be like that."""


def get() -> BackupSchedule:
    """The schedule in force."""
    return BackupSchedule.objects.first() or BackupSchedule()


def update(*, is_on: bool, every_days: int, kept: int) -> BackupSchedule:
    """Change the schedule. Raises `ScheduleRefused`."""
    if not 1 <= every_days <= MOST_DAYS:
        raise ScheduleRefused(_("Backups are made every 1 to {most} days.", most=MOST_DAYS))
    if not 1 <= kept <= MOST_KEPT:
        raise ScheduleRefused(_("1 to {most} backups are kept of a system.", most=MOST_KEPT))
    with transaction.atomic():
        found = BackupSchedule.objects.select_for_update().first() or BackupSchedule()
        found.is_on, found.every_days, found.kept = is_on, every_days, kept
        found.save()
    return found


def back_up_due(*, now: datetime) -> int:
    """Begin a job for systems whose time has come, one job at a time. Returns how many systems are in it."""
    schedule = get()
    if not schedule.is_on:
        return 0
    at_work = Job.objects.filter(kind=KIND, created_by=None).exclude(state__in=Job.ENDED)
    if at_work.exists():
        return 0
    with transaction.atomic():
        due = list(_due(now - timedelta(days=schedule.every_days))[:SYSTEMS_AT_ONCE])
        if not due:
            return 0
        BackupTry.objects.bulk_create(
            [BackupTry(system=system, at=now) for system in due],
            update_conflicts=True,
            unique_fields=["system"],
            update_fields=["at"],
        )
        work.create(
            KIND,
            ngettext("Scheduled backup of {count} system", "Scheduled backup of {count} systems", len(due)),
            [work.NewItem(str(system), system_id=system.pk) for system in due],
            user=None,
            now=now,
            parameters={"reason": Reason.SCHEDULED},
            folder_path=shared_path(system.folder.path for system in due),
        )
    return len(due)


def next_due(system: System, schedule: BackupSchedule, tried: BackupTry | None) -> datetime | None:
    """When the schedule backs the system up next, by its last try; None where it does not."""
    if not schedule.is_on or system.state != State.MANAGED:
        return None
    return tried.at + timedelta(days=schedule.every_days) if tried else None


def _due(limit: datetime) -> QuerySet[System]:
    """Managed systems that were not tried since then and have something to back up, the longest waiting first."""
    reported = ConfigurationVersion.objects.filter(system=OuterRef("pk"), size__gt=0)
    return (
        System.objects.filter(Exists(reported), state=State.MANAGED)
        .filter(Q(backup_try=None) | Q(backup_try__at__lte=limit))
        .select_related("folder")
        .order_by(F("backup_try__at").asc(nulls_first=True), "pk")
    )
