"""Picking the settings of a system from which a template is made."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.configuration_templates import variables
from roomkeeper.configuration_templates.making import is_of_one_device
from roomkeeper.systems.documents import HIDDEN, reported_configuration
from roomkeeper.systems.models import State
from roomkeeper.web.access import number_of, visible_system, visible_systems
from roomkeeper.words import gettext as _

LISTED = 500
PICKED_LIMIT = 500


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def pick(request: HttpRequest) -> HttpResponse:
    """Choose a system, then settings of it; they are carried to the form of a new template."""
    source = request.POST if request.method == "POST" else request.GET
    key = number_of(source.get("system", ""), 14)
    system = visible_system(request, key) if key is not None else None
    reported = reported_configuration(system.pk) if system else None
    if request.method == "POST" and reported is not None:
        chosen = set(request.POST.getlist("path"))
        paths = [path for path in reported.settings if path in chosen or "every" in request.POST]
        if 0 < len(paths) <= PICKED_LIMIT:
            # What a device says names no variables; what it hides is typed by a person.
            request.session["template_picked"] = [
                (path, None if (value := reported.settings[path]) == HIDDEN else variables.escape(value))
                for path in paths
            ]
            return HttpResponseRedirect(reverse("template_new"))
        messages.error(request, _("Choose 1 to {limit} settings.", limit=PICKED_LIMIT))
    words = " ".join(source.get("q", "").split()).lower().replace("/", " ").split()
    rows: list[tuple[str, str, bool]] = []
    if reported is not None:
        rows = [
            (path, value, is_of_one_device(path))
            for path, value in sorted(reported.settings.items(), key=lambda pair: pair[0].lower())
            if all(word in path.lower() for word in words)
        ]
    context: dict[str, Any] = {
        "system": system,
        "systems": visible_systems(request)
        .filter(state=State.MANAGED, configuration_versions__isnull=False)
        .distinct()
        .order_by("name")[:LISTED],
        "reported": reported,
        "rows": rows,
        "q": source.get("q", ""),
        "total": len(reported.settings) if reported else 0,
    }
    return render(request, "configuration_templates/pick.html", context)
