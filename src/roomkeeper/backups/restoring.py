"""Putting a backup on a system: first the report, then one change set and the actions for its parts.

A job does it: a safety backup is made first, by asking the device where that can be. After a replacement it waits
until the new hardware has reported its configuration.
"""

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.person import Person, find_account
from roomkeeper.backups import keeping, making
from roomkeeper.backups.mapping import (
    COMMANDS,
    REQUIRES,
    MappedPart,
    MappingVerdict,
    PicksRefused,
    RestoreReport,
    RestoreTarget,
    SavedPart,
    map_backup,
    read_picks,
)
from roomkeeper.backups.models import Backup, BackupPart, PartKind, Reason, Replacement, Restoration
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import decode_command_document
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import actions, management, planning
from roomkeeper.provisioning.models import Action
from roomkeeper.systems import live, timeline
from roomkeeper.systems.documents import (
    reported_configuration,
    value_spaces_of,
    value_spaces_of_model,
)
from roomkeeper.systems.models import ConfigurationVersion, State, StoredDocument, System
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

KIND: Final = "restore"
# New hardware that does not report itself within this time is probably not coming.
WAITS_FOR: Final = timedelta(days=7)
AT_ONCE: Final = 50
OPEN: Final = (Restoration.State.WAITING, Restoration.State.RUNNING)


class RestoreRefused(ValueError):
    """The backup cannot be put back like that."""


def plan(
    backup: Backup, target: System, picks: Sequence[str] = (), *, takes_over: bool = False
) -> RestoreReport:
    """What putting the backup on the target would do. Raises `PicksRefused`."""
    is_same = backup.system_id == target.pk
    known = _target(target, is_same_system=is_same)
    saved = keeping.settings_of(backup)
    if not takes_over:
        _check_picks(backup, saved, picks)
    return map_backup(saved, _saved_parts(backup), known, read_picks(picks), takes_over=takes_over)


def plan_take_over(system: System, record: System, picks: Sequence[str] = ()) -> RestoreReport:
    """What of the system's hardware fits new hardware that has a record: what it reported last, with the parts of its
    newest backup that has some. Raises `PicksRefused`."""
    reported = reported_configuration(system.pk)
    older = keeping.find_newest_with_parts(system)
    parts = _saved_parts(older) if older is not None else []
    known = _target(record, is_same_system=False)
    return map_backup(reported.settings if reported else {}, parts, known, read_picks(picks), takes_over=True)


def _check_picks(backup: Backup, saved: Mapping[str, str], texts: Sequence[str]) -> None:
    """Raise `PicksRefused` for a part or a path that the backup does not hold: nothing would be restored of it."""
    keys = [match_key(path) for path in saved]
    held = set(backup.parts.values_list("kind", "name"))
    for text in texts:
        one = read_picks([text])
        is_held = one.parts <= held and (not one.prefixes or any(one.names(key) for key in keys))
        if not is_held:
            raise PicksRefused(
                _(
                    "The backup has no {text!r}. Name settings, macros, extensions, branding, one of its parts as in "
                    "macro:NAME, or the beginning of a path that it holds.",
                    text=text,
                )
            )


def _saved_parts(backup: Backup) -> list[SavedPart]:
    rows = backup.parts.select_related("content").defer("content__content").order_by("kind", "name")
    macros = backup.parts.select_related("content").filter(kind=PartKind.MACRO)
    requiring = {macro.pk for macro in macros if REQUIRES.search(keeping.text_of(macro))}
    return [
        SavedPart(
            part.pk,
            part.kind,
            part.name,
            part.content.size,
            bool(part.details.get("is_redacted")),
            bool(part.details.get("is_active")),
            part.pk in requiring,
        )
        for part in rows
    ]


def _target(target: System, *, is_same_system: bool) -> RestoreTarget:
    return RestoreTarget(
        is_same_system=is_same_system,
        reported=reported_configuration(target.pk),
        spaces=value_spaces_of(target) or value_spaces_of_model(target.product, target.software_version),
        managed_paths=[setting.path for setting in management.family_of(target.family).settings],
        commands=_commands_of(target),
        runs_required_macros=quirks_of(target.software_version, target.family).runs_required_macros,
    )


def start(
    backup: Backup, target: System, picks: Sequence[str] = (), *, user: Person, now: datetime
) -> tuple[Restoration, Job]:
    """Put the backup on the target by a job. Raises `RestoreRefused`, `PicksRefused`."""
    _check_picks(backup, keeping.settings_of(backup), picks)
    with transaction.atomic():
        restoration = _new(backup, target, picks, user=user, now=now)
        return restoration, _begin(restoration, user=user, now=now)


def start_when_reported(
    backup: Backup, replacement: Replacement, picks: Sequence[str] = (), *, user: Person, now: datetime
) -> Restoration:
    """Put the backup on new hardware as soon as that has reported its configuration. Raises as `start` does."""
    restoration = _new(backup, replacement.system, picks, user=user, now=now)
    restoration.takes_over, restoration.replacement = True, replacement
    restoration.words = _("waits for the first configuration that the new hardware reports")
    restoration.save(update_fields=["takes_over", "replacement", "words"])
    return restoration


def start_now(restoration: Restoration, *, now: datetime) -> Job:
    """Begin with a restoration that waited; inside the caller's transaction."""
    return _begin(restoration, user=restoration.created_by, now=now)


def start_due(*, now: datetime) -> int:
    """Begin with those whose system has reported itself since, and give up on those that waited too long."""
    reported = ConfigurationVersion.objects.filter(
        system=OuterRef("system"), last_at__gt=OuterRef("created_at")
    )
    waiting = Restoration.objects.filter(state=Restoration.State.WAITING)
    number = 0
    for restoration in waiting.filter(Exists(reported), system__state=State.MANAGED)[:AT_ONCE]:
        with transaction.atomic():
            found = Restoration.objects.select_for_update(of=("self",)).get(pk=restoration.pk)
            reported_now = reported_configuration(found.system.pk)
            # Single settings may have come as feedback before the whole.
            is_whole = reported_now is not None and reported_now.is_whole
            if is_whole and found.state == Restoration.State.WAITING:
                start_now(found, now=now)
                number += 1
    for restoration in waiting.filter(created_at__lt=now - WAITS_FOR)[:AT_ONCE]:
        _end(restoration.pk, Restoration.State.FAILED, _("the system did not report itself within a week"))
    # A job that was stopped before it came to them leaves them behind.
    ended = Job.objects.filter(pk=OuterRef("job_id"), state__in=Job.ENDED)
    for restoration in Restoration.objects.filter(Exists(ended), state=Restoration.State.RUNNING)[:AT_ONCE]:
        _end(restoration.pk, Restoration.State.CANCELLED, _("its job was stopped"))
    return number


def cancel(restoration: Restoration, *, user: Person, now: datetime) -> bool:
    """Take back a restoration that waits; False where it has begun or ended."""
    with transaction.atomic():
        number = Restoration.objects.filter(pk=restoration.pk, state=Restoration.State.WAITING).update(
            state=Restoration.State.CANCELLED, words="cancelled", ended_at=now
        )
        if number:
            timeline.add(restoration.system, "backup", _("The restore is cancelled"), now=now, user=user)
            live.publish("system", restoration.system)
    return bool(number)


async def run(job: RunningJob) -> str:
    """Work on such a job."""
    await job.each(_restore, at_once=making.AT_ONCE)
    return await off_loop(_conclude, job.job_id)


def _new(backup: Backup, target: System, picks: Sequence[str], *, user: Person, now: datetime) -> Restoration:
    read_picks(picks)
    if target.state != State.MANAGED:
        raise RestoreRefused(
            _("{target} is not managed, so nothing can be restored to it. Admit it first.", target=target)
        )
    if Restoration.objects.filter(system=target, state__in=OPEN).exists():
        raise RestoreRefused(_("A restore of {target} is already in progress.", target=target))
    return Restoration.objects.create(
        system=target,
        backup=backup,
        picks=list(picks),
        created_at=now,
        created_by=find_account(user),
    )


def _begin(restoration: Restoration, *, user: Person, now: datetime) -> Job:
    backup, system = restoration.backup, restoration.system
    of = "" if backup.system_id == system.pk else _(" of {system}", system=backup.system)
    job = work.create(
        KIND,
        _(
            "Restore {system} from the backup{of} of {made_at:%Y-%m-%d %H:%M}",
            system=system,
            of=of,
            made_at=backup.made_at,
        ),
        [work.NewItem(str(system), {"restoration": restoration.pk}, system_id=system.pk)],
        user=user,
        now=now,
        folder_path=system.folder.path,
    )
    restoration.state, restoration.job_id, restoration.words = Restoration.State.RUNNING, job.pk, ""
    restoration.save(update_fields=["state", "job_id", "words"])
    live.publish("system", system)
    return job


async def _restore(item: Item) -> ItemOutcome:
    restoration_id = int(item.parameters["restoration"])
    state = await off_loop(_state_of, restoration_id)
    if state != Restoration.State.RUNNING:
        return ItemOutcome(JobItem.State.SKIPPED, _("It was already done or cancelled."))
    system_id = item.system_id or 0
    advice = ""
    try:
        made = await making.make(system_id, reason=Reason.BEFORE_RESTORE, user_id=None)
        advice = (
            ""
            if not made.trouble
            else _("The safety backup is what it reported last: {trouble}", trouble=made.trouble)
        )
    except keeping.NothingToBackUp:
        advice = _("No safety backup was made: it has reported no configuration yet.")
    try:
        return await off_loop(partial(_ask, restoration_id, advice))
    except ValueError as refusal:
        # The services' own refusals; their text is the sentence to show.
        await off_loop(_end, restoration_id, Restoration.State.FAILED, str(refusal))
        return ItemOutcome(
            JobItem.State.FAILED, str(refusal), _("Select fewer parts, or check the preview first.")
        )


def _state_of(restoration_id: int) -> str:
    found = Restoration.objects.filter(pk=restoration_id).values_list("state", flat=True).first()
    return found or Restoration.State.CANCELLED


def _ask(restoration_id: int, advice: str) -> ItemOutcome:
    """Ask for what changes. One transaction: after a crash all of it is there, or nothing."""
    now = datetime.now(UTC)
    with transaction.atomic():
        found = Restoration.objects.select_for_update(of=("self",)).select_related("backup", "system__folder")
        restoration = found.get(pk=restoration_id)
        system, backup, user = restoration.system, restoration.backup, restoration.created_by
        report = plan(backup, system, restoration.picks, takes_over=restoration.takes_over)
        description = _("Restore from the backup of {made_at:%Y-%m-%d %H:%M}", made_at=backup.made_at)
        if report.changes:
            restoration.change_set = planning.create_change_set(
                [system], report.changes, user=user, now=now, description=description
            )
        asked = [one for part in report.parts for one in _ask_part(part, system, user=user, now=now)]
        restoration.action_ids = [action.pk for action in asked]
        restoration.counts = {"settings": report.counts, "parts": report.part_counts}
        restoration.words = _told(report)
        restoration.state, restoration.ended_at = Restoration.State.DONE, now
        restoration.save()
        audit.record(user, Road.SERVER, "restore backup", system, backup=backup.pk, told=restoration.words)
        timeline.add(
            system,
            "backup",
            f"{description}: {restoration.words}",
            now=now,
            user=user,
            details={"backup": backup.pk, "change_set": restoration.change_set_id},
        )
        live.publish("system", system)
    is_whole = not report.counts[MappingVerdict.REFUSED]
    return ItemOutcome(
        JobItem.State.DONE if is_whole else JobItem.State.WARNING,
        _("Asked of it: {words}.", words=restoration.words),
        advice,
        system.pk,
        {"change_set": restoration.change_set_id, "actions": restoration.action_ids, **restoration.counts},
    )


def _ask_part(mapped: MappedPart, system: System, *, user: Person, now: datetime) -> list[Action]:
    """The actions that put a part back; a macro that ran is started again."""
    if mapped.verdict is not MappingVerdict.CHANGE:
        return []
    part = BackupPart.objects.select_related("content").get(pk=mapped.part.part_id)
    arguments = {
        PartKind.MACRO: [["Name", part.name], ["Overwrite", "True"]],
        PartKind.EXTENSION: [["PanelId", part.name]],
        PartKind.BRANDING: [["Type", part.name]],
    }[PartKind(part.kind)]
    text = keeping.text_of(part)
    asked = [actions.ask(system, COMMANDS[part.kind], arguments, user=user, now=now, body=text)]
    if mapped.part.is_active and part.kind == PartKind.MACRO:
        activate = "Macros/Macro/Activate"
        asked.append(actions.ask(system, activate, [["Name", part.name]], user=user, now=now))
    return asked


def _told(report: RestoreReport) -> str:
    counts, parts = report.counts, report.part_counts[MappingVerdict.CHANGE]
    change, already = counts[MappingVerdict.CHANGE], counts[MappingVerdict.ALREADY]
    words = [_("{change} settings change", change=change) if change != 1 else _("1 setting changes")]
    words += [
        _("{already} already have their value", already=already)
        if already != 1
        else _("1 already has its value")
    ]
    left = sum(counts.values()) - change - already
    words += [_("{left} left unchanged or not possible", left=left)] if left else []
    words += [ngettext("{count} part written", "{count} parts written", parts)] if parts else []
    return ", ".join(words)


def _end(restoration_id: int, state: str, words: str) -> None:
    with transaction.atomic():
        Restoration.objects.filter(pk=restoration_id, state__in=OPEN).update(
            state=state, words=words[:500], ended_at=datetime.now(UTC)
        )
        system = System.objects.select_related("folder").filter(restorations=restoration_id).first()
        if system is not None:
            live.publish("system", system)


def _conclude(job_id: int) -> str:
    item = JobItem.objects.filter(job=job_id).order_by("id").first()
    return item.summary if item is not None and item.summary else _("Nothing was done.")


def _commands_of(system: System) -> frozenset[str] | None:
    """The commands that the system said it has, in lower case; None where it never said."""
    found = StoredDocument.objects.filter(system=system, kind=StoredDocument.Kind.COMMAND).first()
    if found is None:
        return None
    try:
        return frozenset(
            path.lower() for path in decode_command_document(zlib.decompress(bytes(found.content))).commands
        )
    except ProtocolError:
        return None
