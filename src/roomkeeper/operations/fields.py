"""Fields of a list: how each is told, filtered, sorted and shown. Not here: the engine that lists (`lists`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from django.db.models import Q
from django.db.models.expressions import Combinable

from roomkeeper.accounts.permissions import Grants

Row: TypeAlias = Any
"""An instance of the subject's model."""

Filter = Literal["", "one", "any", "part", "set", "since", "range", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a list: how it is told, filtered, sorted, and shown.

    `at` is the lookup behind it, by default the name; `read` works the value out of a row where no lookup does.
    A `filter` is a word: one (equal; texts in any letter case), any (repeated: one of), part (a part of a text), set
    (whether there is a value), since (adds `_after` and `_before`), range (adds `_from` and `_to`), own (`narrow` gives
    the condition). `unasked` is what an any-filter means where it is not given; `all` then lifts it.
    `sort` is the lookup or the expression that orders by it, None for `at`, "" where it cannot be sorted by.
    `choices` are its values with the words for them, or gives them once everything is registered.
    With a `heading` it is a column of the page's table, drawn as `cell` says: a kind of `web.cells` or a template,
    whose text stays on a line unless it `wraps`.
    `options` are the values to choose from where only the database knows them; a filter that `is_minor` is chosen from
    behind the others, one that is not `is_offered` only by its address. A field that
    `is_detail` is told of one row, not in lists.
    """

    name: str
    type: Any
    meaning: str = ""
    at: str = ""
    read: Callable[[Row], Any] | None = None
    filter: Filter = ""
    filter_type: Any = None
    narrow: Callable[[Any, Grants, datetime], Q] | None = None
    unasked: tuple[str, ...] = ()
    sort: str | Combinable | None = None
    heading: str = ""
    cell: str = "text"
    wraps: bool = False
    choices: tuple[tuple[str, str], ...] | Callable[[], tuple[tuple[str, str], ...]] = ()
    options: Callable[[Grants], Sequence[str]] | None = None
    is_minor: bool = False
    is_offered: bool = True
    is_detail: bool = False
    is_shown: bool = True
    is_told: bool = True
    in_csv: bool = True

    @property
    def lookup(self) -> str:
        """Where its value stands."""
        return self.at or self.name

    @property
    def order(self) -> str | Combinable:
        """The lookup or the expression by which a list is sorted by it; "" where it cannot be."""
        if self.sort is not None:
            return self.sort
        return "" if self.read is not None and not self.at else self.lookup

    def value(self, row: Row) -> Any:
        """Its value of a row."""
        if self.read is not None:
            return self.read(row)
        for part in self.lookup.split("__"):
            row = getattr(row, part) if row is not None else None
        return row
