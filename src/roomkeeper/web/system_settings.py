"""The settings tab of a system's page: reported, wanted, drift; and setting one value after asking."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.setting_rows import setting_rows
from roomkeeper.provisioning.settings_acts import ASK_SETTINGS
from roomkeeper.systems import documents
from roomkeeper.systems.models import System
from roomkeeper.web.access import visible_system
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import try_act
from roomkeeper.words import gettext as _

SHOWN = 400
SHOWS = ("all", "wanted", "drift")


def settings_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """The rows that the search lets through."""
    q = " ".join(request.GET.get("q", "").split())
    show = request.GET.get("show", "all")
    show = show if show in SHOWS else "all"
    rows, reported = setting_rows(system)
    drift = [row for row in rows if row.is_drift] if reported else []
    chosen = {"all": rows, "wanted": [row for row in rows if row.wanted is not None], "drift": drift}[show]
    words = q.lower().replace("/", " ").split()
    found = [
        row
        for row in chosen
        if all(
            word in row.path.lower().replace("/", " ") or word in (row.reported or "").lower()
            for word in words
        )
    ]
    return {
        "q": q,
        "show": show,
        "rows": found[:SHOWN],
        "cut": len(found) > SHOWN,
        "total": len(found),
        "counts": (
            ("all", "All", len(rows)),
            ("wanted", _("Wanted"), sum(row.wanted is not None for row in rows)),
            ("drift", _("Drift"), len(drift)),
        ),
        "reported_at": reported.at if reported else None,
    }


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def set_value(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a value, show what it would do, and set it once that is confirmed."""
    system = visible_system(request, pk, Permission.CHANGE_SETTINGS)
    source = request.POST if request.method == "POST" else request.GET
    path = source.get("path", "").strip()[:255]
    value = request.POST.get("value", "")
    now = moment()
    plan = None
    if request.method == "POST" and path:
        wish = None if request.POST.get("take_back") else value
        try:
            plan = planning.plan_settings([system], {path: wish})
        except ValueError as refusal:
            messages.error(request, str(refusal))
        if plan is not None and request.POST.get("step") == "confirm":
            done = (
                _("The request is removed.")
                if wish is None
                else _("{path} is requested of {system}. Follow it below.", path=path, system=system)
            )
            taken = {"systems": [system], "settings": {path: wish}}
            if try_act(request, CHANGE_SETS, ASK_SETTINGS, None, taken, ""):
                messages.success(request, done)
                return HttpResponseRedirect(reverse("system_page", args=[pk]) + "changes/")
    reported = documents.reported_configuration(system.pk)
    found = reported.find(path) if reported and path else None
    space = None
    if reported and found:
        space = documents.value_spaces_of(system).get(reported.value_spaces.get(found[0], ""))
    return render(
        request,
        "systems/set_value.html",
        {
            "system": system,
            "path": found[0] if found else path,
            "reported": found[1] if found else None,
            "value": value
            if request.method == "POST"
            else (found[1] if found and found[1] != documents.HIDDEN else ""),
            "space": space,
            "plan": plan,
            "now": now,
            "take_back": request.POST.get("take_back"),
            "items": plan.per_system[0].items if plan and plan.per_system else [],
        },
    )
