"""What would become of each of the rows of an act that is planned, as its question shows it before the yes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from roomkeeper.accounts.actors import Actor
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import plan
from roomkeeper.operations.filters import words_of
from roomkeeper.operations.subjects import Subject
from roomkeeper.web.acts import now as moment
from roomkeeper.words import gettext as _

SHOWN: Final = 100
CANNOT: Final = "cannot"


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """Those of one verdict: its words, how many they are, and the first of those with a reason."""

    word: str
    number: int
    rows: list[tuple[str, str]]

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are shown."""
        return len(self.rows) == SHOWN and self.number > SHOWN


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan as a question shows it: of how many rows, of how many it can be, by verdict, and what it tells."""

    number: int
    able: int
    groups: list[PlannedGroup]
    told: Any


def plan_of(
    subject: Subject, act: Act, rows: Sequence[Any], actor: Actor, taken: Mapping[str, Any]
) -> ShownPlan | None:
    """The plan for the rows, None for an act without one. Raises the act's own refusals."""
    if act.plan is None or not act.plans or not rows:
        return None
    permitted, result, _refused = plan(subject, act, rows, actor=actor, now=moment(), taken=taken)
    planned, told = result if act.tells else (result, None)
    verdict, reason = act.plans
    groups = []
    for key, word in words_of(verdict):
        found = [(row, one) for row, one in zip(permitted, planned, strict=True) if verdict.value(one) == key]
        why = [(subject.label(row), reason.value(one)) for row, one in found if reason.value(one)]
        groups.append((key, PlannedGroup(_(word), len(found), why[:SHOWN])))
    able = sum(group.number for key, group in groups if key != CANNOT)
    return ShownPlan(len(permitted), able, [group for _key, group in groups], told)
