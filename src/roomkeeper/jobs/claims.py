"""Claims: rows that one worker has in hand at a time. The one primitive of work that is claimed (ADR 0009).

A claim is a time until which somebody has the row, by the database's clock (rule R16). Whoever has it renews it well
before, and gives it back when the work is done; who died gives nothing back, and its claims run out. One that ends
further away than its own length is void: it was taken before the clock was set back.

Nobody waits for anybody: on PostgreSQL rows that another transaction has locked are passed over; on SQLite the short
write transaction in which rows are claimed is the only one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import models, transaction
from django.db.models import Q, QuerySet

_Row = TypeVar("_Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Claims(Generic[_Row]):
    """How rows of a model are claimed: for how long, in which column it says until when, and in which who has it ("":
    the rows do not say). `ends_with_it`: a row is there for its claim alone, and gone when it is given back."""

    model: type[_Row]
    length: timedelta
    until: str = "claimed_until"
    claimant: str = ""
    ends_with_it: bool = False

    def taken(self, now: datetime) -> Q:
        """The rows that somebody has."""
        return Q(**{f"{self.until}__gt": now, f"{self.until}__lte": now + self.length})

    def free(self, now: datetime) -> Q:
        """The rows that nobody has, or no living worker."""
        never = Q(**{f"{self.until}__isnull": True})
        return never | Q(**{f"{self.until}__lte": now}) | Q(**{f"{self.until}__gt": now + self.length})

    def is_taken(self, row: _Row, now: datetime) -> bool:
        """Whether somebody has the row, as it was read."""
        until: datetime | None = getattr(row, self.until)
        return until is not None and now < until <= now + self.length

    def claim(self, rows: QuerySet[_Row], at_most: int, *, now: datetime, by: str = "") -> list[_Row]:
        """Claim the first of the rows that are free, in a short transaction, and give them."""
        # Mostly none is, and a transaction would keep other writers waiting to find that out (rule R9).
        if not rows.filter(self.free(now)).exists():
            return []
        with transaction.atomic():
            found = list(unlocked(rows.filter(self.free(now)))[:at_most])
            self.take([row.pk for row in found], now=now, by=by)
        return found

    def take(self, keys: Collection[Any], *, now: datetime, by: str = "") -> None:
        """Have these rows from now on. For who chose among rows that are free and `unlocked`, in one transaction."""
        values = {self.until: now + self.length, **({self.claimant: by} if self.claimant else {})}
        self.model._default_manager.filter(pk__in=keys).update(**values)

    def renew(self, keys: Collection[Any], *, now: datetime, by: str = "") -> int:
        """Keep rows that are still being worked on; where rows say who has them, those of `by` alone. How many."""
        return self._own(keys, by).update(**{self.until: now + self.length})

    def give_back(self, keys: Collection[Any], *, by: str = "") -> None:
        """Let others have them at once; where rows say who has them, those of `by` alone."""
        rows = self._own(keys, by)
        if self.ends_with_it:
            rows.delete()
        else:
            rows.update(**self.given_back)

    @property
    def given_back(self) -> dict[str, Any]:
        """The columns of a row that is given back, for who writes the row anyway."""
        return {self.until: None, **({self.claimant: ""} if self.claimant else {})}

    def _own(self, keys: Collection[Any], by: str) -> QuerySet[_Row]:
        rows = self.model._default_manager.filter(pk__in=keys)
        return rows.filter(**{self.claimant: by}) if self.claimant else rows


def unlocked(rows: QuerySet[_Row]) -> QuerySet[_Row]:
    """Those of the rows that no other transaction has in hand, locked until the caller's ends."""
    # SQLite knows no locks of rows, and needs none.
    return rows.select_for_update(of=("self",), skip_locked=True)
