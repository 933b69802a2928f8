"""The diagnosis tab of a system's page: the roads of its family alive, what was found on each, and what can be done."""

from dataclasses import dataclass
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
from roomkeeper.words import noop

# A dot and a word for each level: never colour alone.
LEVELS = {
    "ok": ("green", "fine"),
    "info": ("grey", noop("for information")),
    "warning": ("amber", "warning"),
    "fault": ("red", "fault"),
}


@dataclass(frozen=True, slots=True)
class FixOffer:
    """A fix that a finding offers: its button, and where it leads."""

    button: str
    address: str


@dataclass(frozen=True, slots=True)
class DrawnCheck:
    """A finding as it is drawn."""

    dot: str
    word: str
    check: str
    sentence: str
    next_step: str
    took: str
    evidence: str
    offer: FixOffer | None


@dataclass(frozen=True, slots=True)
class DiagnosisRoad:
    """A row of the drawing."""

    service: str
    port: int
    direction: str
    purpose: str
    is_struck: bool
    checks: list[DrawnCheck]


def diagnosis_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """The newest diagnosis, and those before it."""
    kept = service.history(system)
    newest = kept[0] if kept else None
    return {
        "diagnosis": newest,
        "verdict": _verdict(newest.level, "") if newest else ("grey", ""),
        "is_under_way": newest is not None and newest.state in Diagnosis.OPEN,
        "diagnosed_roads": [_road(request, system, row) for row in newest.rows] if newest else [],
        "earlier": [(one, _verdict(one.level, one.state)) for one in kept[1:]],
    }


def _verdict(level: str, state: str) -> tuple[str, str]:
    dot, word = LEVELS.get(level, ("grey", state))
    return dot, _(word)


@needs(Permission.VIEW, anywhere=True)
def fix(request: HttpRequest, pk: int, fix: str) -> HttpResponse:
    """Ask (GET) and do (POST) one of the fixes that the newest diagnosis offers."""
    return act_view(SYSTEMS)(request, pk, f"fix-{fix}")


def _road(request: HttpRequest, system: System, row: dict[str, Any]) -> DiagnosisRoad:
    return DiagnosisRoad(
        service=row["service"],
        port=row["port"],
        direction=row["direction"],
        purpose=row["purpose"],
        is_struck=row["is_struck"],
        checks=[_check(request, system, check) for check in row["checks"]],
    )


def _check(request: HttpRequest, system: System, check: dict[str, Any]) -> DrawnCheck:
    dot, word = LEVELS[check["level"]]
    return DrawnCheck(
        dot=dot,
        word=_(word),
        check=check["check"],
        sentence=check["sentence"],
        next_step=check["next_step"],
        took=""
        if check["milliseconds"] is None
        else _("{milliseconds} ms", milliseconds=check["milliseconds"]),
        evidence=check["evidence"],
        offer=_offer(request, system, check["fix"]),
    )


def _offer(request: HttpRequest, system: System, key: str | None) -> FixOffer | None:
    """The button, for whom may press it."""
    found: Fix | None = FIXES.get(key or "")
    if found is None or not grants(request).may(found.permission, system.folder.path):
        return None
    if found.act:
        return FixOffer(_(found.button), reverse("systems_act", args=[system.pk, found.act]))
    return FixOffer(_(found.button), reverse("system_fix", args=[system.pk, key]))
