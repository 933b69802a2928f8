"""Backups of systems: what stands above the declared list, one backup, a system's tab."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.backups import keeping, scheduling
from roomkeeper.backups.models import (
    Backup,
    BackupPart,
    BackupTry,
    PartKind,
    Replacement,
    Restoration,
)
from roomkeeper.backups.surface import BACKUPS
from roomkeeper.systems.models import ConfigurationVersion, System
from roomkeeper.web.access import grants, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of, acts_for, get_row
from roomkeeper.web.derived_reading import Listed
from roomkeeper.web.derived_views import Habits
from roomkeeper.web.pages import cut

VERSIONS_SHOWN = 20
SETTINGS_SHOWN = 400


def get_backup(request: HttpRequest, pk: int, permission: Permission = Permission.VIEW) -> Backup:
    """The backup, if she may see its system (else 404) and the permission holds there (else 403)."""
    backup: Backup = get_row(BACKUPS, actor_of(request), pk)
    if permission is not Permission.VIEW:
        demand(request.user, permission, backup.system.folder.path)
    return backup


def above(request: HttpRequest, listed: Listed, habits: Habits, rows: list[Any]) -> dict[str, Any]:
    """What stands above the list: the schedule, and which systems could not be asked."""
    troubled = BackupTry.objects.filter(system__in=visible_systems(request)).exclude(words="")
    return {
        "schedule": scheduling.get(),
        "troubled": troubled.select_related("system").order_by("-at")[:20],
    }


@needs(Permission.VIEW, anywhere=True)
def backup(request: HttpRequest, pk: int) -> HttpResponse:
    """One backup: what is in it, and what is not."""
    found = get_backup(request, pk)
    q = request.GET.get("q", "").strip()
    settings = keeping.settings_of(found)
    rows = [
        (path, value)
        for path, value in settings.items()
        if q.lower() in path.lower() or q.lower() in value.lower()
    ]
    return render(
        request,
        "backups/backup.html",
        {
            "backup": found,
            "parts": _parts(found),
            "rows": rows[:SETTINGS_SHOWN],
            "total": len(rows),
            "count": len(settings),
            "q": q,
            "may_change": grants(request).may(Permission.CHANGE_SETTINGS, found.system.folder.path),
            "acts": acts_for(BACKUPS, found, actor_of(request)),
            "now": moment(),
        },
    )


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def part(request: HttpRequest, pk: int, part: int) -> HttpResponse:
    """What a part holds. Macros may hold passwords: only for people who may change settings."""
    found = get_backup(request, pk, Permission.CHANGE_SETTINGS)
    row: BackupPart = get_object_or_404(found.parts.select_related("content"), pk=part)
    audit.record(request.user, "page", "look at part of backup", found.system, backup=pk, part=row.name)
    return render(
        request,
        "backups/part.html",
        {
            "backup": found,
            "part": row,
            "kind": PartKind(row.kind).label,
            "text": keeping.text_of(row),
            "now": moment(),
        },
    )


def backups_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """A system's backups, the configurations that it reported, what was put back, and what hardware it had."""
    page, pager = cut(request, BACKUPS.rows(grants(request)).filter(system=system).order_by("-id"), {})
    reported = ConfigurationVersion.objects.filter(system=system).defer("content").order_by("-last_at", "-id")
    versions = list(reported[:VERSIONS_SHOWN])
    found, tried = scheduling.get(), BackupTry.objects.filter(system=system).first()
    return {
        "page": page,
        "pager": pager,
        "versions": versions,
        # The newest one is how it is now; one of size 0 says that this is not known.
        "has_now": bool(versions) and versions[0].size > 0,
        "restorations": Restoration.objects.filter(system=system)
        .select_related("backup", "created_by")
        .order_by("-id")[:10],
        "replacements": Replacement.objects.filter(system=system).select_related("user").order_by("-id")[:10],
        "schedule": found,
        "next_due": scheduling.next_due(system, found, tried),
        "tried": tried,
    }


def _parts(backup: Backup) -> list[tuple[BackupPart, str]]:
    rows = backup.parts.select_related("content").defer("content__content").order_by("kind", "name")
    return [(row, PartKind(row.kind).label) for row in rows]
