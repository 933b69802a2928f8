"""The inbox: what its list shows besides, and what a person decides; the list is declared."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.admission_acts import ADMISSION_ACTS
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.systems import network_settings
from roomkeeper.systems.admission import claimants
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants, number_of
from roomkeeper.web.acts import Question, ask
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import try_act
from roomkeeper.web.derived_reading import Listed
from roomkeeper.web.derived_views import Habits
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.server_addresses import manager_values
from roomkeeper.web.system_admission_acts import folder_of, source_of

ACTS = {
    "approve": (
        "Admit",
        "become managed: each gets its own secret and our settings with the answer to its next post.",
        "Undo it by ignoring or blocking them.",
        "admitted",
    ),
    "ignore": (
        "Ignore",
        "leave the inbox; their posts get an empty answer.",
        "Admit them from the ignored ones.",
        "ignored",
    ),
    "block": (
        "Block",
        "are blocked: everything they post is refused from now on.",
        "Admit them from the blocked ones.",
        "blocked",
    ),
    "readmit": (
        "Admit again",
        "become managed: what they have proven so far is forgotten, and each gets a new secret.",
        "Undo it by ignoring or blocking them.",
        "admitted again",
    ),
}


def beside(request: HttpRequest, listed: Listed, habits: Habits, rows: list[Any]) -> dict[str, Any]:
    """What the list shows beside its rows: how systems are admitted, what to type into an endpoint, who may decide."""
    held, settings = grants(request), network_settings.get()
    return {
        "show": listed.asked.values.get("state"),
        "settings": settings,
        "manager": manager_values(settings),
        "may_admit": held.may_anywhere(Permission.ADMIT),
        "mine": {row.pk for row in rows if held.may(Permission.ADMIT, row.folder.path)},
    }


def _sources_of(chosen: list[System]) -> list[tuple[int, str]]:
    """Of each system that one address alone posts as, that address: it is shown, and the secret goes there."""
    now = moment()
    found = ((system.pk, claimants.claimants_of(system, now=now)) for system in chosen)
    return [(pk, who[0].address) for pk, who in found if len(who) == 1]


def _taken(request: HttpRequest, act: str, system: System, *, is_alone: bool) -> dict[str, Any]:
    """What was given for the system; of many each has the address that was seen."""
    if act not in ("approve", "readmit"):
        return {}
    where = source_of(request)
    if not is_alone:
        source = request.POST.get(f"source-{system.pk}", "").strip() or None
        where = {"source": source, "shown": [source] if source else None}
    if act == "readmit":
        return where
    name = request.POST.get("name", "").strip() if is_alone else ""
    return {**where, **folder_of(request), **({"name": name} if name else {})}


@needs(Permission.ADMIT, anywhere=True)
def decide(request: HttpRequest) -> HttpResponse:
    """Ask about the chosen systems (GET) and do what was decided (POST)."""
    source: Any = request.POST if request.method == "POST" else request.GET
    act = source.get("act", "")
    if act not in ACTS:
        raise Http404
    verb, what, undo, done = ACTS[act]
    given = (number_of(text) for name in ("row", "system") for text in source.getlist(name))
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
    said = "{0} is " + done + "." if len(chosen) <= 5 else ""
    successes = 0
    for system in chosen:
        taken = _taken(request, act, system, is_alone=len(chosen) == 1)
        successes += try_act(request, SYSTEMS, ADMISSION_ACTS[act], system, taken, said)
    if successes and len(chosen) > 5:
        messages.success(request, f"{successes} systems are {done}.")
    return HttpResponseRedirect(reverse("inbox"))
