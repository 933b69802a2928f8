"""Who is told that no other machine reaches the server, and when that is over."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings

from roomkeeper.serving import reach
from roomkeeper.settings.options import Options
from roomkeeper.systems import network_settings
from roomkeeper.systems.ticket_kinds import all_kinds
from roomkeeper.tickets.models import Ticket

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def stand(*http: str, **options: object) -> Options:
    return replace(settings.OPTIONS, http=http, https=(), **options)


def tickets() -> list[str]:
    assert reach.KIND in all_kinds()
    return list(Ticket.objects.filter(kind=reach.KIND).exclude(state="closed").values_list("kind", flat=True))


def set_outside(host: str) -> None:
    network_settings.update({"outside_public_host": host}, user=None, now=NOW)


def test_loopback_alone_is_told_until_an_outside_address_is_set() -> None:
    options = stand("127.0.0.1:8080")
    reach.tell(options)
    assert tickets() == [reach.KIND]
    reach.see(options, now=NOW)
    assert tickets() == [reach.KIND]
    set_outside("rooms.example.org")
    reach.see(options, now=NOW)
    assert tickets() == []
    reach.tell(options)
    assert tickets() == []


@pytest.mark.parametrize(
    "options", [{"trusted_proxies": ("127.0.0.1/32",)}, {"http": ("127.0.0.1:8080", "10.0.0.5:80")}]
)
def test_the_next_start_closes_it_where_others_reach_the_server(options: dict[str, object]) -> None:
    reach.tell(stand("127.0.0.1:8080"))
    assert tickets() == [reach.KIND]
    reach.tell(replace(stand("127.0.0.1:8080"), **options))
    assert tickets() == []
    assert Ticket.objects.filter(kind=reach.KIND, state="closed").exists()


def test_who_closed_it_is_left_alone_until_the_next_start() -> None:
    options = stand("127.0.0.1:8080")
    reach.tell(options)
    Ticket.objects.filter(kind=reach.KIND).update(state="closed")
    reach.see(options, now=NOW)
    assert tickets() == []
    reach.tell(options)
    assert tickets() == [reach.KIND]
