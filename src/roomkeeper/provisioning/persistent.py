"""Persistent settings of systems as a source of wanted values: the wishes of persistent change sets in force."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from roomkeeper.provisioning.models import ChangeItem, DeliveryState
from roomkeeper.provisioning.sources import Offer

LAYER = "persistent"
ORDER = 20


def items_of(system_ids: Sequence[int]) -> list[ChangeItem]:
    """The wishes of persistent change sets in force for these systems, newest first."""
    return list(
        ChangeItem.objects.filter(system_id__in=system_ids, change__change_set__is_persistent=True)
        .exclude(state__in=[DeliveryState.CANCELLED, DeliveryState.SUPERSEDED])
        .exclude(value=None)
        .select_related("change")
        .order_by("-id")
    )


def is_kept(system_id: int, key: str) -> bool:
    """Whether somebody made the setting with that match key persistent on this system."""
    return any(item.match_key == key for item in items_of([system_id]))


def offers_of(system_ids: Sequence[int]) -> Mapping[int, list[Offer]]:
    """The same as offers."""
    found: dict[int, list[Offer]] = defaultdict(list)
    for item in items_of(system_ids):
        why = f"persistent setting of change set {item.change.change_set_id}"
        found[item.system_id].append(
            Offer(item.path, item.value or "", why, is_secret=bool(item.secret_value))
        )
    return found
