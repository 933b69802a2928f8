"""Secure-Only: the guided moves, one move with what holds whom, and beginning one after a preview."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.secure_only import moving, planning, reading, single
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems.models import Folder, State, System
from roomkeeper.web.access import grants, number_of, visible_folder, visible_system, visible_systems
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.pages import cut

SHOWN = 200
STATES = [state.value for state in Member.State]


def visible_moves(request: HttpRequest) -> QuerySet[Move]:
    """The moves with at least one system in a folder that she may see."""
    mine = Member.objects.filter(grants(request).folders(Permission.VIEW, "system__folder__path"))
    return Move.objects.filter(pk__in=mine.values("move")).select_related("created_by")


@needs(Permission.VIEW, anywhere=True)
def moves(request: HttpRequest) -> HttpResponse:
    """GET: how many systems are Secure-Only, the moves, and the form. POST: the preview, then the beginning."""
    typed = request.POST if request.method == "POST" else request.GET
    plan = None
    if request.method == "POST":
        folder = visible_folder(request, typed.get("folder", ""), Permission.MANAGE_SYSTEMS)
        plan = _plan(request, folder)
        if typed.get("step") == "confirm":
            begun = _begin(request, plan, folder)
            if begun is not None:
                return begun
    seen = visible_systems(request).filter(state=State.MANAGED)
    page, pager = cut(request, visible_moves(request).order_by("-id"), {})
    counts = reading.counts((move.pk for move in page.object_list), grants(request))
    return render(
        request,
        "secure_only/moves.html",
        {
            "counts": seen.aggregate(
                all=Count("pk"),
                moved=Count("pk", filter=Q(secure_only_completed_at__isnull=False)),
                coming=Count("pk", filter=Q(is_secure_only=True, secure_only_completed_at=None)),
            ),
            "rows": [(move, counts[move.pk].items()) for move in page.object_list],
            "pager": pager,
            "folders": folder_choices(request, Permission.MANAGE_SYSTEMS),
            "typed": typed,
            "plan": plan,
            "verdicts": [(word, len(plan.chosen(word))) for word in ("move", "already", "cannot")]
            if plan
            else [],
            "cannot": [one for one in plan.members if one.verdict == "cannot"][:SHOWN] if plan else [],
            "trusts": Move.Trust.choices,
            "now": moment(),
        },
    )


@needs(Permission.VIEW, anywhere=True)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """One move, live: counts by state, and system by system what holds it."""
    found = get_object_or_404(visible_moves(request), pk=pk)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    members = found.members.filter(grants(request).folders(Permission.VIEW, "system__folder__path"))
    shown = members.filter(state=state) if state else members
    page, pager = cut(request, shown.select_related("system").order_by("wave", "id"), {"state": state})
    return render(
        request,
        "secure_only/move.html",
        {
            "move": found,
            "counts": reading.counts([found.pk], grants(request))[found.pk].items(),
            "state": state,
            "page": page,
            "pager": pager,
            "may_steer": _may_steer(request, found),
            "now": moment(),
        },
    )


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Pause, go on with, or cancel a move."""
    found = get_object_or_404(visible_moves(request), pk=pk)
    if act not in _ACTS or not _may_steer(request, found):
        raise Http404
    title, what, undo, button, done, deed = _ACTS[act]
    back = reverse("secure_only_move", args=[pk])
    if request.method != "POST":
        address = reverse("secure_only_act", args=[pk, act])
        return ask(request, Question(title, what, undo, button, address, back, is_dangerous=act == "cancel"))
    now = moment()
    attempt(request, f"{act} secure-only move", None, lambda: deed(found, now=now), done, move=pk)
    return HttpResponseRedirect(back)


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def member_act(request: HttpRequest, pk: int, system: int, act: str) -> HttpResponse:
    """Let a held system try once more, or leave it as it is."""
    found = get_object_or_404(
        Member.objects.filter(grants(request).folders(Permission.MANAGE_SYSTEMS, "system__folder__path")),
        move_id=pk,
        system_id=system,
    )
    if act not in ("try-again", "skip"):
        raise Http404
    back = reverse("secure_only_move", args=[pk])
    if request.method == "POST":
        now = moment()
        deed = moving.try_again if act == "try-again" else moving.skip
        done = "It is tried again." if act == "try-again" else "It is left as it is."
        attempt(request, f"{act} secure-only", found.system, lambda: deed(found, now=now), done, move=pk)
        return HttpResponseRedirect(back)
    address = reverse("secure_only_member", args=[pk, system, act])
    if act == "try-again":
        question = Question(
            f"Let {found.system} try again?",
            found.reason,
            "Nothing on it is changed until it has proven that it can.",
            "Try again",
            address,
            back,
        )
    else:
        question = Question(
            f"Leave {found.system} as it is?",
            "The move no longer waits for it. If it was told to switch, it is told to go back.",
            "It can be moved separately later.",
            "Leave it",
            address,
            back,
        )
    return ask(request, question)


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def single_system(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what each way of trust would come to for one system. POST: begin a move of it alone."""
    system = visible_system(request, pk, Permission.MANAGE_SYSTEMS)
    tab = reverse("system_tab", args=[pk, "connection"])
    trust = request.POST.get("trust", Move.Trust.TRUSTED)
    if request.method == "POST":
        begun: list[Move | None] = []
        is_done = attempt(
            request,
            "start secure-only move",
            system,
            lambda: begun.append(single.turn_on(system, trust=trust, user=request.user, now=moment())),
            "",
            trust=trust,
        )
        if not is_done:
            return HttpResponseRedirect(reverse("system_secure_only", args=[pk]))
        if begun[0] is None:
            messages.success(request, f"{system} is already Secure-Only, or will be once it is admitted.")
            return HttpResponseRedirect(tab)
        messages.success(request, "The move has started. Follow its outcome here.")
        return HttpResponseRedirect(reverse("secure_only_move", args=[begun[0].pk]))
    plans = [
        (word, label, planning.plan([system], is_secure=True, trust=word).members[0])
        for word, label in Move.Trust.choices
    ]
    first = next((word for word, _, one in plans if one.verdict == "move"), "")
    return render(
        request, "secure_only/single.html", {"system": system, "plans": plans, "first": first, "back": tab}
    )


def _plan(request: HttpRequest, folder: Folder) -> planning.MovePlan:
    systems = System.objects.filter(
        grants(request).folders(Permission.MANAGE_SYSTEMS),
        state=State.MANAGED,
        folder__path__startswith=folder.path,
    )
    return planning.plan(
        systems.select_related("folder").order_by("name", "id"),
        is_secure=request.POST.get("direction") != "off",
        trust=request.POST.get("trust", Move.Trust.TRUSTED),
    )


def _begin(request: HttpRequest, plan: planning.MovePlan, folder: Folder) -> HttpResponse | None:
    canary, wave_size = (number_of(request.POST.get(name, "").strip(), 6) for name in ("canary", "wave_size"))
    if canary is None or wave_size is None:
        messages.error(request, "Enter numbers for how many go first and how many are in a wave.")
        return None
    try:
        with transaction.atomic():
            begun = moving.start(
                plan,
                is_secure=request.POST.get("direction") != "off",
                trust=request.POST.get("trust", Move.Trust.TRUSTED),
                canary=canary,
                wave_size=wave_size,
                user=request.user,
                now=moment(),
            )
            audit.record(
                request.user, "page", "start secure-only move", None, move=begun.pk, folder=folder.pk
            )
    except moving.MoveRefused as refusal:
        messages.error(request, str(refusal))
        return None
    messages.success(request, "The move has started. Follow the outcome for each system here.")
    return HttpResponseRedirect(reverse("secure_only_move", args=[begun.pk]))


def _may_steer(request: HttpRequest, found: Move) -> bool:
    mine = grants(request).folders(Permission.MANAGE_SYSTEMS, "system__folder__path")
    return found.members.filter(mine).count() == found.members.count()


_ACTS: dict[str, tuple[str, str, str, str, str, Callable[..., Any]]] = {
    "pause": (
        "Pause the move?",
        "No further system starts. Those that were told to switch continue.",
        "It can be continued at any time.",
        "Pause",
        "The move is paused.",
        moving.pause,
    ),
    "continue": (
        "Continue the move?",
        "The next wave starts. Systems on hold stay as they are.",
        "It can be paused again.",
        "Go on",
        "The next wave starts.",
        moving.go_on,
    ),
    "cancel": (
        "Cancel the move?",
        "Systems that have moved stay moved; all others stay as they are.",
        "Start another move for the rest.",
        "Cancel the move",
        "The move is cancelled.",
        moving.cancel,
    ),
}
