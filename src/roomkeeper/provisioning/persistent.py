"""Persistent settings of systems as a source of wanted values: the wishes of persistent change sets in force."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from roomkeeper.provisioning.models import ChangeItem, DeliveryState
from roomkeeper.provisioning.sources import Offer
from roomkeeper.words import gettext as _

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


def kept_among(system_ids: Sequence[int], key: str) -> set[int]:
    """On which of these systems somebody made the setting with that match key persistent."""
    return {item.system_id for item in items_of(system_ids) if item.match_key == key}


def is_kept(system_id: int, key: str) -> bool:
    """Whether somebody made the setting with that match key persistent on this system."""
    return bool(kept_among([system_id], key))


def offers_of(system_ids: Sequence[int]) -> Mapping[int, list[Offer]]:
    """The same as offers."""
    found: dict[int, list[Offer]] = defaultdict(list)
    for item in items_of(system_ids):
        why = _("persistent setting of change set {change_set_id}", change_set_id=item.change.change_set_id)
        found[item.system_id].append(
            Offer(item.path, item.value or "", why, is_secret=bool(item.secret_value))
        )
    return found
