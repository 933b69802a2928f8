"""What stands above the table of a derived list, and in its headings: tabs, filters to choose, chips, addresses."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import QueryDict

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import Grants
from roomkeeper.operations import lists
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import words_of
from roomkeeper.operations.subjects import ALL, Subject, Tab, all_subjects
from roomkeeper.web.cells import classes_of
from roomkeeper.web.templatetags import rk
from roomkeeper.words import gettext as _

# Parameters of the page itself.
FRAME = frozenset({"page", "column", "format", "tab", "view", "filters"})
# So many objects are named in a chip.
NAMED = 5
_CHOSEN = ("one", "any", "set", "own")


def head_of(one: Field, order: lists.Order, query: QueryDict) -> dict[str, str]:
    """The heading of a column, with the address that sorts by it, or the other way round."""
    is_by_this = order.name.removeprefix("-") == one.name
    turned = one.name if order.is_down or not is_by_this else f"-{one.name}"
    return {
        "heading": _(one.heading),
        "classes": classes_of(one),
        "address": address_of(query, sort=turned) if one.order else "",
        "sorted": ("descending" if order.is_down else "ascending") if is_by_this else "",
    }


def tab_of(subject: Subject, query: QueryDict) -> Tab | None:
    """The tab that the address is on: the one named, the one whose filters it holds, or the first."""
    for tab in subject.pages.tabs:
        if query.get("tab") == tab.label or all(
            query.get(name) == value for name, value in tab.filters.items()
        ):
            return tab
    names = {name for tab in subject.pages.tabs for name in tab.filters}
    is_asked = any(name in query for name in names) or "system" in query
    return None if is_asked or not subject.pages.tabs else subject.pages.tabs[0]


def tabs_of(
    subject: Subject,
    actor: Actor,
    asked: lists.ListRequest,
    query: QueryDict,
    here: Tab | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """The tabs with how many rows stand behind each, counted by one statement."""
    if not subject.pages.tabs:
        return []
    names = {name for tab in subject.pages.tabs for name in tab.filters}
    rest = {name: value for name, value in asked.values.items() if name not in names}
    lifted = {name: [ALL] for name in names if subject.by_name[name].unasked}
    rows = lists.select(subject, actor.grants, lists.ListRequest(rest | lifted, asked.search), now=now)
    counts = rows.order_by().aggregate(
        **{
            f"tab{place}": Count("pk", filter=_condition(subject, tab), distinct=True)
            for place, tab in enumerate(subject.pages.tabs)
        }
    )
    return [
        {
            "label": _(tab.label),
            "count": counts[f"tab{place}"],
            "is_here": tab is here,
            "address": address_of(query, without=names | {"tab"}, **tab.filters),
        }
        for place, tab in enumerate(subject.pages.tabs)
    ]


def _condition(subject: Subject, tab: Tab) -> Q:
    found = Q()
    for name, value in tab.filters.items():
        one = subject.by_name[name]
        if one.filter == "set":
            found &= Q(**{f"{one.lookup}__isnull": value != "true"})
        elif value != ALL:
            found &= Q(**{one.lookup: value})
    return found


def selects_of(
    subject: Subject, asked: lists.ListRequest, grants: Grants, *, is_every: bool = False
) -> list[dict[str, Any]]:
    """The filters that are chosen from a list; minor ones only where they are asked for, or every one is."""
    in_tabs = {name for tab in subject.pages.tabs for name in tab.filters}
    found = []
    for one in subject.fields:
        if one.filter not in _CHOSEN or one.name in in_tabs or not one.is_offered:
            continue
        value = asked.values.get(one.name)
        chosen = str(value[0]) if isinstance(value, list) and value else _as_text(value)
        if one.is_minor and not chosen and not is_every:
            continue
        words = tuple((value, _(word)) for value, word in words_of(one))
        if one.options is not None:
            words = tuple((text, text) for text in one.options(grants))
        if words:
            found.append(
                {
                    "name": one.name,
                    "label": label_of(one),
                    "options": words,
                    "value": chosen,
                    "begins": subject.pages.begins.get(one.name, ""),
                }
            )
    return found


def label_of(one: Field) -> str:
    """What a filter is called."""
    return _(one.heading or one.name.removeprefix("is_").removeprefix("has_").replace("_", " ").capitalize())


def chips_of(
    subject: Subject,
    asked: lists.ListRequest,
    query: QueryDict,
    selects: list[dict[str, Any]],
    grants: Grants,
) -> list[dict[str, str]]:
    """What else narrows the list, each with the address without it."""
    chosen = {select["name"] for select in selects}
    in_tabs = {name for tab in subject.pages.tabs for name in tab.filters}
    filters = lists.filter_names(subject)
    return [
        {
            "words": _("{filter}: {value}", filter=_filter_words(name, filters[name]), value=value),
            "address": address_of(query, without={name}),
        }
        for name in query
        if name in filters and name not in chosen | in_tabs and query.get(name)
        for value in [_value_words(name, asked.values.get(name), grants) or ", ".join(query.getlist(name))]
    ]


def _filter_words(name: str, one: Field) -> str:
    """What a filter of the address is called: by its column, and which end of a range it is."""
    end = name.rpartition("_")[2]
    if name != one.name and one.filter in ("since", "range"):
        return f"{label_of(one)} {_(end)}"
    return label_of(one)


def _value_words(name: str, value: Any, grants: Grants) -> str:
    """A moment in the reader's zone, an object by its name where she sees it; else nothing."""
    if isinstance(value, datetime):
        return rk.exact(value)
    keys = [key for key in (value if isinstance(value, list) else [value]) if type(key) is int]
    other = next((one for one in all_subjects() if one.plural == f"{name}s"), None)
    if other is None or not keys:
        return ""
    return ", ".join(other.label(row) for row in other.rows(grants).filter(pk__in=keys[:NAMED]))


def _as_text(value: Any) -> str:
    if value is None or value == []:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def flat(query: QueryDict, *, without: Collection[str] = ()) -> list[tuple[str, str]]:
    """The filled parameters of an address."""
    return [
        (name, value) for name, values in query.lists() if name not in without for value in values if value
    ]


def address_of(query: QueryDict, *, without: Collection[str] = (), **changed: str) -> str:
    """The query of an address with some of it changed; the page begins again."""
    rest = flat(query, without={*without, *changed, "page", "column"})
    return "?" + urlencode([*rest, *((name, value) for name, value in changed.items() if value)])
