"""Tickets as people and programs see them: fields, who sees them, acknowledge, close."""

from datetime import datetime
from typing import Literal

from django.db.models import Q

from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.operations.acts import Act, Input
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Pages, Subject, Tab, register
from roomkeeper.tickets import tracking
from roomkeeper.tickets.models import Ticket
from roomkeeper.words import gettext as _


def seen_by(grants: Grants) -> Q:
    """Those of systems in folders that she may view; those of the server itself for roles on the root folder."""
    return grants.folders(Permission.VIEW, "system__folder__path")


def _place(ticket: Ticket) -> str:
    return ticket.system.folder.path if ticket.system is not None else ROOT_PATH


TICKETS = register(
    Subject(
        noun="ticket",
        plural="tickets",
        model=Ticket,
        meaning="Something that needs a person: one open ticket per system and kind.",
        seen_by=seen_by,
        place=_place,
        order="-id",
        search=("kind", "reason", "system__name"),
        related=("system__folder", "acknowledged_by", "closed_by"),
        tell=tracking.publish,
        label=lambda ticket: _(ticket.kind),
        topic="ticket",
        page="ticket",
        pages=Pages(
            help="tickets",
            empty="No ticket here.",
            tabs=(
                Tab(label="Open", filters={"state": "open"}),
                Tab(label="Acknowledged", filters={"state": "acknowledged"}),
                Tab(label="Closed", filters={"state": "closed"}),
                Tab(label="All", filters={"state": "all"}),
            ),
        ),
        fields=(
            Field(name="id", type=int),
            Field(
                name="state",
                type=Literal["open", "acknowledged", "closed"],
                meaning="Without it: open and acknowledged.",
                filter="any",
                unasked=("open", "acknowledged"),
                heading="State",
                cell="tickets/cell_state.html",
            ),
            Field(
                name="level",
                type=Literal["info", "warning", "critical"],
                filter="any",
                heading="Level",
                cell="level",
            ),
            Field(
                name="system",
                type=int | None,
                meaning="null: of the server itself.",
                at="system_id",
                sort="system",
                filter="any",
            ),
            Field(
                name="system_name",
                type=str | None,
                at="system__name",
                sort="",
                heading="System",
                cell="system",
            ),
            Field(name="kind", type=str, filter="one"),
            Field(name="reason", type=str, sort="", heading="What", cell="link"),
            Field(name="advice", type=str, meaning="What to do.", sort=""),
            Field(name="opened_at", type=datetime, filter="since", heading="Opened", cell="when"),
            Field(name="last_at", type=datetime, heading="Last found", cell="when"),
            Field(name="count", type=int, heading="Times", cell="amount"),
            Field(name="acknowledged_at", type=datetime | None, sort=""),
            Field(name="acknowledged_by", type=str | None, at="acknowledged_by__username", sort=""),
            Field(name="closed_at", type=datetime | None, sort=""),
            Field(name="closed_by", type=str | None, at="closed_by__username", sort=""),
            Field(name="close_reason", type=str, sort=""),
        ),
        acts=(
            Act(
                name="acknowledge",
                needs=Permission.WORK_ON_TICKETS,
                run=tracking.acknowledge,
                refused=(tracking.TicketRefused,),
                summary="Acknowledge a ticket: you are working on it.",
                title="Acknowledge this ticket?",
                what="Others see that you work on it: {row.reason}",
                undo="It stays until it is closed.",
                button="Acknowledge",
                done="You have acknowledged the ticket.",
                for_many=True,
                offered=lambda ticket: ticket.state == Ticket.State.OPEN,
            ),
            Act(
                name="close",
                needs=Permission.WORK_ON_TICKETS,
                run=tracking.close,
                refused=(tracking.TicketRefused,),
                summary="Close a ticket. A new finding of its kind opens another.",
                title="Close this ticket?",
                what="{row.reason}",
                undo="It is not reopened; the same finding opens another one.",
                button="Close",
                done="The ticket is closed.",
                for_many=True,
                takes=(
                    Input(name="reason", default="", most=1000, meaning="Why it is closed.", label="Reason"),
                ),
                offered=lambda ticket: ticket.state != Ticket.State.CLOSED,
            ),
        ),
    )
)
