"""What is known of a system: configuration, status, one entry of its timeline; the lists are declared."""

from typing import Any

from django.http import HttpRequest
from pydantic import create_model

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_lists import actor_of, row_of, told_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import LARGEST_ID, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.fleet.contact_acts import UNDO_CONNECTIVITY
from roomkeeper.fleet.history_surface import CONNECTIVITY_CHANGES, TIMELINE
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.systems import timeline

routes = Routes("systems")


ConnectivityChangeOut: Any = told_of(CONNECTIVITY_CHANGES).schema
TimelineExchangeOut: Any = create_model(
    "TimelineExchangeOut",
    __base__=told_of(TIMELINE).schema,
    __doc__="One entry with its full exchange: cut and without secrets.",
    path=(str | None, ...),
    scheme=(str | None, ...),
    status=(int | None, ...),
    request=(str | None, ...),
    answer=(str | None, ...),
)


@routes.get("/{int:system_id}/timeline/{int:entry_id}", response=TimelineExchangeOut)
@needs(Permission.VIEW, anywhere=True)
def show_timeline_entry(request: HttpRequest, system_id: int, entry_id: int) -> Any:
    """Show one entry with its full exchange, where that is still kept."""
    system, actor = get_system(user_of(request), system_id), actor_of(request)
    entry = TIMELINE.rows(actor.grants).filter(system=system, pk=min(entry_id, LARGEST_ID)).first()
    if entry is None:
        raise NotFound("timeline entry", entry_id)
    exchange = getattr(entry, "exchange", None)
    return TimelineExchangeOut(
        **told_of(TIMELINE).one(entry, actor),
        path=exchange.path if exchange else None,
        scheme=exchange.scheme if exchange else None,
        status=exchange.status if exchange else None,
        request=timeline.request_text(exchange) if exchange else None,
        answer=timeline.answer_text(exchange) if exchange else None,
    )


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
