"""The changes tab of a system's page: settings asked of it and one-off actions, newest first."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.provisioning import holding
from roomkeeper.provisioning.models import OPEN_STATES, Action, Change, ChangeItem, DeliveryState
from roomkeeper.systems.models import System
from roomkeeper.web.acts import now

SHOWN = 50
# What may have changed something on the system, and what still may.
_UNDOABLE = (DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.CONFIRMED)


def changes_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """The newest changes with their items, and the newest actions."""
    changes = list(
        Change.objects.filter(system=system)
        .select_related("change_set__created_by")
        .prefetch_related("items__change__change_set")
        .order_by("-id")[:SHOWN]
    )
    actions = list(Action.objects.filter(system=system).select_related("created_by").order_by("-id")[:SHOWN])
    items = {change.pk: list(change.items.all()) for change in changes}
    held = holding.why_waiting([item for found in items.values() for item in found], now=now())
    held_actions = holding.why_waiting(actions, now=now())
    return {
        "changes": [
            {
                "change": change,
                "items": [(item, item.reason or held.get(item.pk, "")) for item in items[change.pk]],
                "may_cancel": change.state == "waiting",
                "may_undo": any(item.state in _UNDOABLE for item in items[change.pk]),
            }
            for change in changes
        ],
        "actions": [(action, action.reason or held_actions.get(action.pk, "")) for action in actions],
        "open_states": OPEN_STATES,
        "item_count": ChangeItem.objects.filter(system=system).count(),
    }
