"""What an address asks of a derived list, in today's names: the rows, the filters, the sort."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from roomkeeper.accounts.actors import Actor
from roomkeeper.operations import lists
from roomkeeper.operations.filters import read_filters
from roomkeeper.operations.subjects import Subject, Tab
from roomkeeper.web import derived_bars as bars


@dataclass(frozen=True, slots=True)
class Listed:
    """What an address asks of a list, and the rows, unsorted."""

    subject: Subject
    actor: Actor
    query: QueryDict
    asked: lists.ListRequest
    order: lists.Order
    rows: QuerySet[Any]
    tab: Tab | None
    now: datetime

    @property
    def is_narrowed(self) -> bool:
        """Whether anything that was chosen narrows the list."""
        names = lists.filter_names(self.subject)
        in_tabs = {name for tab in self.subject.pages.tabs for name in tab.filters}
        return bool(self.asked.search) or any(
            value and name in names and name not in in_tabs and self.subject.pages.begins.get(name) != value
            for name, value in self.query.items()
        )


def read_list(subject: Subject, actor: Actor, query: QueryDict, now: datetime) -> Listed:
    """The list that an address asks for, in today's names. Raises `ListRefused`."""
    query = _renamed(subject, query)
    given = {name: query.getlist(name) for name in query if name not in bars.FRAME}
    tab = bars.tab_of(subject, query)
    for name, value in {**(tab.filters if tab else {}), **subject.pages.begins}.items():
        if not any(given.get(name, [])):
            given[name] = [value]
    asked = read_filters(subject, given)
    order = lists.order_for(subject, asked)
    rows = lists.select(subject, actor.grants, asked, now=now)
    return Listed(subject, actor, query, asked, order, rows, tab, now)


def _renamed(subject: Subject, query: QueryDict) -> QueryDict:
    """The address with the names of today: people keep addresses."""
    former = {"q": "search", **subject.pages.former}
    found = QueryDict(mutable=True)
    for name, values in query.lists():
        if name in ("sort", "column"):
            values = [
                "-" * one.startswith("-") + former.get(one.removeprefix("-"), one.removeprefix("-"))
                for one in values
            ]
        else:
            values = [former.get(f"{name}={one}", one) for one in values]
        found.setlist(former.get(name, name), values)
    return found
