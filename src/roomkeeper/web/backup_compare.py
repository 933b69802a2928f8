"""What differs between two backups, versions or systems, side by side; all that stands in the address; CSV."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.backups import differences, sides
from roomkeeper.backups.differences import BackupDifference, DifferenceKind
from roomkeeper.backups.models import Backup, PartKind
from roomkeeper.backups.sides import Side
from roomkeeper.configuration_templates.surface import TEMPLATES
from roomkeeper.fleet.comparing import find_side
from roomkeeper.operations.exports import csv_answer
from roomkeeper.systems.models import ConfigurationVersion, State
from roomkeeper.web.access import grants, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.words import gettext as _

SHOWN = 1000
CHOICES_SHOWN = 30
OTHERS_SHOWN = 200
CSV_COLUMNS = ("path", "difference", "left", "right")


@needs(Permission.VIEW, anywhere=True)
def compare(request: HttpRequest) -> HttpResponse:
    """Two sides beside each other. Without both: a form that asks for them."""
    left, right = _side(request, "left"), _side(request, "right")
    context: dict[str, Any] = {
        "left": left,
        "right": right,
        "left_name": request.GET.get("left", ""),
        "right_name": request.GET.get("right", ""),
        "left_choices": _choices(left),
        "right_choices": _choices(right),
        "others": _others(request),
        "now": moment(),
    }
    if left is None or right is None:
        return render(request, "backups/compare.html", context)
    found = sides.compare_sides(left, right)
    rows = _filtered(request, found)
    return render(
        request,
        "backups/compare.html",
        {
            **context,
            "rows": rows[:SHOWN],
            "total": len(rows),
            "unknown": sum(one.kind is DifferenceKind.UNKNOWN for one in rows),
            "counts": list(differences.counts(found).items()),
            "parts": [(PartKind(one.part_kind).label, one) for one in sides.compare_parts(left, right)],
            "knows_parts": left.parts is not None and right.parts is not None,
            "q": request.GET.get("q", ""),
            "show": request.GET.get("show", ""),
            "is_same": not found,
        },
    )


@needs(Permission.VIEW, anywhere=True)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same rows as CSV."""
    left, right = _side(request, "left"), _side(request, "right")
    if left is None or right is None:
        raise Http404
    rows = _filtered(request, sides.compare_sides(left, right))
    audit.record(
        request.user, "page", "export comparison", None, left=left.name, right=right.name, count=len(rows)
    )
    lines = ([one.path, one.kind.value, one.left, one.right] for one in rows)
    return csv_answer("differences.csv", CSV_COLUMNS, lines)


def _side(request: HttpRequest, name: str) -> Side | None:
    """The side that the address names, if she may see it; None where it names none. 404 for what is not there."""
    text = request.GET.get(name, "").strip()
    if not text:
        return None
    try:
        found = find_side(text, grants(request))
    except sides.SideRefused as refusal:
        raise Http404(str(refusal)) from refusal
    if found is None:
        raise Http404(_("There is nothing to compare named {text}.", text=text))
    return found


def _filtered(request: HttpRequest, found: list[BackupDifference]) -> list[BackupDifference]:
    words, show = request.GET.get("q", "").lower().split(), request.GET.get("show", "")
    if show in DifferenceKind.__members__.values():
        found = [one for one in found if one.kind == show]
    for word in words:
        found = [one for one in found if word in f"{one.path} {one.left or ''} {one.right or ''}".lower()]
    # What cannot be compared comes last.
    return sorted(found, key=lambda one: one.kind is DifferenceKind.UNKNOWN)


def _others(request: HttpRequest) -> list[tuple[str, list[tuple[str, str]]]]:
    """Other systems as they are now, and templates."""
    systems = visible_systems(request).filter(state=State.MANAGED).order_by("name", "pk")
    templates = TEMPLATES.rows(grants(request)).order_by("name", "pk")
    found = [
        (_("Systems as they are now"), [(f"system:{one.pk}", str(one)) for one in systems[:OTHERS_SHOWN]]),
        ("Templates", [(f"template:{one.pk}", one.name) for one in templates[:OTHERS_SHOWN]]),
    ]
    return [(label, choices) for label, choices in found if choices]


def _choices(side: Side | None) -> list[tuple[str, str]]:
    """What else of the same system can stand on that side."""
    if side is None:
        return []
    if side.system is None:
        return [(side.name, side.label)]
    mine = Q(system=side.system)
    found = [(f"system:{side.system.pk}", _("{system}, as it is now", system=side.system))]
    for backup in Backup.objects.filter(mine).order_by("-id")[:CHOICES_SHOWN]:
        label = _(
            "backup of {made_at:%Y-%m-%d %H:%M}, {reason}",
            made_at=backup.made_at,
            reason=backup.get_reason_display(),
        )
        found.append((f"backup:{backup.pk}", label))
    versions = ConfigurationVersion.objects.filter(mine, size__gt=0).defer("content").order_by("-id")
    for version in versions[:CHOICES_SHOWN]:
        found.append(
            (f"version:{version.pk}", _("reported {first_at:%Y-%m-%d %H:%M}", first_at=version.first_at))
        )
    if side.name not in dict(found):
        found.append((side.name, side.label))
    return found
