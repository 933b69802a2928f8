"""What an edit would do, told system by system and value by value, and by which digest it is known again."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings as django_settings

from roomkeeper import keys
from roomkeeper.bulk_editing.folders import NewFolder
from roomkeeper.bulk_editing.reading import SheetProblem
from roomkeeper.provisioning.planning import ChangePlan
from roomkeeper.systems.models import System

CHANGE = "change"
ALREADY = "already"
CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One cell that asks for something else: a field of the record or the path of a setting, in the words of cells.

    `verdict` is change, already (the device has it, and somebody wished otherwise) or cannot, with the reason.
    """

    name: str
    before: str
    after: str
    verdict: str = CHANGE
    reason: str = ""
    is_setting: bool = False


@dataclass(frozen=True, slots=True)
class RecordEdit:
    """What is written into one record: by field what it must hold now and what it will hold; folders by id."""

    system_id: int
    label: str
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class SystemEdit:
    """A row that can be used: the system, and what differs."""

    line: int
    system: System
    changes: tuple[ValueChange, ...] = ()

    @property
    def verdict(self) -> str:
        """`change` where anything will change, `cannot` where only that cannot, else `unchanged`."""
        verdicts = {change.verdict for change in self.changes}
        return next((word for word in (CHANGE, CANNOT, ALREADY) if word in verdicts), "unchanged")


@dataclass(frozen=True, slots=True)
class EditPlan:
    """The whole difference, and what has to be done for it. Nothing is written."""

    edits: tuple[SystemEdit, ...]
    problems: tuple[SheetProblem, ...]
    records: tuple[RecordEdit, ...] = ()
    names: ChangePlan | None = None
    settings: ChangePlan | None = None
    folders: tuple[NewFolder, ...] = ()
    digest: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to be written or asked."""
        return bool(self.records or self.names or self.settings)


def count(edits: tuple[SystemEdit, ...], problems: tuple[SheetProblem, ...]) -> Counter[str]:
    """Rows by what becomes of them: change, unchanged, already, cannot, refused; and how many `values` change."""
    counts = Counter(dict.fromkeys((CHANGE, "unchanged", ALREADY, CANNOT, "refused", "values"), 0))
    counts.update(edit.verdict for edit in edits)
    counts["values"] = sum(change.verdict == CHANGE for edit in edits for change in edit.changes)
    counts["refused"] = len({problem.line for problem in problems if problem.is_of_row})
    return counts


def digest_of(
    edits: tuple[SystemEdit, ...],
    problems: tuple[SheetProblem, ...],
    names: ChangePlan | None,
    settings: ChangePlan | None,
) -> str:
    """By which a plan is known again: the same file against the same systems gives the same."""
    told: list[Any] = [str(problem) for problem in problems]
    for edit in edits:
        told += [
            [edit.system.pk, one.name, one.before, one.after, one.verdict, one.reason] for one in edit.changes
        ]
    # What is told as *** is told apart too.
    for plan in (names, settings):
        for change in plan.per_system if plan else ():
            told += [[change.system.pk, item.path, item.value] for item in change.items]
    store = keys.load(django_settings.OPTIONS.data)
    return hmac.new(store.digest_key, json.dumps(told).encode(), hashlib.sha256).hexdigest()[:32]
