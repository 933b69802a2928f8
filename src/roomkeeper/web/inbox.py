"""The inbox: unknown systems that phoned home, those awaited, ignored and blocked; and what a person decides."""

from typing import Any

from django.contrib import messages
from django.db.models import F, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.provisioning.calling import why_it_never_calls
from roomkeeper.systems import admission, network_settings
from roomkeeper.systems.admission import claimants, conflicts, expectations
from roomkeeper.systems.models import State, System, TimelineEntry
from roomkeeper.web.access import grants, number_of, visible_folder
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.pages import cut
from roomkeeper.web.server_addresses import manager_values

SHOWS = {
    "waiting": (State.PENDING, "Waiting"),
    "awaited": (State.PRE_REGISTERED, "Pre-registered, awaited"),
    "ignored": (State.IGNORED, "Ignored"),
    "blocked": (State.BLOCKED, "Blocked"),
}
ACTS = {
    "approve": (
        "Admit",
        "become managed: each gets a secret of its own and our settings with the answer to its next post.",
        "Undo it by ignoring or blocking them.",
        "admitted",
    ),
    "ignore": (
        "Ignore",
        "leave the inbox; what they post gets an empty answer.",
        "Admit them from the ignored ones.",
        "ignored",
    ),
    "block": (
        "Block",
        "are refused from now on, whatever they post.",
        "Admit them from the blocked ones.",
        "blocked",
    ),
    "readmit": (
        "Admit again",
        "become managed: what they proved before is forgotten and each gets a new secret.",
        "Undo it by ignoring or blocking them.",
        "admitted again",
    ),
}


@needs(Permission.VIEW_INBOX)
def inbox(request: HttpRequest) -> HttpResponse:
    """One of the four lists, newest contact first."""
    show = request.GET.get("show", "waiting")
    if show not in SHOWS:
        raise Http404
    q = request.GET.get("q", "").strip()
    found = System.objects.filter(state=SHOWS[show][0]).select_related("contact", "folder")
    if q:
        digits = "".join(letter for letter in q if letter not in ":-.").upper()
        found = found.filter(
            Q(name__icontains=q)
            | Q(reported_name__icontains=q)
            | Q(serial_number__icontains=q)
            | Q(product__icontains=q)
            | Q(mac_address__contains=digits)
            | Q(contact__source_address__startswith=q)
        )
    newest = found.order_by(F("contact__last_seen_at").desc(nulls_last=True), "-id")
    page, pager = cut(request, newest, {"show": show, "q": q})
    counts = {key: System.objects.filter(state=state).count() for key, (state, _) in SHOWS.items()}
    found_settings = network_settings.get()
    return render(
        request,
        "inbox/inbox.html",
        {
            "show": show,
            "q": q,
            "page": page,
            "now": moment(),
            "settings": found_settings,
            "tabs": [(key, label, counts[key]) for key, (_, label) in SHOWS.items()],
            "times": _times(list(page.object_list)),
            "never_calls": {system.pk: why_it_never_calls(system) for system in page.object_list},
            "conflicts": conflicts.conflicts_of(page.object_list, grants(request)),
            "expected": expectations.match(page.object_list) if show == "waiting" else {},
            "may_admit": grants(request).may_anywhere(Permission.ADMIT),
            "manager": manager_values(found_settings),
            "pager": pager,
        },
    )


def _times(rows: list[System]) -> dict[int, int]:
    """How often each of the systems posted, by its timeline."""
    counts = (
        TimelineEntry.objects.filter(system__in=rows)
        .exclude(source_address="")
        .values_list("system")
        .annotate(times=Sum("count"))
    )
    return dict(counts)


def _sources_of(chosen: list[System]) -> list[tuple[int, str]]:
    """Of each system that one address alone posts as, that address: it is shown, and the secret goes there."""
    now = moment()
    found = ((system.pk, claimants.claimants_of(system, now=now)) for system in chosen)
    return [(pk, who[0].address) for pk, who in found if len(who) == 1]


def _shown(request: HttpRequest, system: System, *, is_alone: bool) -> tuple[str | None, list[str] | None]:
    """The address that was chosen for the system, and those that the person saw."""
    if is_alone:
        shown = request.POST.getlist("shown") if "shown" in request.POST else None
        return request.POST.get("source", "").strip() or None, shown
    source = request.POST.get(f"source-{system.pk}", "").strip() or None
    return source, [source] if source else None


@needs(Permission.ADMIT, anywhere=True)
def decide(request: HttpRequest) -> HttpResponse:
    """Ask about the chosen systems (GET) and do what was decided (POST)."""
    source: Any = request.POST if request.method == "POST" else request.GET
    act = source.get("act", "")
    if act not in ACTS:
        raise Http404
    verb, what, undo, done = ACTS[act]
    given = (number_of(text) for text in source.getlist("system"))
    keys = [key for key in given if key is not None][:500]
    chosen = [
        system
        for system in System.objects.filter(pk__in=keys).select_related("folder").order_by("name", "id")
        if grants(request).may(Permission.ADMIT, system.folder.path)
    ]
    if not chosen:
        return HttpResponseRedirect(reverse("inbox"))
    number = f"{len(chosen)} system{'s' if len(chosen) > 1 else ''}"
    if request.method != "POST":
        question = Question(
            title=f"{verb} {number}?",
            what=f"{number} {what}",
            undo=undo,
            button=verb,
            address=reverse("inbox_decide"),
            back=reverse("inbox"),
            is_dangerous=act == "block",
            fields=(("act", act), *(("system", str(system.pk)) for system in chosen)),
        )
        extra = "inbox/ask_admit.html" if act in ("approve", "readmit") else "inbox/ask_which.html"
        return ask(
            request,
            question,
            extra,
            chosen=chosen,
            folders=folder_choices(request, Permission.ADMIT),
            claimants=claimants.claimants_of(chosen[0], now=moment()) if len(chosen) == 1 else (),
            sources=_sources_of(chosen) if len(chosen) > 1 else (),
        )
    folder = None
    if request.POST.get("folder"):
        folder = visible_folder(request, request.POST["folder"])
        demand(request.user, Permission.ADMIT, folder.path)
    now = moment()
    successes = 0
    for system in chosen:
        name = request.POST.get("name", "").strip() if len(chosen) == 1 else ""

        def deed(system: System = system, name: str = name) -> object:
            source, shown = _shown(request, system, is_alone=len(chosen) == 1)
            if act == "approve":
                return admission.approve(
                    system,
                    user=request.user,
                    now=now,
                    folder=folder,
                    name=name or None,
                    source=source,
                    shown=shown,
                )
            if act == "readmit":
                return admission.readmit(system, user=request.user, now=now, source=source, shown=shown)
            return {"ignore": admission.ignore, "block": admission.block}[act](
                system, user=request.user, now=now
            )

        def told(system: System = system) -> str:
            return f"{system} is {done}." if len(chosen) <= 5 else ""

        successes += attempt(request, act, system, deed, told)
    if successes and len(chosen) > 5:
        messages.success(request, f"{successes} systems are {done}.")
    return HttpResponseRedirect(reverse("inbox"))
