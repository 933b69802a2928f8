"""Who is alive, who fell silent, and what is kept how long (rules R1, R8)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from tests.cast import add_system

from roomkeeper.jobs import retention
from roomkeeper.systems import housekeeping, timeline
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import (
    ChangeEvent,
    Claim,
    ConfigurationVersion,
    ConnectivityChange,
    Contact,
    Exchange,
    FactChange,
    Flip,
    State,
    System,
    TimelineEntry,
)
from roomkeeper.tickets import tracking
from roomkeeper.tickets.models import Ticket

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("overdue_at", "flapping_until", "word"),
    [
        (NOW + SECOND, None, "yes"),
        (NOW, None, "no"),
        (NOW - DAY, None, "no"),
        (None, None, "unknown"),
        (NOW + SECOND, NOW + SECOND, "flapping"),
        (NOW - SECOND, NOW + SECOND, "flapping"),
        (NOW + SECOND, NOW, "yes"),
        (NOW - SECOND, NOW - SECOND, "no"),
        (None, NOW + SECOND, "unknown"),
    ],
)
def test_word_and_filter_agree_row_by_row(boardroom, overdue_at, flapping_until, word):
    Contact.objects.filter(system=boardroom).update(overdue_at=overdue_at, flapping_until=flapping_until)
    assert liveness.alive_word(Contact.objects.get(system=boardroom), NOW) == word
    found = [w for w in liveness.WORDS if System.objects.filter(liveness.alive_filter(w, NOW)).exists()]
    assert found == [word]


def test_system_without_any_contact_is_unknown(boardroom):
    Contact.objects.all().delete()
    assert liveness.alive_word(None, NOW) == "unknown"
    assert System.objects.filter(liveness.alive_filter("unknown", NOW)).get() == boardroom
    assert liveness.next_contact_due(None, NOW) is None


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="perhaps"):
        liveness.alive_filter("perhaps", NOW)


def test_system_is_overdue_after_twice_its_interval_and_a_minute():
    assert liveness.overdue_at(NOW, 900) - NOW == timedelta(seconds=1860)
    assert liveness.overdue_at(NOW, 10) - NOW == timedelta(seconds=80)


def fall_silent(system, at=NOW):
    Contact.objects.filter(system=system).update(overdue_at=at, is_alive=True)


def test_system_that_falls_silent_gets_a_flip_and_a_ticket_once(boardroom, vault):
    fall_silent(boardroom)
    assert housekeeping.sweep_liveness(now=NOW - SECOND) == 0
    assert housekeeping.sweep_liveness(now=NOW) == 1
    assert housekeeping.sweep_liveness(now=NOW + SECOND) == 0
    flip = Flip.objects.get()
    assert (flip.system, flip.is_alive, flip.at) == (boardroom, False, NOW)
    ticket = Ticket.objects.get()
    assert (ticket.system, ticket.kind, ticket.state, ticket.count) == (boardroom, "no contact", "open", 1)
    assert Contact.objects.get(system=boardroom).is_alive is False
    assert Contact.objects.get(system=vault).is_alive is True
    assert ChangeEvent.objects.filter(topic="system", system_id=boardroom.pk).exists()


@pytest.mark.parametrize("state", [State.PENDING, State.PRE_REGISTERED, State.IGNORED, State.BLOCKED])
def test_only_managed_systems_are_missed(boardroom, state):
    System.objects.update(state=state)
    fall_silent(boardroom)
    assert housekeeping.sweep_liveness(now=NOW) == 0
    assert not Ticket.objects.exists()


def test_many_silent_systems_are_noted_in_short_transactions(oslo):
    for number in range(1, housekeeping.SILENT_AT_ONCE + 3):
        fall_silent(add_system(f"Room {number}", oslo, number))
    assert housekeeping.sweep_liveness(now=NOW) == housekeeping.SILENT_AT_ONCE
    assert housekeeping.sweep_liveness(now=NOW) == 2
    assert housekeeping.sweep_liveness(now=NOW) == 0
    assert Ticket.objects.count() == housekeeping.SILENT_AT_ONCE + 2


def test_ticket_of_a_silent_system_is_closed_when_it_posts_again(boardroom):
    fall_silent(boardroom)
    housekeeping.sweep_liveness(now=NOW)
    assert tracking.close_returned(now=NOW + SECOND) == 0
    Contact.objects.filter(system=boardroom).update(is_alive=True, overdue_at=NOW + timedelta(hours=1))
    assert tracking.close_returned(now=NOW + 2 * SECOND) == 1
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.close_reason) == ("closed", "It posts again.")


def flips(system, number, every=timedelta(minutes=5)):
    for place in range(number):
        Flip.objects.create(system=system, at=NOW - place * every, is_alive=bool(place % 2), reason="")


def test_system_that_came_and_went_four_times_within_an_hour_is_flapping(boardroom, vault):
    flips(boardroom, 4)
    flips(vault, 3)
    housekeeping.sweep_liveness(now=NOW)
    assert liveness.alive_word(Contact.objects.get(system=boardroom), NOW) == "flapping"
    assert liveness.alive_word(Contact.objects.get(system=vault), NOW) != "flapping"


def test_flips_over_more_than_an_hour_are_no_flapping(boardroom):
    flips(boardroom, 4, every=timedelta(minutes=20))
    housekeeping.sweep_liveness(now=NOW)
    assert Contact.objects.get(system=boardroom).flapping_until is None


def test_system_that_stays_is_no_longer_flapping_after_an_hour(boardroom):
    flips(boardroom, 4)
    housekeeping.sweep_liveness(now=NOW)
    later = NOW + timedelta(minutes=46)
    housekeeping.sweep_liveness(now=later)
    until = Contact.objects.get(system=boardroom).flapping_until
    assert until == NOW + HOUR


def test_nobody_is_blamed_for_our_own_downtime(boardroom, vault):
    began, ended = NOW, NOW + HOUR
    fall_silent(boardroom, at=NOW + timedelta(minutes=10))
    fall_silent(vault, at=NOW - SECOND)
    assert housekeeping.forgive_downtime(since=began, now=ended) == 1
    housekeeping.sweep_liveness(now=ended)
    # The vault had been overdue before we went down.
    assert [ticket.system for ticket in Ticket.objects.all()] == [vault]
    contact = Contact.objects.get(system=boardroom)
    assert contact.overdue_at == liveness.overdue_at(ended, contact.interval)


def exchange(system, at=NOW):
    entry = timeline.add(system, "check-in", "Heartbeat", now=at)
    return Exchange.objects.create(
        entry=entry, system=system, path="/events", scheme="http", request=timeline.pack(b"<a/>")
    )


def test_newest_fifty_exchanges_of_each_system_are_kept(boardroom, vault):
    mine = [exchange(boardroom) for _ in range(django_settings.OPTIONS.exchanges_kept + 7)]
    other = [exchange(vault) for _ in range(3)]
    assert housekeeping.trim_exchanges(now=NOW) == 7
    assert housekeeping.trim_exchanges(now=NOW) == 0
    assert set(Exchange.objects.filter(system=boardroom)) == set(mine[7:])
    assert set(Exchange.objects.filter(system=vault)) == set(other)
    # The timeline keeps its rows: only the full texts go.
    assert TimelineEntry.objects.filter(system=boardroom).count() == 57


def test_texts_of_an_exchange_are_read_back(boardroom):
    found = exchange(boardroom)
    assert (timeline.request_text(found), timeline.answer_text(found)) == ("<a/>", "")


def forget(now):
    while retention.forget_old(now=now):
        pass


def test_what_happened_is_kept_for_its_days_and_then_forgotten(boardroom):
    days = django_settings.OPTIONS.retention_days
    for at in (NOW - days * DAY - SECOND, NOW - days * DAY + SECOND):
        exchange(boardroom, at=at)
        FactChange.objects.create(system=boardroom, at=at, path="Audio/Volume")
        Flip.objects.create(system=boardroom, at=at, is_alive=True, reason="")
        ConnectivityChange.objects.create(system=boardroom, at=at, reason="")
        Claim.objects.create(service="events", reason="x", source_address=str(at), last_at=at)
    forget(NOW)
    for model in (TimelineEntry, Exchange, FactChange, Flip, ConnectivityChange, Claim):
        assert model.objects.count() == 1, model
    forget(NOW + DAY)
    for model in (TimelineEntry, Exchange, FactChange, Flip, ConnectivityChange, Claim):
        assert not model.objects.exists(), model


def test_run_of_heartbeats_is_as_old_as_its_last_one(boardroom):
    entry = timeline.add(boardroom, "check-in", "Heartbeat", now=NOW - 400 * DAY)
    TimelineEntry.objects.filter(pk=entry.pk).update(last_at=NOW)
    forget(NOW)
    assert TimelineEntry.objects.filter(pk=entry.pk).exists()


def test_inbox_forgets_who_does_not_come_any_more_and_managed_systems_stay(boardroom, vault):
    System.objects.filter(pk=vault.pk).update(state=State.PENDING)
    Contact.objects.update(last_seen_at=NOW - 91 * DAY)
    forget(NOW)
    assert System.objects.get() == boardroom


def test_newest_configuration_stays_whatever_its_age(boardroom, vault):
    for system, ages in ((boardroom, (400, 300, 200)), (vault, (200, 1))):
        for age in ages:
            at = NOW - age * DAY
            ConfigurationVersion.objects.create(
                system=system, digest=str(age), content=b"x", size=1, first_at=at, last_at=at
            )
    forget(NOW)
    assert sorted(ConfigurationVersion.objects.values_list("system", "digest")) == sorted(
        [(boardroom.pk, "200"), (vault.pk, "1")]
    )


def test_events_for_open_pages_live_an_hour(boardroom):
    ChangeEvent.objects.create(topic="system", at=NOW - HOUR - SECOND)
    kept = ChangeEvent.objects.create(topic="system", at=NOW - HOUR + SECOND)
    forget(NOW)
    assert ChangeEvent.objects.filter(topic="system").get() == kept


def test_claims_by_anybody_are_capped_and_the_newest_stay(db):
    for number in range(5):
        Claim.objects.create(
            service="events", reason="x", source_address=f"10.0.0.{number}", last_at=NOW + number * SECOND
        )
    assert housekeeping.cap_claims(now=NOW) == 0
    assert housekeeping.cap_claims(now=NOW, kept=3) == 2
    assert housekeeping.cap_claims(now=NOW, kept=3) == 0
    assert sorted(Claim.objects.values_list("source_address", flat=True)) == [
        "10.0.0.2",
        "10.0.0.3",
        "10.0.0.4",
    ]
