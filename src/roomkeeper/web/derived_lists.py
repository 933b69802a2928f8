"""Lists out of declarations: filters in the address, columns, sorting, pages, CSV, and acts on what is chosen."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations import lists
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import may
from roomkeeper.operations.exports import csv_of
from roomkeeper.operations.subjects import Subject
from roomkeeper.web import derived_bars as bars
from roomkeeper.web import derived_views as views
from roomkeeper.web.acts import now as moment
from roomkeeper.web.cells import cells_of
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_reading import Listed, read_list
from roomkeeper.web.derived_telling import name_of
from roomkeeper.web.pages import cut
from roomkeeper.words import gettext as _

More = Callable[[HttpRequest, Listed, views.Habits, list[Any]], dict[str, Any]]
"""What a list shows beside its rows, which are given."""


def list_view(subject: Subject, more: More | None = None) -> Callable[..., HttpResponseBase]:
    """The list by the filters in the address, fifty a page; as CSV with `format=csv`."""

    @needs(subject.needs, anywhere=subject.anywhere)
    def view(request: HttpRequest) -> HttpResponseBase:
        actor, now = actor_of(request), moment()
        habits = views.habits_of(subject, actor)
        if (elsewhere := views.begin_at(request.GET, habits)) is not None:
            return HttpResponseRedirect(elsewhere)
        try:
            listed = read_list(subject, actor, request.GET, now)
            if request.GET.get("format") == "csv":
                return csv_of(subject, listed.rows, listed.order, actor, now)
            return _page(request, listed, habits, more)
        except lists.ListRefused as refusal:
            return refused(request, subject, refusal)

    return view


def refused(request: HttpRequest, subject: Subject, refusal: lists.ListRefused) -> HttpResponse:
    """What is shown in place of a list that cannot be given like that."""
    context = {"subject": subject, "refusal": refusal}
    return render(request, "derived/refused.html", context, status=404 if refusal.is_missing else 400)


def _page(request: HttpRequest, listed: Listed, habits: views.Habits, more: More | None) -> HttpResponse:
    subject, actor, query, now = listed.subject, listed.actor, listed.query, listed.now
    kept = bars.flat(query, without={"page", "column"})
    found, pager = cut(request, lists.ordered(listed.rows, listed.order), kept)
    shown = list(found.object_list)
    if subject.prepare is not None:
        subject.prepare(shown, actor.grants, now)
    columns = views.columns_of(query, subject, actor, habits)
    bulk = [
        act
        for act in subject.acts
        if act.for_many
        and act.is_mounted
        and act.page.is_asked
        and actor.grants.may_anywhere(act.needs)
        and _makes_sense(act, shown)
    ]
    mine = {row.pk for row in shown if any(may(subject, act, row, actor) for act in bulk)} if bulk else set()
    is_every = "filters" in query
    drawn = {"now": now, "columns": columns}
    selects = bars.selects_of(subject, listed.asked, actor.grants, is_every=is_every)
    context = {
        "subject": subject,
        "has_search": bool(subject.search or subject.find),
        "title": _(subject.pages.heading or subject.plural.capitalize()),
        "now": now,
        "asked": listed.asked,
        "heads": [bars.head_of(one, listed.order, query) for one in columns],
        "rows": [
            (row, subject.label(row) if row.pk in mine else "", cells_of(subject, columns, row, drawn))
            for row in shown
        ],
        "mine": mine,
        "bulk": bulk if mine else [],
        "makers": makers_of(subject, actor),
        "pager": pager,
        "tabs": bars.tabs_of(subject, actor, listed.asked, query, listed.tab, now),
        "selects": selects,
        "more_filters": "?" + urlencode([*kept, ("filters", "all")])
        if not is_every and any(one.is_minor for one in subject.fields)
        else "",
        "chips": bars.chips_of(subject, listed.asked, query, selects, actor.grants),
        "kept": [(name, value) for name, value in bars.flat(query) if name in ("sort", "tab", "filters")],
        "all_kept": kept,
        "filter": "?" + urlencode(kept),
        "csv": "?" + urlencode([*kept, ("format", "csv")]),
        "all_columns": [(one, one in columns) for one in subject.fields if one.heading],
        "name": name_of(subject),
        "is_narrowed": listed.is_narrowed,
        "teaches": subject.pages.empty.endswith(".html"),
        "permitted": {one.value for one in Permission if actor.grants.may_anywhere(one)},
        **views.shown(query, subject, columns, habits),
    }
    if more is not None:
        context |= more(request, listed, habits, shown)
    return render(request, [f"{name_of(subject)}/list.html", "derived/list.html"], context)


def _makes_sense(act: Act, rows: list[Any]) -> bool:
    return act.offered is None or any(act.offered(row) for row in rows)


def makers_of(subject: Subject, actor: Actor) -> list[tuple[str, str]]:
    """(button, address) of each act on the whole subject, one for each of its variants."""
    found = []
    for act in subject.acts:
        # What comes from an address is asked where that stands, as a view in the list that it is of.
        is_from_address = any(one.from_address and one.is_required for one in act.takes)
        if act.on != "all" or not act.is_mounted or not act.page.is_asked or is_from_address:
            continue
        if may(subject, act, None, actor):
            address = reverse(f"{name_of(subject)}_do_many", args=[act.slug])
            found += [(_(one.label), f"{address}?{urlencode(one.given)}") for one in act.page.variants] or [
                (_(act.button), address)
            ]
    return found
