"""Who has room in the inbox: a share for each source, the longest silent leave first, tickets, claims kept few."""

import dataclasses
from collections.abc import Iterable

import pytest

from roomkeeper.external_manager import claims
from roomkeeper.systems.admission import inbox
from roomkeeper.systems.models import Claim, State, System
from roomkeeper.tickets.models import Ticket
from tests.integration.batch.conftest import Device

pytestmark = pytest.mark.django_db


@pytest.fixture
def limits(settings):
    def set_to(**values: int) -> None:
        settings.OPTIONS = dataclasses.replace(settings.OPTIONS, **values)

    return set_to


def strangers(numbers: Iterable[int], source: str = "") -> list[Device]:
    return [
        Device(
            serial=f"FTT{n:08}",
            mac=f"02:00:00:00:{n // 256:02X}:{n % 256:02X}",
            source=source or f"10.9.{n // 250}.{n % 250 + 1}",
        )
        for n in numbers
    ]


def in_inbox() -> set[str]:
    return set(System.objects.filter(state=State.PENDING).values_list("serial_number", flat=True))


def open_kinds() -> set[str]:
    return set(Ticket.objects.exclude(state=Ticket.State.CLOSED).values_list("kind", flat=True))


def test_one_source_fills_its_share_and_nothing_else(manager, limits):
    limits(inbox_limit=100, inbox_share=10)
    for device in strangers(range(30), "10.9.9.9"):
        manager.beat(device)
    assert in_inbox() == {f"FTT{n:08}" for n in range(10)}
    assert (
        Claim.objects.filter(reason="unknown, and its address has used up its share of the inbox").count()
        == 20
    )
    ticket = Ticket.objects.get(kind=inbox.SHARE_USED_UP)
    assert "10.9.9.9 has 10 unknown systems" in ticket.reason
    # Whoever stands there already is heard as before, and others come in.
    manager.beat(strangers([3], "10.9.9.9")[0], "Boot")
    manager.beat(Device(serial="FTTOTHER", mac="", source="10.9.9.8"))
    assert "FTTOTHER" in in_inbox()


def test_a_share_counts_for_the_first_source_whoever_posts_later(manager, limits):
    """Two sources that post as each other's systems have no more room than two that do not."""
    limits(inbox_limit=1_000, inbox_share=5)
    for source, other in (("10.9.9.1", "10.9.9.2"), ("10.9.9.2", "10.9.9.1")) * 3:
        for device in strangers(range(100, 110), source) + strangers(range(5), other):
            manager.beat(device)
    assert len(in_inbox()) == 10


def test_all_addresses_of_a_64_share_one_share(manager, limits):
    limits(inbox_limit=100, inbox_share=3)
    for number in range(6):
        manager.beat(strangers([number], f"2001:db8:0:1::{number + 1:x}")[0])
    manager.beat(strangers([9], "2001:db8:0:2::1")[0])
    assert len(in_inbox()) == 4


def test_where_it_is_full_the_longest_silent_leave(manager, limits):
    limits(inbox_limit=20, inbox_share=5)
    first = strangers(range(3))
    for device in first:
        manager.beat(device)
    manager.wait(minutes=10)
    for device in strangers(range(10, 27)):
        manager.beat(device)
    assert len(in_inbox()) == 20
    manager.wait(minutes=10)
    manager.beat(first[0])
    # A flood of many sources, each a few: who still posts stays, the flood pushes itself out.
    for device in strangers(range(100, 117)):
        manager.beat(device)
    assert len(in_inbox()) == 20
    assert "FTT00000000" in in_inbox()
    assert not {"FTT00000001", "FTT00000002"} & in_inbox()


def test_many_at_once_do_not_push_each_other_out(manager, limits):
    limits(inbox_limit=10, inbox_share=5)
    manager.post(*[device.event() for device in strangers(range(12))])
    assert len(in_inbox()) == 10
    assert Claim.objects.filter(reason="unknown, and the inbox is full").count() == 2


def test_a_ticket_at_eighty_percent_closes_when_there_is_room(manager, limits):
    limits(inbox_limit=10, inbox_share=10)
    for device in strangers(range(7)):
        manager.beat(device)
    assert inbox.NEARLY_FULL not in open_kinds()
    manager.beat(strangers([7])[0])
    assert inbox.NEARLY_FULL in open_kinds()
    inbox.check(now=manager.now)
    assert inbox.NEARLY_FULL in open_kinds()
    System.objects.filter(serial_number__in=["FTT00000001", "FTT00000002"]).delete()
    inbox.check(now=manager.now)
    assert inbox.NEARLY_FULL not in open_kinds()


def test_made_up_numbers_fill_no_table_of_claims(manager, limits):
    limits(inbox_share=0)
    number = claims.CLAIMS_A_SOURCE + 50
    for device in strangers(range(number), "10.9.9.9"):
        manager.beat(device)
    rows = Claim.objects.filter(source_address="10.9.9.9")
    assert rows.count() == claims.CLAIMS_A_SOURCE + 1
    assert sum(rows.values_list("count", flat=True)) == number
