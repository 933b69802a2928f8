"""Claims of rows: one at a time, renewed, given back, run out, void after the clock was set back (rule R16)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from roomkeeper.jobs.claims import Claims, unlocked
from roomkeeper.jobs.models import Lease
from roomkeeper.systems.inventory import root_folder
from roomkeeper.systems.models import Probe, System

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
LENGTH = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
PROBES = Claims(Probe, LENGTH)
LEASES = Claims(Lease, LENGTH, until="expires_at", claimant="holder", ends_with_it=True)


def probes(number: int) -> list[int]:
    root = root_folder()
    systems = [System.objects.create(name=f"Room {one}", folder=root) for one in range(number)]
    return [Probe.objects.create(system=system, not_before=NOW).pk for system in systems]


def claim(at_most: int = 10, *, now: datetime = NOW) -> list[int]:
    return [row.pk for row in PROBES.claim(Probe.objects.order_by("pk"), at_most, now=now)]


def test_a_row_is_claimed_once_until_it_runs_out(db):
    first, second, third = probes(3)
    assert claim(2) == [first, second]
    assert claim() == [third]
    assert claim(now=NOW + LENGTH - SECOND) == []
    assert claim(now=NOW + LENGTH) == [first, second, third]


def test_who_renews_keeps_it_and_who_gives_it_back_does_not(db):
    first, second = probes(2)
    claim()
    assert PROBES.renew([first], now=NOW + LENGTH - SECOND) == 1
    assert claim(now=NOW + LENGTH + SECOND) == [second]
    PROBES.give_back([first])
    assert claim(now=NOW + LENGTH + SECOND) == [first]


def test_a_claim_further_away_than_its_length_is_void(db):
    (only,) = probes(1)
    claim()
    row = Probe.objects.get()
    before = NOW - timedelta(hours=1)
    assert PROBES.is_taken(row, NOW)
    assert not PROBES.is_taken(row, before)
    for now, is_taken in ((NOW, True), (before, False)):
        assert Probe.objects.filter(PROBES.taken(now)).exists() is is_taken
        assert Probe.objects.filter(PROBES.free(now)).exists() is not is_taken
    assert claim(now=before) == [only]


def test_rows_that_say_who_has_them_are_renewed_and_given_back_by_nobody_else(db):
    Lease.objects.create(name="writing", holder="", expires_at=NOW)
    assert [row.name for row in LEASES.claim(Lease.objects.all(), 1, now=NOW, by="one")] == ["writing"]
    assert LEASES.renew(["writing"], now=NOW + SECOND, by="other") == 0
    LEASES.give_back(["writing"], by="other")
    assert LEASES.renew(["writing"], now=NOW + SECOND, by="one") == 1
    LEASES.give_back(["writing"], by="one")
    assert not Lease.objects.exists()


def test_looking_for_nothing_begins_no_transaction(db, django_assert_num_queries):
    with django_assert_num_queries(1) as sent:
        assert claim() == []
    assert "SAVEPOINT" not in str(sent.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_many_claimants_at_once_never_have_the_same_row():
    wanted = probes(12)

    def some(_: int) -> list[int]:
        try:
            return claim(3)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        found = [pk for part in workers.map(some, range(4)) for pk in part]
    assert len(found) == len(set(found))
    assert sorted(found + claim(12)) == wanted


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_row_that_another_has_in_hand():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, and no locks of rows")
    first, second = probes(2)
    has_it, may_end = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                assert [row.pk for row in unlocked(Probe.objects.filter(pk=first))] == [first]
                has_it.set()
                assert may_end.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as worker:
        holding = worker.submit(hold)
        try:
            assert has_it.wait(60)
            assert claim() == [second]
        finally:
            may_end.set()
        holding.result(60)
