"""`systems/{id}/connectivity-changes/{id}/undo`: one of the changes that are listed there, undone."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_lists import actor_of, row_of, told_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.routing import Routes
from roomkeeper.fleet.contact_acts import UNDO_CONNECTIVITY
from roomkeeper.fleet.history_surface import CONNECTIVITY_CHANGES
from roomkeeper.fleet.surface import SYSTEMS

routes = Routes("systems")


@routes.post(
    "/{int:system_id}/connectivity-changes/{int:change_id}/undo",
    response=told_of(CONNECTIVITY_CHANGES).schema,
)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def undo_connectivity_change(request: HttpRequest, system_id: int, change_id: int) -> Any:
    """Undo a change of connectivity."""
    actor = actor_of(request)
    do_act(SYSTEMS, UNDO_CONNECTIVITY, row_of(SYSTEMS, actor, system_id), actor, {"change": change_id})
    rows = CONNECTIVITY_CHANGES.rows(actor.grants)
    return told_of(CONNECTIVITY_CHANGES).one(rows.get(pk=change_id), actor)
