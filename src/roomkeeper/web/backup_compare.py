"""What differs between two backups, versions or systems, side by side; all that stands in the address; CSV."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.backups import differences, sides
from roomkeeper.backups.differences import BackupDifference, DifferenceKind
from roomkeeper.backups.models import PartKind
from roomkeeper.backups.sides import Side
from roomkeeper.fleet.comparing import choices_of, find_side, others_for
from roomkeeper.operations.exports import csv_answer
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment
from roomkeeper.words import gettext as _

SHOWN = 1000
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
        "left_choices": choices_of(left),
        "right_choices": choices_of(right),
        "others": others_for(grants(request)),
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
