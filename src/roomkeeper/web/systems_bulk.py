"""A setting of many systems: choose in the list, see what it would do, confirm."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.configuration_templates.known_settings import known_models, known_paths
from roomkeeper.configuration_templates.several_settings import read_settings
from roomkeeper.operations.door import do
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.settings_acts import ASK_SETTINGS
from roomkeeper.systems.models import System
from roomkeeper.web.access import number_of, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import chosen_rows, list_address, permitted_of, source_of
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_choosing import again
from roomkeeper.words import gettext as _

LIMIT = 20_000
SHOWN = 100


@needs(Permission.VIEW, anywhere=True)
def bulk(request: HttpRequest) -> HttpResponse:
    """GET: the question about the chosen systems. POST: a preview, then the change set."""
    source = source_of(request)
    if source.get("act", "setting") != "setting":
        raise Http404
    now = moment()
    back = list_address(request)
    chosen = permitted_of(request, chosen_rows(request, source, now), Permission.CHANGE_SETTINGS, LIMIT)
    if not chosen:
        return HttpResponseRedirect(back)
    plan = None
    if request.method == "POST":
        try:
            plan = planning.plan_settings(chosen, _settings(request))
            if request.POST.get("step") == "confirm":
                return _ask_settings(request, chosen, now)
        except ValueError as refusal:
            messages.error(request, str(refusal))
    return render(
        request,
        "systems/bulk.html",
        {
            "title": _("Change a setting"),
            "chosen": chosen[:SHOWN],
            "count": len(chosen),
            "more": max(len(chosen) - SHOWN, 0),
            "fields": again(source, chosen),
            "back": back,
            "plan": plan,
            "typed": request.POST,
            "shown": SHOWN,
            "cannot": [change for change in plan.per_system if change.verdict == "cannot"][:SHOWN]
            if plan
            else [],
            "known_paths": known_paths(known_models(visible_systems(request))),
        },
    )


def _settings(request: HttpRequest) -> dict[str, str | None]:
    """The one that was typed, and those of the text below it. Raises ValueError."""
    settings = read_settings(
        request.POST.get("several", ""), is_taken_back=bool(request.POST.get("take_back"))
    )
    path = request.POST.get("path", "").strip()
    if path or not settings:
        settings[path] = None if request.POST.get("take_back") else request.POST.get("value", "")
    return settings


def care_of(request: HttpRequest) -> planning.Care:
    """How carefully settings are asked, by a form's fields. Raises ValueError."""
    text = request.POST.get("failure_limit", "").strip()
    limit = number_of(text, 6)
    if text and limit is None:
        raise ValueError(_("{text!r} is not a number of systems.", text=text))
    return planning.Care(
        during_calls=bool(request.POST.get("during_calls")),
        only_in_window=bool(request.POST.get("only_in_window")),
        failure_limit=limit,
    )


def _ask_settings(request: HttpRequest, chosen: list[System], now: datetime) -> HttpResponse:
    care = care_of(request)
    taken = {
        "systems": chosen,
        "settings": _settings(request),
        "persistent": bool(request.POST.get("is_persistent")),
        "description": request.POST.get("description", "").strip(),
        "during_calls": care.during_calls,
        "only_in_window": care.only_in_window,
        "failure_limit": care.failure_limit,
    }
    made = do(CHANGE_SETS, ASK_SETTINGS, None, actor=actor_of(request), now=now, taken=taken)
    messages.success(request, _("Sent to {count} systems. Follow the outcome here.", count=len(chosen)))
    return HttpResponseRedirect(reverse("change_set", args=[made.pk]))
