"""What is told of moves on pages and to programs."""

from collections.abc import Iterable

from django.db.models import Count

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.secure_only.models import Member


def counts(move_ids: Iterable[int], grants: Grants) -> dict[int, dict[str, int]]:
    """How many systems of each move, of those that somebody may see, are in each state; every state is named."""
    found = {move_id: {state.value: 0 for state in Member.State} for move_id in move_ids}
    seen = Member.objects.filter(grants.folders(Permission.VIEW, "system__folder__path"))
    rows = seen.filter(move_id__in=list(found)).order_by().values_list("move_id", "state")
    for move_id, state, number in rows.annotate(number=Count("id")):
        found[move_id][state] = number
    return found
