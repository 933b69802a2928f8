"""Secure-Only: the moves with the form that begins one after a preview, and one move; the acts are declared."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.contact_acts import SECURE_ONLY_ON
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.taking import TakenRefused, take_form
from roomkeeper.secure_only import planning
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.secure_only.surface import HOW, MEMBERS, MOVES, START
from roomkeeper.systems.models import State, System
from roomkeeper.web.access import grants, number_of, visible_folder, visible_system, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of, acts_for, get_row, tried
from roomkeeper.web.derived_forms import inputs_of
from roomkeeper.web.derived_lists import list_view
from roomkeeper.web.derived_reading import Listed
from roomkeeper.web.derived_views import Habits
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.pages import cut
from roomkeeper.words import gettext as _

SHOWN = 200
STATES = [state.value for state in Member.State]


@needs(Permission.VIEW, anywhere=True)
def moves(request: HttpRequest) -> HttpResponseBase:
    """GET: how many systems are Secure-Only, the moves, and the form. POST: the preview, then the beginning."""
    plan = None
    if request.method == "POST":
        try:
            taken = take_form(MOVES, START, request.POST.getlist)
        except TakenRefused:
            messages.error(request, _("Enter numbers for how many go first and how many are in a wave."))
        else:
            plan = _plan(request, taken)
            if request.POST.get("step") == "confirm":
                begun = tried(
                    request,
                    MOVES,
                    START,
                    None,
                    taken | {"systems": [one.system for one in plan.members]},
                    START.done,
                )
                if begun:
                    return HttpResponseRedirect(reverse("secure_only_move", args=[begun[0].pk]))

    def beside(request: HttpRequest, listed: Listed, habits: Habits, rows: list[Any]) -> dict[str, Any]:
        seen = visible_systems(request).filter(state=State.MANAGED)
        typed = request.POST if request.method == "POST" else request.GET
        return {
            "counts": seen.aggregate(
                all=Count("pk"),
                moved=Count("pk", filter=Q(secure_only_completed_at__isnull=False)),
                coming=Count("pk", filter=Q(is_secure_only=True, secure_only_completed_at=None)),
            ),
            "folders": folder_choices(request, Permission.MANAGE_SYSTEMS),
            "folder": number_of(typed.get("folder", "")),
            "inputs": inputs_of(MOVES, START, HOW, listed.actor, typed),
            "plan": plan,
            "cannot": [one for one in plan.members if one.verdict == "cannot"][:SHOWN] if plan else [],
        }

    return list_view(MOVES, beside)(request)


def _plan(request: HttpRequest, taken: Mapping[str, Any]) -> planning.MovePlan:
    folder = visible_folder(request, request.POST.get("folder", ""), Permission.MANAGE_SYSTEMS)
    systems = System.objects.filter(
        grants(request).folders(Permission.MANAGE_SYSTEMS),
        state=State.MANAGED,
        folder__path__startswith=folder.path,
    )
    ordered = systems.select_related("folder").order_by("name", "id")
    return planning.plan(ordered, is_secure=taken["is_secure"], trust=taken["trust"])


@needs(Permission.VIEW, anywhere=True)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """One move, live: counts by state, and system by system why it is on hold."""
    actor = actor_of(request)
    found = get_row(MOVES, actor, pk)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    members = MEMBERS.rows(actor.grants).filter(move=found)
    shown = members.filter(state=state) if state else members
    page, pager = cut(request, shown.order_by("wave", "id"), {"state": state})
    return render(
        request,
        "secure_only_moves/one.html",
        {
            "move": found,
            "state": state,
            "rows": [(member, acts_for(MEMBERS, member, actor)) for member in page.object_list],
            "pager": pager,
            "acts": acts_for(MOVES, found, actor),
            "now": moment(),
        },
    )


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def single_system(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what each way of trust would come to for one system. POST: begin a move of it alone."""
    system = visible_system(request, pk, Permission.MANAGE_SYSTEMS)
    tab = reverse("system_tab", args=[pk, "connection"])
    if request.method == "POST":
        taken = {"trust": request.POST.get("trust", Move.Trust.TRUSTED)}
        begun = tried(request, SYSTEMS, SECURE_ONLY_ON, system, taken, "")
        if not begun:
            return HttpResponseRedirect(reverse("system_secure_only", args=[pk]))
        _rest, moving = begun[0]
        if moving is None:
            messages.success(
                request, _("{system} is already Secure-Only, or will be once it is admitted.", system=system)
            )
            return HttpResponseRedirect(tab)
        messages.success(request, _("The move has started. Follow its outcome here."))
        return HttpResponseRedirect(reverse("secure_only_move", args=[moving.pk]))
    plans = [
        (word, label, planning.plan([system], is_secure=True, trust=word).members[0])
        for word, label in Move.Trust.choices
    ]
    first = next((word for word, _, one in plans if one.verdict == "move"), "")
    return render(
        request, "secure_only/single.html", {"system": system, "plans": plans, "first": first, "back": tab}
    )
