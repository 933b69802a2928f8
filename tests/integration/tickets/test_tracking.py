"""Tickets from findings, and what people do with them."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from roomkeeper.jobs import retention
from roomkeeper.systems import findings
from roomkeeper.systems.findings import Finding
from roomkeeper.systems.models import ChangeEvent
from roomkeeper.tickets import tracking
from roomkeeper.tickets.models import Ticket
from roomkeeper.tickets.tracking import TicketRefused

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def find(system, kind="no contact", reason="It is silent.", **values):
    findings.report(Finding(kind, system.pk if system else None, reason, **values))
    return Ticket.objects.filter(system=system, kind=kind).latest("id")


def test_finding_opens_a_ticket_with_reason_advice_and_level(boardroom):
    ticket = find(boardroom, advice="Look at it.", level="critical")
    assert (ticket.system, ticket.kind, ticket.level) == (boardroom, "no contact", "critical")
    assert (ticket.reason, ticket.advice, ticket.state) == ("It is silent.", "Look at it.", "open")
    assert ticket.count == 1
    event = ChangeEvent.objects.get(topic="ticket")
    assert (event.system_id, event.folder_path) == (boardroom.pk, boardroom.folder.path)


def test_one_ticket_is_open_for_a_system_and_kind_and_counts_what_repeats(boardroom, vault):
    find(boardroom)
    again = find(boardroom, reason="It is still silent.")
    assert (again.count, again.reason) == (2, "It is still silent.")
    find(boardroom, kind="certificate changed")
    find(vault)
    assert Ticket.objects.count() == 3


def test_database_itself_refuses_a_second_open_ticket(boardroom):
    find(boardroom)
    find(None)
    for system in (boardroom, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            Ticket.objects.create(system=system, kind="no contact", reason="")


def test_acknowledged_ticket_still_counts(boardroom, operator):
    tracking.acknowledge(find(boardroom), user=operator, now=NOW)
    ticket = find(boardroom)
    assert (ticket.state, ticket.count, ticket.acknowledged_by) == ("acknowledged", 2, operator)
    assert ticket.acknowledged_at == NOW


def test_only_an_open_ticket_can_be_acknowledged(boardroom, operator):
    ticket = find(boardroom)
    tracking.acknowledge(ticket, user=operator, now=NOW)
    with pytest.raises(TicketRefused, match="already acknowledged"):
        tracking.acknowledge(ticket, user=operator, now=NOW)
    tracking.close(ticket, user=operator, now=NOW, reason="done")
    with pytest.raises(TicketRefused, match="already closed"):
        tracking.acknowledge(ticket, user=operator, now=NOW)


@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_closed_ticket_keeps_who_closed_it_and_why(boardroom, operator, is_acknowledged):
    ticket = find(boardroom)
    if is_acknowledged:
        tracking.acknowledge(ticket, user=operator, now=NOW)
    tracking.close(ticket, user=operator, now=NOW, reason="  cable was out ")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_by, ticket.closed_at) == ("closed", operator, NOW)
    assert ticket.close_reason == "cable was out"
    with pytest.raises(TicketRefused, match="already closed"):
        tracking.close(ticket, user=operator, now=NOW, reason="again")


def test_finding_after_the_closing_opens_another_ticket(boardroom, operator):
    first = find(boardroom)
    tracking.close(first, user=operator, now=NOW, reason="done")
    second = find(boardroom)
    assert second.pk != first.pk
    assert (second.state, second.count) == ("open", 1)
    first.refresh_from_db()
    assert first.state == "closed"


@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_finding_that_no_longer_holds_closes_its_ticket(boardroom, vault, operator, is_acknowledged):
    ticket, other = find(boardroom), find(vault)
    if is_acknowledged:
        tracking.acknowledge(ticket, user=operator, now=NOW)
    findings.clear("no contact", boardroom.pk, "It posts again.")
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert (ticket.state, ticket.close_reason, ticket.closed_by) == ("closed", "It posts again.", None)
    assert other.state == "open"


def test_clearing_what_was_never_found_tells_nobody(boardroom):
    findings.clear("no contact", boardroom.pk, "It posts again.")
    assert not Ticket.objects.exists()
    assert not ChangeEvent.objects.filter(topic="ticket").exists()


def test_findings_about_the_server_have_tickets_without_a_system(db, boardroom):
    kind = "server certificate expires"
    find(None, kind)
    ticket = find(None, kind)
    find(boardroom, kind)
    assert (ticket.system, ticket.count) == (None, 2)
    findings.clear(kind, None, "Replaced.")
    ticket.refresh_from_db()
    assert ticket.state == "closed"
    assert Ticket.objects.get(system=boardroom).state == "open"


def test_long_words_are_cut_and_do_not_break_the_finding(boardroom):
    ticket = find(boardroom, reason="x" * 5000, advice="y" * 5000)
    assert (len(ticket.reason), len(ticket.advice)) == (1000, 1000)


def test_tickets_go_with_their_system(boardroom):
    find(boardroom)
    boardroom.delete()
    assert not Ticket.objects.exists()


def test_only_closed_tickets_are_forgotten(boardroom, vault, operator):
    tracking.close(find(boardroom), user=operator, now=NOW, reason="")
    find(vault)
    later = timezone.now().replace(year=2040)
    while retention.forget_old(now=later):
        pass
    assert [ticket.system for ticket in Ticket.objects.all()] == [vault]
