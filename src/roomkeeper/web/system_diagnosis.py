"""The diagnosis tab of a system's page: the roads of its family alive, what was found on each, and what can be done."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from roomkeeper.diagnosis import service
from roomkeeper.diagnosis.fixes import FIXES, Fix
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants
from roomkeeper.words import gettext as _


def diagnosis_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """The newest diagnosis, and those before it."""
    kept = service.history(system)
    newest = kept[0] if kept else None
    return {
        "diagnosis": newest,
        "is_under_way": newest is not None and newest.state in Diagnosis.OPEN,
        "diagnosed_roads": [
            row | {"checks": [(one, _offer(request, system, one["fix"])) for one in row["checks"]]}
            for row in (newest.rows if newest else ())
        ],
        "earlier": kept[1:],
    }


def _offer(request: HttpRequest, system: System, key: str | None) -> tuple[str, str] | None:
    """The button of the fix that a finding offers, and where it leads, for whom may press it."""
    found: Fix | None = FIXES.get(key or "")
    if found is None or not grants(request).may(found.permission, system.folder.path):
        return None
    return _(found.button), reverse("systems_act", args=[system.pk, found.act or f"fix-{key}"])
