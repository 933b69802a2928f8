"""`tickets`: what needs a person; list, acknowledge, close."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.paging import ListParameters, Moment, Page, page_of, searched
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.api.reach import LARGEST_ID, Identifier
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.tickets import tracking
from roomkeeper.tickets.models import Ticket

routes = Routes("tickets")
_SORTS = {name: name for name in ("id", "kind", "level", "state", "opened_at", "last_at", "count", "system")}
StateWord = Literal["open", "acknowledged", "closed"]
LevelWord = Literal["info", "warning", "critical"]


class TicketOut(Schema):
    """Something that needs a person: one open ticket per system and kind."""

    id: int
    system: int | None = Field(description="null: of the server itself.")
    system_name: str | None
    kind: str
    level: LevelWord
    state: StateWord
    reason: str
    advice: str = Field(description="What can be done.")
    opened_at: datetime
    last_at: datetime
    count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str


class TicketFilters(ListParameters):
    """Filters on tickets."""

    system: list[Identifier] = Field([], max_length=500)
    kind: str | None = None
    level: list[LevelWord] = []
    state: list[StateWord | Literal["all"]] = Field([], description="Without it: open and acknowledged.")
    opened_after: Moment | None = None
    opened_before: Moment | None = None


class Closing(Schema, extra="forbid"):
    """Why it is closed."""

    reason: str = Field("", max_length=1000)


@routes.get("", response=Page[TicketOut])
@needs(Permission.VIEW, anywhere=True)
def list_tickets(request: HttpRequest, filters: Query[TicketFilters]) -> Page[TicketOut]:
    """List tickets, newest first."""
    rows = _visible(user_of(request))
    if not filters.state:
        rows = rows.exclude(state=Ticket.State.CLOSED)
    elif "all" not in filters.state:
        rows = rows.filter(state__in=filters.state)
    if filters.system:
        rows = rows.filter(system__in=filters.system)
    if filters.kind is not None:
        rows = rows.filter(kind__iexact=filters.kind)
    if filters.level:
        rows = rows.filter(level__in=filters.level)
    if filters.opened_after is not None:
        rows = rows.filter(opened_at__gt=filters.opened_after)
    if filters.opened_before is not None:
        rows = rows.filter(opened_at__lt=filters.opened_before)
    rows = searched(rows, filters.search, "kind", "reason", "system__name")
    return page_of(TicketOut, rows, filters, _SORTS, "-id", _told)


@routes.get("/{int:ticket_id}", response=TicketOut)
@needs(Permission.VIEW, anywhere=True)
def show_ticket(request: HttpRequest, ticket_id: int) -> TicketOut:
    """Show one ticket."""
    return _told(_get(user_of(request), ticket_id))


@routes.post("/{int:ticket_id}/acknowledge", response=TicketOut)
@needs(Permission.WORK_ON_TICKETS, anywhere=True)
def acknowledge_ticket(request: HttpRequest, ticket_id: int) -> TicketOut:
    """Say that you look after a ticket."""
    user = user_of(request)
    ticket = _get_workable(user, ticket_id)
    with refused_as(409, tracking.TicketRefused):
        tracking.acknowledge(ticket, user=user, now=timezone.now())
    audit.record(user, "api", "acknowledge ticket", ticket.system, ticket=ticket.pk)
    return _told(_get(user, ticket_id))


@routes.post("/{int:ticket_id}/close", response=TicketOut)
@needs(Permission.WORK_ON_TICKETS, anywhere=True)
def close_ticket(request: HttpRequest, ticket_id: int, details: Closing | None = None) -> TicketOut:
    """Close a ticket. A new finding of its kind opens another."""
    user = user_of(request)
    ticket = _get_workable(user, ticket_id)
    reason = details.reason if details else ""
    with refused_as(409, tracking.TicketRefused):
        tracking.close(ticket, user=user, now=timezone.now(), reason=reason)
    audit.record(user, "api", "close ticket", ticket.system, ticket=ticket.pk, reason=reason)
    return _told(_get(user, ticket_id))


def _visible(user: User) -> QuerySet[Ticket]:
    grants = grants_of(user)
    reach = Q(system__isnull=False) & grants.folders(Permission.VIEW, "system__folder__path")
    if grants.may(Permission.VIEW_SERVER):
        reach |= Q(system__isnull=True)
    return Ticket.objects.filter(reach).select_related("system__folder", "acknowledged_by", "closed_by")


def _get(user: User, ticket_id: int) -> Ticket:
    ticket = _visible(user).filter(pk=min(ticket_id, LARGEST_ID)).first()
    if ticket is None:
        raise NotFound("ticket", ticket_id)
    return ticket


def _get_workable(user: User, ticket_id: int) -> Ticket:
    ticket = _get(user, ticket_id)
    if ticket.system is not None:
        demand(user, Permission.WORK_ON_TICKETS, ticket.system.folder.path)
    else:
        demand(user, Permission.MANAGE_SERVER)
    return ticket


def _told(ticket: Any) -> TicketOut:
    return TicketOut(
        id=ticket.pk,
        system=ticket.system_id,
        system_name=str(ticket.system) if ticket.system else None,
        kind=ticket.kind,
        level=ticket.level,
        state=ticket.state,
        reason=ticket.reason,
        advice=ticket.advice,
        opened_at=ticket.opened_at,
        last_at=ticket.last_at,
        count=ticket.count,
        acknowledged_at=ticket.acknowledged_at,
        acknowledged_by=ticket.acknowledged_by.username if ticket.acknowledged_by else None,
        closed_at=ticket.closed_at,
        closed_by=ticket.closed_by.username if ticket.closed_by else None,
        close_reason=ticket.close_reason,
    )
