"""The rows of `systems.documents.told`: read and written set-wise, inside the caller's transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

from roomkeeper.systems.documents.told import Told, decode, encode
from roomkeeper.systems.models import ToldByFeedback


def load(system_ids: Collection[int], kind: ToldByFeedback.Kind) -> dict[int, Told]:
    """What feedback told of these systems; those of which it told nothing are left out."""
    rows = ToldByFeedback.objects.filter(system_id__in=system_ids, kind=kind)
    return {system_id: decode(leaves) for system_id, leaves in rows.values_list("system_id", "leaves")}


def keep(told: Mapping[int, Told], kind: ToldByFeedback.Kind) -> None:
    """Write it, by system id."""
    ToldByFeedback.objects.bulk_create(
        [
            ToldByFeedback(system_id=system_id, kind=kind, leaves=encode(one))
            for system_id, one in sorted(told.items())
        ],
        update_conflicts=True,
        unique_fields=["system", "kind"],
        update_fields=["leaves"],
    )


def prune(read_at: Mapping[int, datetime], told: Mapping[int, Told], kind: ToldByFeedback.Kind) -> None:
    """Forget what documents read at these moments have in them."""
    rest = {
        system_id: one.since(read_at[system_id]) for system_id, one in told.items() if system_id in read_at
    }
    keep({system_id: one for system_id, one in rest.items() if one.leaves and one != told[system_id]}, kind)
    if spent := [system_id for system_id, one in rest.items() if not one.leaves]:
        ToldByFeedback.objects.filter(system_id__in=spent, kind=kind).delete()
