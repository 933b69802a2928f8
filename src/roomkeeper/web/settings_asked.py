"""Settings of one system or of many: typed, what they would do, confirmed."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.configuration_templates.known_settings import known_models, known_paths
from roomkeeper.configuration_templates.several_settings import read_settings
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.settings_acts import ASK_SETTINGS
from roomkeeper.systems import documents
from roomkeeper.systems.models import System
from roomkeeper.web.access import number_of, visible_system, visible_systems
from roomkeeper.web.chosen_systems import SHOWN, chosen_context, chosen_of, list_address, source_of
from roomkeeper.web.derived_acts import tried
from roomkeeper.words import gettext as _

LIMIT = 20_000


@needs(Permission.VIEW, anywhere=True)
def of_many(request: HttpRequest) -> HttpResponse:
    """The question about the systems that were chosen in the list."""
    if source_of(request).get("act", "setting") != "setting":
        raise Http404
    chosen = chosen_of(request, Permission.CHANGE_SETTINGS, LIMIT)
    if not chosen:
        return HttpResponseRedirect(list_address(request))
    return _ask(request, chosen, **chosen_context(request, chosen))


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def of_one(request: HttpRequest, pk: int) -> HttpResponse:
    """The question about one system, with what it reports of the setting that the address names."""
    system = visible_system(request, pk, Permission.CHANGE_SETTINGS)
    about = _reported(system, source_of(request).get("path", "").strip()[:255])
    about |= {"only": system, "count": 1, "back": reverse("system_tab", args=[pk, "settings"])}
    return _ask(request, [system], **about)


def _ask(request: HttpRequest, systems: list[System], **more: Any) -> HttpResponse:
    """GET: the form. POST: a preview, then the change set."""
    plan, typed = None, request.POST
    if request.method == "POST":
        try:
            settings, care = _settings(typed), _care(typed)
            plan = planning.plan_settings(systems, settings)
        except ValueError as refusal:
            messages.error(request, str(refusal))
        else:
            if typed.get("step") == "confirm":
                return _do(request, systems, settings, care, more["back"])
    return render(
        request,
        "systems/ask_settings.html",
        {
            "title": _("Change a setting"),
            "plan": plan,
            "able": len(systems) if plan else 0,
            "typed": typed,
            "value": typed.get("value", more.pop("first", "")),
            "cannot": [
                (one.system, [f"{item.path}: {item.reason}" for item in one.items if item.reason])
                for one in (plan.per_system if plan else ())
                if one.verdict == "cannot"
            ][:SHOWN],
            "known_paths": known_paths(known_models(visible_systems(request))),
            **more,
        },
    )


def _reported(system: System, path: str) -> dict[str, Any]:
    """The setting in the spelling of the device, with what it reports and what it may hold."""
    reported = documents.reported_configuration(system.pk)
    found = reported.find(path) if reported and path else None
    if reported is None or found is None:
        return {"path": path}
    own, value = found
    space = documents.value_spaces_of(system).get(reported.value_spaces.get(own, ""))
    first = "" if value == documents.HIDDEN else value
    return {"path": own, "reported": value, "is_reported": True, "first": first, "space": space}


def _settings(typed: Mapping[str, str]) -> dict[str, str | None]:
    """The one that was typed, and those of the text below it. Raises ValueError."""
    is_taken_back = bool(typed.get("take_back"))
    settings = read_settings(typed.get("several", ""), is_taken_back=is_taken_back)
    path = typed.get("path", "").strip()
    if path or not settings:
        settings[path] = None if is_taken_back else typed.get("value", "")
    return settings


def _care(typed: Mapping[str, str]) -> dict[str, Any]:
    """How carefully they are asked. Raises ValueError."""
    text = typed.get("failure_limit", "").strip()
    limit = number_of(text, 6)
    if text and limit is None:
        raise ValueError(_("{text!r} is not a number of systems.", text=text))
    return {
        "persistent": bool(typed.get("is_persistent")),
        "description": typed.get("description", "").strip(),
        "during_calls": bool(typed.get("during_calls")),
        "only_in_window": bool(typed.get("only_in_window")),
        "failure_limit": limit,
    }


def _do(
    request: HttpRequest,
    chosen: list[System],
    settings: dict[str, str | None],
    care: dict[str, Any],
    back: str,
) -> HttpResponse:
    taken = {"systems": chosen, "settings": settings, **care}
    for made in tried(request, CHANGE_SETS, ASK_SETTINGS, None, taken, ""):
        words = _("Sent to {count} systems. Follow the outcome here.", count=len(chosen))
        if len(chosen) == 1:
            words = _("Requested of {system}. Follow the outcome here.", system=chosen[0])
        messages.success(request, words)
        return HttpResponseRedirect(reverse("change_set", args=[made.pk]))
    return HttpResponseRedirect(back)
