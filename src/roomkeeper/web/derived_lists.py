"""Lists out of declarations: tabs, filters in the address, columns, sorting, pages, CSV, and acts on what is chosen."""

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations import lists
from roomkeeper.operations.door import may
from roomkeeper.operations.exports import csv_answer
from roomkeeper.operations.filters import read_filters, words_of
from roomkeeper.operations.subjects import ALL, Field, Subject, Tab
from roomkeeper.web.acts import now as moment
from roomkeeper.web.cells import cell_of, classes_of
from roomkeeper.web.derived_acts import actor_of, name_of
from roomkeeper.web.pages import cut

_FRAME = frozenset({"page", "column", "format", "q", "tab"})
_YEAR = 365 * 86_400


def list_view(subject: Subject) -> Callable[..., HttpResponseBase]:
    """The list by the filters in the address, fifty a page; as CSV with `format=csv`."""

    @needs(subject.needs, anywhere=subject.anywhere)
    def view(request: HttpRequest) -> HttpResponseBase:
        actor, now = actor_of(request), moment()
        given = {name: request.GET.getlist(name) for name in request.GET if name not in _FRAME}
        if "q" in request.GET:
            given["search"] = request.GET.getlist("q")
        tab = _tab_of(subject, request.GET)
        for name, value in (tab.filters if tab else {}).items():
            given.setdefault(name, [value])
        try:
            asked = read_filters(subject, given)
            order = lists.order_of(subject.model, asked.sort or subject.order, lists.sorts_of(subject))
        except lists.ListRefused as refusal:
            return render(
                request, "derived/refused.html", {"subject": subject, "refusal": refusal}, status=400
            )
        rows = lists.select(subject, actor.grants, asked, now=now)
        if request.GET.get("format") == "csv":
            names = [one.name for one in lists.csv_fields(subject)]
            content = lists.csv_rows(subject, lists.every(subject, rows, order))
            return csv_answer(f"{subject.path}.csv", names, content)
        found, pager = cut(request, lists.ordered(rows, order), _kept(request.GET))
        shown = list(found.object_list)
        if subject.prepare is not None:
            subject.prepare(shown)
        columns = _columns(request, subject)
        bulk = [act for act in subject.acts if act.for_many]
        mine = (
            {row.pk for row in shown if any(may(subject, act, row, actor) for act in bulk)} if bulk else set()
        )
        response = render(
            request,
            "derived/list.html",
            {
                "subject": subject,
                "title": subject.heading or subject.plural.capitalize(),
                "now": now,
                "asked": asked,
                "heads": [_head(one, order, request.GET) for one in columns],
                "rows": [
                    (row, [(classes_of(one), cell_of(subject, one, row, {"now": now})) for one in columns])
                    for row in shown
                ],
                "mine": mine,
                "bulk": bulk if mine else [],
                "makers": _makers(subject, actor),
                "pager": pager,
                "tabs": _tabs(subject, actor, asked, request.GET, tab, now),
                "selects": _selects(subject, asked),
                "chips": _chips(subject, asked, request.GET),
                "kept": [(name, value) for name, value in _flat(request.GET) if name in ("sort", "tab")],
                "csv": "?" + urlencode([*_flat(request.GET, without={"page"}), ("format", "csv")]),
                "all_columns": [(one, one in columns) for one in subject.fields if one.heading],
                "name": name_of(subject),
                "teaches": subject.empty.endswith(".html"),
                "permitted": {one.value for one in Permission if actor.grants.may_anywhere(one)},
                "is_narrowed": bool(asked.search or _chips(subject, asked, request.GET)),
            },
        )
        if request.GET.getlist("column"):
            response.set_cookie(
                _cookie(subject),
                ".".join(one.name for one in columns),
                max_age=_YEAR,
                samesite="Lax",
                httponly=True,
                secure=request.is_secure(),
            )
        return response

    return view


def _makers(subject: Subject, actor: Actor) -> list[tuple[str, str]]:
    """(button, address) of each act on the whole subject, one for each of its variants."""
    found = []
    for act in subject.acts:
        if act.on == "all" and may(subject, act, None, actor):
            address = reverse(f"{name_of(subject)}_do_many", args=[act.slug])
            found += [(one.label, f"{address}?{urlencode(one.given)}") for one in act.variants] or [
                (act.button, address)
            ]
    return found


def _columns(request: HttpRequest, subject: Subject) -> list[Field]:
    """The columns that were chosen, now or before; else those shown by default."""
    headed = [one for one in subject.fields if one.heading]
    asked = set(request.GET.getlist("column") or request.COOKIES.get(_cookie(subject), "").split("."))
    chosen = [one for one in headed if one.name in asked]
    return chosen or [one for one in headed if one.is_shown]


def _cookie(subject: Subject) -> str:
    return f"roomkeeper_columns_{name_of(subject)}"


def _head(one: Field, order: lists.Order, query: QueryDict) -> dict[str, str]:
    is_by_this = order.name.removeprefix("-") == one.name
    turned = one.name if order.is_down or not is_by_this else f"-{one.name}"
    return {
        "heading": one.heading,
        "classes": classes_of(one),
        "address": _address(query, sort=turned) if one.order else "",
        "sorted": ("descending" if order.is_down else "ascending") if is_by_this else "",
    }


def _tab_of(subject: Subject, query: QueryDict) -> Tab | None:
    """The tab that the address is on: the one named, the one whose filters it holds, or the first."""
    for tab in subject.tabs:
        if query.get("tab") == tab.label or all(
            query.get(name) == value for name, value in tab.filters.items()
        ):
            return tab
    names = {name for tab in subject.tabs for name in tab.filters}
    is_asked = any(name in query for name in names) or "system" in query
    return None if is_asked or not subject.tabs else subject.tabs[0]


def _tabs(
    subject: Subject, actor: Actor, asked: lists.Asked, query: QueryDict, here: Tab | None, now: Any
) -> list[dict[str, Any]]:
    """The tabs with how many rows stand behind each, counted by one statement."""
    if not subject.tabs:
        return []
    names = {name for tab in subject.tabs for name in tab.filters}
    rest = {name: value for name, value in asked.values.items() if name not in names}
    lifted = {name: [ALL] for name in names if subject.by_name[name].unasked}
    rows = lists.select(subject, actor.grants, lists.Asked(rest | lifted, asked.search), now=now)
    counts = rows.order_by().aggregate(
        **{
            f"tab{place}": Count("pk", filter=_condition(subject, tab), distinct=True)
            for place, tab in enumerate(subject.tabs)
        }
    )
    return [
        {
            "label": tab.label,
            "count": counts[f"tab{place}"],
            "is_here": tab is here,
            "address": _address(query, without=names | {"tab"}, **tab.filters),
        }
        for place, tab in enumerate(subject.tabs)
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


def _selects(subject: Subject, asked: lists.Asked) -> list[dict[str, Any]]:
    """The filters that are chosen from a list."""
    in_tabs = {name for tab in subject.tabs for name in tab.filters}
    found = []
    for one in subject.fields:
        words = (
            words_of(one) if one.filter in ("one", "any", "set", "own") and one.name not in in_tabs else ()
        )
        if words:
            value = asked.values.get(one.name)
            chosen = str(value[0]) if isinstance(value, list) and value else _as_text(value)
            label = (
                one.heading
                or one.name.removeprefix("is_").removeprefix("has_").replace("_", " ").capitalize()
            )
            found.append({"name": one.name, "label": label, "options": words, "value": chosen})
    return found


def _chips(subject: Subject, asked: lists.Asked, query: QueryDict) -> list[dict[str, str]]:
    """What else narrows the list, each with the address without it."""
    chosen = {select["name"] for select in _selects(subject, asked)}
    in_tabs = {name for tab in subject.tabs for name in tab.filters}
    return [
        {
            "words": f"{name.replace('_', ' ')}: {', '.join(query.getlist(name))}",
            "address": _address(query, without={name}),
        }
        for name in query
        if name in lists.filter_names(subject) and name not in chosen | in_tabs and query.get(name)
    ]


def _as_text(value: Any) -> str:
    if value is None or value == []:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _kept(query: QueryDict) -> dict[str, str]:
    return dict(_flat(query, without={"page", "column"}))


def _flat(query: QueryDict, *, without: Collection[str] = ()) -> list[tuple[str, str]]:
    return [
        (name, value) for name, values in query.lists() if name not in without for value in values if value
    ]


def _address(query: QueryDict, *, without: Collection[str] = (), **changed: str) -> str:
    """The query of an address with some of it changed; the page begins again."""
    rest = _flat(query, without={*without, *changed, "page", "column"})
    return "?" + urlencode([*rest, *((name, value) for name, value in changed.items() if value)])
