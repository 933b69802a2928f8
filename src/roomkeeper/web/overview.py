"""The overview: what needs me now, how the fleet is, what changed today."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.surface import CONNECTIVITY_CHOICES
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.delivery_telling import by_state
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import Flip, System
from roomkeeper.tickets.models import Ticket
from roomkeeper.tickets.surface import seen_by
from roomkeeper.web.access import grants, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.words import gettext as _

SHOWN = 8


@needs(Permission.VIEW, anywhere=True)
def overview(request: HttpRequest) -> HttpResponse:
    """Everything as far as she may see it."""
    now = moment()
    held = grants(request)
    managed = visible_systems(request).filter(state="managed")
    scope = held.folders(Permission.VIEW, "system__folder__path")
    tickets = Ticket.objects.filter(seen_by(held), state="open")
    since = _days_ago(now, 7)
    sets = CHANGE_SETS.rows(held)
    failed = ChangeItem.objects.filter(scope, state__in=("failed", "expired"), created_at__gte=since)
    flips = Flip.objects.filter(scope, at__gte=_midnight(now))
    total = managed.count()
    return render(
        request,
        "overview/overview.html",
        {
            "now": now,
            "total": total,
            "health": [
                (word, managed.filter(liveness.alive_filter(word, now)).count()) for word in liveness.WORDS
            ],
            "in_call": managed.filter(liveness.in_call_filter(True, now)).count(),
            "drifting": managed.filter(drift_count__gt=0).count(),
            "connectivity": _connectivity(managed),
            "tickets": tickets.select_related("system").order_by("-last_at")[:SHOWN],
            "ticket_count": tickets.count(),
            "failed": failed.select_related("system", "change").order_by("-id")[:SHOWN],
            # Numbers are those of the list that they lead to.
            "failed_since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "failed_count": sets.filter(by_state("failed", held, now), created_at__gt=since).count(),
            "waiting_count": sets.filter(by_state("waiting", held, now)).count(),
            "inbox_count": (
                System.objects.filter(state="pending").count() if held.may(Permission.VIEW_INBOX) else None
            ),
            "flips": flips.select_related("system").order_by("-id")[:SHOWN],
            "entries": (
                AuditEntry.objects.filter(at__gte=_midnight(now)).order_by("-id")[:SHOWN]
                if held.may(Permission.VIEW_SERVER)
                else None
            ),
            "manager": manager_values(network_settings.get()) if not total else None,
        },
    )


def _connectivity(managed: Any) -> list[tuple[str, str, int]]:
    counts = dict(managed.order_by().values_list("connectivity").annotate(Count("id")))
    return [(key, _(word), counts.get(key.replace("undecided", ""), 0)) for key, word in CONNECTIVITY_CHOICES]


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _days_ago(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)
