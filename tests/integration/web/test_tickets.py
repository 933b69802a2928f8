"""Tickets: filters, acknowledging, closing with a reason."""

import pytest
from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import User
from roomkeeper.systems.models import System
from roomkeeper.tickets.models import Ticket


@pytest.fixture
def ticket(boardroom: System) -> Ticket:
    """An open ticket of Boardroom."""
    return Ticket.objects.create(
        system=boardroom, kind="identity changed", reason="<b>Another</b> MAC address"
    )


def test_open_ones_first_and_text_stays_text(client: Client, ticket: Ticket) -> None:
    page = text_of(client.get("/tickets/"))
    assert "&lt;b&gt;Another" in page
    assert "Another" not in text_of(client.get("/tickets/?state=closed"))


def test_acknowledge_then_close_with_a_reason(client: Client, ticket: Ticket, administrator: User) -> None:
    client.post(f"/tickets/{ticket.pk}/acknowledge/")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.acknowledged_by) == ("acknowledged", administrator)
    client.post(f"/tickets/{ticket.pk}/close/", {"reason": "Network card swapped"})
    ticket.refresh_from_db()
    assert (ticket.state, ticket.close_reason) == ("closed", "Network card swapped")
    assert "Network card swapped" in text_of(client.get(f"/tickets/{ticket.pk}/"))


def test_a_viewer_reads_and_does_not_close(viewer: User, signed_in: SignedIn, ticket: Ticket) -> None:
    browser = signed_in(viewer)
    assert browser.get(f"/tickets/{ticket.pk}/").status_code == 200
    assert browser.post(f"/tickets/{ticket.pk}/close/", {"reason": "x"}).status_code == 403


def test_tickets_of_the_server_are_for_roles_on_everything(
    site_administrator: User, viewer: User, signed_in: SignedIn, ticket: Ticket
) -> None:
    Ticket.objects.create(kind="certificate", reason="The certificate ends soon")
    assert "certificate ends" in text_of(signed_in(viewer).get("/tickets/"))
    page = text_of(signed_in(site_administrator).get("/tickets/"))
    assert "certificate ends" not in page
    assert "Another" in page
