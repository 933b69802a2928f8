"""The diagnosis tab of a system's page: the roads of its family alive, what was found on each, and what can be done."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.diagnosis import service
from roomkeeper.diagnosis.fixes import FIXES, Fix
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants
from roomkeeper.web.derived_acts import act_view
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


@needs(Permission.VIEW, anywhere=True)
def fix(request: HttpRequest, pk: int, fix: str) -> HttpResponse:
    """Ask (GET) and do (POST) one of the fixes that the newest diagnosis offers."""
    return act_view(SYSTEMS)(request, pk, f"fix-{fix}")


def _offer(request: HttpRequest, system: System, key: str | None) -> tuple[str, str] | None:
    """The button of the fix that a finding offers, and where it leads, for whom may press it."""
    found: Fix | None = FIXES.get(key or "")
    if found is None or not grants(request).may(found.permission, system.folder.path):
        return None
    if found.act:
        return _(found.button), reverse("systems_act", args=[system.pk, found.act])
    return _(found.button), reverse("system_fix", args=[system.pk, key])
