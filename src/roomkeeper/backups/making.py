"""Making backups, as a job: a device that can be reached is asked, of another what it reported is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from roomkeeper.accounts.models import User
from roomkeeper.accounts.person import Person
from roomkeeper.backups import keeping, scheduling
from roomkeeper.backups.models import Backup, BackupTry, Reason
from roomkeeper.backups.reading import ReadParts, read_parts
from roomkeeper.devices import errors, registry
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.jobs.work import NewItem
from roomkeeper.provisioning.reading import read_and_keep
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.inventory import shared_path
from roomkeeper.systems.models import REACHABLE, Connectivity, State, System
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

KIND: Final = scheduling.KIND
AT_ONCE: Final = 20
BESIDE: Final = noop("its macros, panels and pictures are not in the backup")


class BackupRefused(ValueError):
    """The systems cannot be backed up like that."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made; `trouble` is why the device was not asked though it should have been."""

    backup: Backup
    parts: int
    trouble: str = ""
    advice: str = ""


def start(systems: list[System], *, user: Person, now: datetime, reason: str = Reason.BY_HAND) -> Job:
    """A job that backs these systems up, one item each. Raises `BackupRefused`."""
    managed = [system for system in systems if system.state == State.MANAGED]
    if not managed:
        raise BackupRefused(_("Only managed systems are backed up, and none of these systems is managed."))
    title = (
        _("Back up {managed}", managed=managed[0])
        if len(managed) == 1
        else _("Back up {count} systems", count=len(managed))
    )
    return work.create(
        KIND,
        title,
        [NewItem(str(system), system_id=system.pk) for system in managed],
        user=user,
        now=now,
        parameters={"reason": reason},
        folder_path=shared_path(system.folder.path for system in managed),
    )


async def run(job: RunningJob) -> str:
    """Work on such a job."""
    reason = str(job.parameters.get("reason", Reason.BY_HAND))

    async def back_up(item: Item) -> ItemOutcome:
        return await _back_up(item, reason, job.user_id)

    await job.each(back_up, at_once=AT_ONCE)
    counts = (await off_loop(work.counts, [job.job_id]))[job.job_id]
    whole, part = counts[JobItem.State.DONE], counts[JobItem.State.WARNING]
    others = sum(counts.values()) - whole - part
    told = [_("{whole} backed up", whole=whole)]
    told += [_("{part} only as last reported", part=part)] if part else []
    told += [_("{others} not", others=others)] if others else []
    return ", ".join(told) + "."


async def make(system_id: int, *, reason: str, user_id: int | None) -> Made:
    """Back up one system. Raises `NothingToBackUp`, `System.DoesNotExist`."""
    why_not = await off_loop(_why_not_asked, system_id)
    read, trouble, advice = ReadParts(), "", ""
    if why_not:
        read.missing.append(why_not)
    else:
        try:
            async with device_access.talking_to(system_id) as driver:
                await read_and_keep(driver, system_id, ("configuration",))
                read = await read_parts(driver)
        except errors.DeviceError as error:
            trouble, advice = error.what_happened, error.advice
        except device_access.NoAddress as error:
            trouble, advice = str(error), _("Give it one under its Connection tab.")
        if trouble:
            read.missing.append(
                _(
                    "{trouble} So the backup holds what it reported last, and {beside}.",
                    trouble=trouble,
                    beside=_(BESIDE),
                )
            )
    backup = await off_loop(partial(_store, system_id, read, reason=reason, user_id=user_id))
    return Made(backup, len(read.parts), trouble, advice)


async def _back_up(item: Item, reason: str, user_id: int | None) -> ItemOutcome:
    system_id = item.system_id or 0
    try:
        made = await make(system_id, reason=reason, user_id=user_id)
    except System.DoesNotExist:
        return ItemOutcome(JobItem.State.SKIPPED, _("It was deleted."))
    except keeping.NothingToBackUp as refusal:
        advice = _("It is asked for its configuration with the answers to its posts, or by polling it.")
        await off_loop(_note_try, system_id, str(refusal), False)
        return ItemOutcome(JobItem.State.FAILED, str(refusal), advice)
    await off_loop(_note_try, system_id, made.trouble, not made.backup.missing)
    told = {"backup": made.backup.pk, "missing": made.backup.missing}
    if made.trouble:
        summary = _("Kept as it was last reported: {trouble}", trouble=made.trouble)
        return ItemOutcome(JobItem.State.WARNING, summary, made.advice, system_id, told)
    parts = ngettext(" and {count} part", " and {count} parts", made.parts) if made.parts else ""
    summary = _("Its configuration{parts}.", parts=parts)
    if made.backup.missing:
        summary += f" {' '.join(made.backup.missing)}"
    return ItemOutcome(JobItem.State.DONE, summary, "", system_id, told)


def _why_not_asked(system_id: int) -> str:
    """Why the device is not asked itself, as a sentence; "" where it is."""
    system = System.objects.get(pk=system_id)
    if system.connectivity == Connectivity.BEHIND_FIREWALL:
        return _("It is Behind Firewall, where it cannot be asked: {beside}.", beside=_(BESIDE))
    if system.connectivity not in REACHABLE:
        return _("It cannot be reached: {beside}.", beside=_(BESIDE))
    if not credentials.has_credentials(system):
        return _("No login is stored for it: {beside}.", beside=_(BESIDE))
    if not registry.get_family(system.family).can("run_command"):
        return _("Its family is not asked for more than its configuration: {beside}.", beside=_(BESIDE))
    return ""


def _store(system_id: int, read: ReadParts, *, reason: str, user_id: int | None) -> Backup:
    user = User.objects.filter(pk=user_id).first() if user_id else None
    system = System.objects.select_related("folder").get(pk=system_id)
    backup = keeping.store(
        system, read.parts, reason=reason, missing=read.missing, user=user, now=datetime.now(UTC)
    )
    keeping.prune(system, scheduling.get().kept)
    return backup


def _note_try(system_id: int, words: str, is_whole: bool) -> None:
    BackupTry.objects.filter(system_id=system_id).update(words=words[:500], is_whole=is_whole)
