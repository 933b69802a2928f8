"""A system's page: its header and tabs; each tab's content comes from a file of its own."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem
from roomkeeper.systems import documents, inventory, timeline, watching
from roomkeeper.systems.documents.main_facts import main_facts
from roomkeeper.systems.models import System
from roomkeeper.tickets.models import Ticket
from roomkeeper.web.access import grants, visible_system
from roomkeeper.web.acts import now as moment
from roomkeeper.web.backups import backups_tab
from roomkeeper.web.derived_acts import actor_of, acts_for
from roomkeeper.web.system_changes import changes_tab
from roomkeeper.web.system_connection import connection_tab
from roomkeeper.web.system_diagnosis import diagnosis_tab
from roomkeeper.web.system_phone_book import phone_book_tab
from roomkeeper.web.system_settings import settings_tab
from roomkeeper.web.system_timeline import timeline_tab
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

NAME_KEY = match_key(planning.NAME_PATH)


def _summary_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    status = documents.status_facts(system.pk)
    return {
        "status_at": status.at,
        "facts": main_facts(status.facts),
        "open_tickets": Ticket.objects.filter(system=system).exclude(state="closed").order_by("-id")[:10],
        "open_items": ChangeItem.objects.filter(system=system).order_by("-id")[:6],
        "recent": timeline.entries(system)[:6],
        "fact_changes": system.fact_changes.order_by("-at", "-id")[:6],
    }


def _status_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    q = request.GET.get("q", "").strip()
    values = documents.status_values(system.pk)
    rows = [
        (path, value)
        for path, value in values.items()
        if q.lower() in path.lower() or q.lower() in value.lower()
    ]
    return {
        "q": q,
        "rows": rows[:1000],
        "cut": len(rows) > 1000,
        "count": len(values),
        "total": len(rows),
        "status_at": documents.status_facts(system.pk).at,
    }


def _log_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    return {
        "entries": AuditEntry.objects.filter(object_kind="system", object_id=system.pk).order_by("-id")[:200]
    }


TABS: dict[str, tuple[str, Callable[[HttpRequest, System], dict[str, Any]]]] = {
    "summary": (noop("Summary"), _summary_tab),
    "connection": (noop("Connection"), connection_tab),
    "diagnosis": (noop("Diagnosis"), diagnosis_tab),
    "settings": (noop("Settings"), settings_tab),
    "changes": (noop("Changes"), changes_tab),
    "backups": (noop("Backups"), backups_tab),
    "phone_book": (noop("Phone book"), phone_book_tab),
    "timeline": (noop("Timeline"), timeline_tab),
    "status": (noop("Status"), _status_tab),
    "log": (noop("Change log"), _log_tab),
}


@needs(Permission.VIEW, anywhere=True)
def system_page(request: HttpRequest, pk: int, tab: str = "summary") -> HttpResponse:
    """One tab of the system's page. Looking at it shortens its heartbeat for a while."""
    system = visible_system(request, pk)
    if tab not in TABS:
        # As questions about it were addressed before: people keep addresses.
        if any(act.slug == tab and act.is_mounted for act in SYSTEMS.acts):
            return HttpResponseRedirect(reverse("systems_act", args=[pk, tab]))
        raise Http404
    now = moment()
    if not request.headers.get("X-Live"):
        watching.watch([system.pk], now=now)
    return render(
        request,
        f"systems/tab_{tab}.html",
        {
            "system": system,
            "tab": tab,
            "tabs": [(key, _(label)) for key, (label, _tab) in TABS.items()],
            "now": now,
            **header(request, system),
            **TABS[tab][1](request, system),
        },
    )


def header(request: HttpRequest, system: System) -> dict[str, Any]:
    """What the header of a system's page shows, on every tab."""
    held = grants(request)
    path = system.folder.path
    open_items = ChangeItem.objects.filter(system=system, state__in=OPEN_STATES)
    newest_name = ChangeItem.objects.filter(system=system, match_key=NAME_KEY).order_by("-id").first()
    acts = acts_for(SYSTEMS, system, actor_of(request))
    return {
        "acts": {one["act"].slug.replace("-", "_"): one for one in acts},
        "contact": getattr(system, "contact", None),
        "folder_label": inventory.folder_label(system.folder),
        "tags": list(system.tags.order_by("name")),
        "waiting_count": open_items.count(),
        "name_item": newest_name,
        "ticket_count": Ticket.objects.filter(system=system).exclude(state="closed").count(),
        "may": {
            "change": held.may(Permission.CHANGE_SETTINGS, path),
            "run": held.may(Permission.RUN_ACTIONS, path),
            "manage": held.may(Permission.MANAGE_SYSTEMS, path),
            "admit": held.may(Permission.ADMIT, path),
            "tickets": held.may(Permission.WORK_ON_TICKETS, path),
        },
    }


@require_POST
@needs(Permission.VIEW, anywhere=True)
def watch(request: HttpRequest, pk: int) -> HttpResponse:
    """The page is still looked at."""
    watching.watch([visible_system(request, pk).pk], now=moment())
    return HttpResponse(status=204)
