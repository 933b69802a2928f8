"""Opening tickets from findings, and what people do with them."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils import timezone

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.systems import findings, live
from roomkeeper.systems.check_ins import daily_amount
from roomkeeper.systems.findings import Finding
from roomkeeper.systems.models import System
from roomkeeper.tickets.models import Ticket
from roomkeeper.words import gettext as _

OPEN = (Ticket.State.OPEN, Ticket.State.ACKNOWLEDGED)
# Closed in one transaction at most (rule R9).
AT_ONCE = 500


class TicketRefused(ValueError):
    """The ticket cannot be changed like that."""


@receiver(findings.found)
def open_ticket(finding: Finding, **_: Any) -> None:
    """Open a ticket for the finding, or count it on the one that is open."""
    now = timezone.now()
    ticket = Ticket.objects.filter(system=finding.system_id, kind=finding.kind, state__in=OPEN).first()
    if ticket is not None:
        Ticket.objects.filter(pk=ticket.pk).update(
            count=ticket.count + 1, last_at=now, reason=finding.reason[:1000], advice=finding.advice[:1000]
        )
        return
    Ticket.objects.create(
        system_id=finding.system_id,
        kind=finding.kind,
        level=finding.level,
        reason=finding.reason[:1000],
        advice=finding.advice[:1000],
        opened_at=now,
        last_at=now,
    )
    _publish(finding.system_id)


@receiver(findings.cleared)
def close_cleared(kind: str, system_id: int | None, reason: str, **_: Any) -> None:
    """Close the ticket of a finding that no longer holds."""
    number = Ticket.objects.filter(system=system_id, kind=kind, state__in=OPEN).update(
        state=Ticket.State.CLOSED, closed_at=timezone.now(), close_reason=reason[:1000]
    )
    if number:
        _publish(system_id)


def acknowledge(ticket: Ticket, *, user: Person, now: datetime) -> None:
    """Somebody has taken the ticket up; raises `TicketRefused` where it is not open."""
    if ticket.state != Ticket.State.OPEN:
        raise TicketRefused(_("The ticket is already {state}.", state=ticket.get_state_display().lower()))
    ticket.state, ticket.acknowledged_at, ticket.acknowledged_by = (
        Ticket.State.ACKNOWLEDGED,
        now,
        find_account(user),
    )
    ticket.save(update_fields=["state", "acknowledged_at", "acknowledged_by"])


def close(ticket: Ticket, *, user: Person, now: datetime, reason: str) -> None:
    """Close the ticket with a reason; a new finding of its kind opens another one."""
    if ticket.state == Ticket.State.CLOSED:
        raise TicketRefused(_("The ticket is already closed."))
    ticket.state, ticket.closed_at, ticket.closed_by = Ticket.State.CLOSED, now, find_account(user)
    ticket.close_reason = reason.strip()[:1000]
    ticket.save(update_fields=["state", "closed_at", "closed_by", "close_reason"])


def close_quiet(*, now: datetime) -> int:
    """Scheduled: close the tickets of systems that sent too much, and have not for a day."""
    return Ticket.objects.filter(
        kind=daily_amount.KIND, state__in=OPEN, last_at__lt=now - timedelta(hours=24)
    ).update(
        state=Ticket.State.CLOSED,
        closed_at=now,
        close_reason=_("It stayed below its daily amount for a day."),
    )


def close_returned(*, now: datetime) -> int:
    """Close the "no contact" tickets of systems that post again, some at a time. Returns how many were closed."""
    returned = Ticket.objects.filter(
        kind="no contact", state__in=OPEN, system__contact__overdue_at__gt=now, system__contact__is_alive=True
    )
    with transaction.atomic():
        found = list(returned.values_list("pk", "system_id", "system__folder__path")[:AT_ONCE])
        Ticket.objects.filter(pk__in=[pk for pk, _, _ in found]).update(
            state=Ticket.State.CLOSED, closed_at=now, close_reason=_("It posts again.")
        )
        live.publish_many([("ticket", system_id, path) for _, system_id, path in found])
    return len(found)


def closed_before(limit: datetime) -> QuerySet[Ticket]:
    """Tickets closed before then."""
    return Ticket.objects.filter(state=Ticket.State.CLOSED, closed_at__lt=limit)


def publish(ticket: Ticket) -> None:
    """Tell open pages that the ticket has changed."""
    _publish(ticket.system_id)


def _publish(system_id: int | None) -> None:
    path = ""
    if system_id is not None:
        path = System.objects.values_list("folder__path", flat=True).get(pk=system_id)
    live.publish_many([("ticket", system_id, path)])
