"""Doing what a plan says: folders, records, names and settings; a great many records as a job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.person import Person
from roomkeeper.bulk_editing.differences import EditPlan, RecordEdit
from roomkeeper.bulk_editing.folders import NewFolder, make_folders
from roomkeeper.bulk_editing.writing import Written, write_records
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.jobs.work import NewItem
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import persistent, planning
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.systems.inventory import shared_path
from roomkeeper.words import gettext as _

KIND: Final = "edit systems"
Noted = Callable[[Any], AuditEntry]
# More records than this are written by a job: no request takes that long.
RECORDS_AT_ONCE: Final = 500
ITEM_SIZE: Final = 15


class PlanChanged(ValueError):
    """What is to be done is not what was shown any more; the new difference has to be looked at first."""


@dataclass(frozen=True, slots=True)
class EditOptions:
    """How settings are asked: whether they are kept so, how carefully, and why, for people."""

    is_persistent: bool = False
    care: planning.Care = planning.ORDINARY_CARE
    description: str = ""


@dataclass(slots=True)
class AppliedEdit:
    """What was done, and where the rest is followed. `records` counts what was written at once."""

    change_set: ChangeSet | None = None
    name_change_set: ChangeSet | None = None
    # Of names that were made persistent; the same one where all are.
    kept_name_change_set: ChangeSet | None = None
    job: Job | None = None
    records: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def apply_plan(
    plan: EditPlan, *, digest: str = "", user: Person, now: datetime, noted: Noted, options: EditOptions
) -> AppliedEdit:
    """Do it, in short transactions of its own: not to be called inside one (rule R9). `digest`: that of the plan that a
    person saw; raises `PlanChanged` where it is another. Raises `FolderRefused` before anything is done. `noted` writes
    the row of the audit trail, inside the first of the transactions.

    Interrupted in the middle, the same file does the rest.
    """
    if digest and digest != plan.digest:
        raise PlanChanged(
            _(
                "Something has changed since you saw this, so nothing was done. Check the difference "
                "as it is now."
            )
        )
    done = AppliedEdit()
    note = _Note(noted)
    records = _with_folders(plan.records, plan.folders, note)
    if len(records) > RECORDS_AT_ONCE:
        folder_path = shared_path(edit.system.folder.path for edit in plan.edits if edit.changes)
        with transaction.atomic():
            note()
            done.job = _start(records, folder_path, user=user, now=now)
    else:
        written: Written = write_records(records, user=user, now=now, note=note)
        done.records, done.refused = written.done, written.refused
    words = options.description.strip()
    if plan.names:
        done.name_change_set, done.kept_name_change_set = _record_names(
            plan.names, words or _("Names from a file"), note, user=user, now=now
        )
    if plan.settings:
        done.change_set = planning.record_plan(
            plan.settings,
            user=user,
            now=now,
            description=words or "Settings from a file",
            is_persistent=options.is_persistent,
            care=options.care,
            note=lambda _rest: note(),
        )
    note.complete(done)
    return done


def _record_names(
    names: planning.ChangePlan, words: str, note: Callable[[], object], *, user: Person, now: datetime
) -> tuple[ChangeSet | None, ChangeSet | None]:
    """Change sets of names that are written once, and of those that are restored automatically and stay so."""
    key = match_key(planning.NAME_PATH)
    kept: set[int] = set()
    ids = [one.system.pk for one in names.per_system]
    for start in range(0, len(ids), RECORDS_AT_ONCE):
        kept |= persistent.kept_among(ids[start : start + RECORDS_AT_ONCE], key)
    made = []
    for is_kept in (False, True):
        part = tuple(one for one in names.per_system if (one.system.pk in kept) is is_kept)
        made.append(
            planning.record_plan(
                replace(names, per_system=part),
                user=user,
                now=now,
                description=words,
                is_persistent=is_kept,
                care=planning.HARMLESS,
                note=lambda _: note(),
            )
            if part
            else None
        )
    return made[0] or made[1], made[1]


def _with_folders(
    records: Sequence[RecordEdit], wanted: Sequence[NewFolder], note: Callable[[], object]
) -> list[RecordEdit]:
    """The folders made, and the records with their ids."""
    if not wanted:
        return list(records)
    with transaction.atomic():
        note()
        made = make_folders(list(wanted))
    edits = []
    for edit in records:
        before, after = edit.changes.get("folder", (None, None))
        if isinstance(after, NewFolder):
            edit = replace(edit, changes={**edit.changes, "folder": (before, made[after].pk)})
        edits.append(edit)
    return edits


def _start(records: Sequence[RecordEdit], folder_path: str, *, user: Person, now: datetime) -> Job:
    items = []
    for start in range(0, len(records), ITEM_SIZE):
        part = records[start : start + ITEM_SIZE]
        label = (
            part[0].label
            if len(part) == 1
            else _("{label} and {count} others", label=part[0].label, count=len(part) - 1)
        )
        told = [[edit.system_id, edit.label, dict(edit.changes)] for edit in part]
        items.append(NewItem(label, {"edits": told}))
    title = _("Edit {count:,} systems", count=len(records))
    return work.create(KIND, title, items, user=user, now=now, folder_path=folder_path)


class _Note:
    """The row of the audit trail: written inside the first of the transactions, completed after the last."""

    def __init__(self, noted: Noted) -> None:
        self._noted = noted
        self._entry: AuditEntry | None = None

    def __call__(self) -> AuditEntry:
        """Write it, unless it stands already."""
        if self._entry is None:
            self._entry = self._noted(None)
        return self._entry

    def complete(self, done: AppliedEdit) -> None:
        """Add what was made and what was refused."""
        entry = self()
        entry.details |= {
            "refused_records": len(done.refused),
            "change_set": done.change_set.pk if done.change_set else None,
            "name_change_set": done.name_change_set.pk if done.name_change_set else None,
            "kept_name_change_set": done.kept_name_change_set.pk if done.kept_name_change_set else None,
            "job": done.job.pk if done.job else None,
        }
        entry.save(update_fields=["details"])
