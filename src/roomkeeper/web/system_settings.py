"""The settings tab of a system's page: reported, wanted, drift."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.provisioning.setting_rows import setting_rows
from roomkeeper.systems.models import System
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
