"""One change set, system by system and live, and undoing it; the list and the other acts are declared."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations.door import do, may
from roomkeeper.provisioning import holding, undoing
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.delivery_telling import visible_changes
from roomkeeper.provisioning.models import Change, DeliveryState
from roomkeeper.provisioning.settings_acts import UNDO
from roomkeeper.web.access import grants, number_of, visible_system
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of, acts_for, get_row, history_of
from roomkeeper.web.pages import cut
from roomkeeper.words import gettext as _

STATES = [state.value for state in DeliveryState]
SHOWN = 200


@needs(Permission.VIEW, anywhere=True)
def change_set(request: HttpRequest, pk: int) -> HttpResponse:
    """One change set: counts by state, and system by system."""
    actor = actor_of(request)
    found = get_row(CHANGE_SETS, actor, pk)
    state = request.GET.get("state", "")
    changes = visible_changes(actor.grants).filter(change_set=found)
    shown = changes.filter(state=state) if state in STATES else changes
    page, pager = cut(
        request,
        shown.select_related("system")
        .prefetch_related("items__change__change_set")
        .order_by("system__name", "id"),
        {"state": state},
    )
    items = {change.pk: list(change.items.all()) for change in page.object_list}
    held = holding.why_waiting([item for own in items.values() for item in own], now=moment())
    rows = [
        (change, [(item, item.reason or held.get(item.pk, "")) for item in items[change.pk]])
        for change in page.object_list
    ]
    return render(
        request,
        "change_sets/change_set.html",
        {
            "change_set": found,
            "counts": list(found.found.items()),
            "state": state,
            "rows": rows,
            "pager": pager,
            "total": sum(found.found.values()),
            "now": moment(),
            "settings": sorted({item.path for own in items.values() for item in own}),
            "acts": acts_for(CHANGE_SETS, found, actor),
            "undone_by": found.undone_by.order_by("id")[:5],
            "may_undo": may(CHANGE_SETS, UNDO, found, actor_of(request)),
            "may_undo_on": _changeable_on_page(request, page.object_list),
            "entries": history_of(CHANGE_SETS, found),
        },
    )


def _changeable_on_page(request: HttpRequest, changes: Iterable[Change]) -> set[int]:
    """The ids of those changes whose systems' settings she may change."""
    mine = grants(request).folders(Permission.CHANGE_SETTINGS, "system__folder__path")
    shown = Change.objects.filter(pk__in=[change.pk for change in changes])
    return set(shown.filter(mine).values_list("pk", flat=True))


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what asking for the values before would do. POST: ask for them, by a new change set. With `system` on that
    one alone."""
    actor = actor_of(request)
    found = get_row(CHANGE_SETS, actor, pk)
    key = number_of((request.POST if request.method == "POST" else request.GET).get("system", ""))
    system = visible_system(request, key, Permission.CHANGE_SETTINGS) if key is not None else None
    if system is None and not may(CHANGE_SETS, UNDO, found, actor_of(request)):
        raise Http404
    page = reverse("change_set", args=[pk])
    only = None if system is None else [system.pk]
    if request.method != "POST":
        planned = undoing.plan_undo(found, only)
        rows = [(change.system, item) for change in planned.plan.per_system for item in change.items]
        return render(
            request,
            "change_sets/undo.html",
            {
                "change_set": found,
                "system": system,
                "counts": planned.plan.counts,
                "number": len(planned.plan.per_system),
                "rows": rows[:SHOWN],
                "more": max(len(rows) - SHOWN, 0),
                "left_out": planned.left_out[:SHOWN],
                "more_left_out": max(len(planned.left_out) - SHOWN, 0),
                "back": page,
            },
        )
    taken = {"systems": None if system is None else [system]}
    try:
        made = do(CHANGE_SETS, UNDO, found, actor=actor, now=moment(), taken=taken)
    except undoing.UndoRefused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(page)
    messages.success(request, _("The previous values were requested. Follow the outcome here."))
    return HttpResponseRedirect(reverse("change_set", args=[made.pk]))
