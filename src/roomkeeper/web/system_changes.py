"""The changes tab of a system's page: settings asked of it and one-off actions, newest first."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.provisioning.models import OPEN_STATES, Action, Change, ChangeItem
from roomkeeper.systems.models import System

SHOWN = 50


def changes_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """The newest changes with their items, and the newest actions."""
    changes = (
        Change.objects.filter(system=system)
        .select_related("change_set__created_by")
        .prefetch_related("items")
        .order_by("-id")[:SHOWN]
    )
    rows = [
        {"change": change, "items": list(change.items.all()), "may_cancel": change.state == "waiting"}
        for change in changes
    ]
    return {
        "changes": rows,
        "actions": Action.objects.filter(system=system).select_related("created_by").order_by("-id")[:SHOWN],
        "open_states": OPEN_STATES,
        "item_count": ChangeItem.objects.filter(system=system).count(),
    }
