"""Changes of connectivity as rows: decided by a probe, set by hand, undone, locked (rule R1)."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.systems.contact import connectivity_changes
from roomkeeper.systems.contact.connectivity import Decision, ProbeResult
from roomkeeper.systems.contact.connectivity_changes import ConnectivityRefused
from roomkeeper.systems.models import Connectivity, ConnectivityChange, Contact, Probe, System, TimelineEntry
from roomkeeper.tickets.models import Ticket

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
LAN, FIREWALL = Connectivity.REACHABLE_ON_LAN, Connectivity.BEHIND_FIREWALL
PUBLIC = Connectivity.REACHABLE_ON_PUBLIC_INTERNET


def probe(system, result, new, *, is_unproven=False, asks_attention=False, now=NOW):
    asked = Probe.objects.create(
        system=system,
        asked_at=now,
        reported_address="192.168.1.7",
        source_address="203.0.113.9",
        used_host="rk.example.org",
    )
    Contact.objects.filter(system=system).update(is_probing=True)
    decision = Decision(new, "because of the test", is_unproven, asks_attention)
    connectivity_changes.apply_probe(system, asked, result, decision, now=now)
    system.refresh_from_db()


def changes(system):
    return list(ConnectivityChange.objects.filter(system=system).order_by("id"))


def test_decision_is_applied_and_kept_with_both_addresses_and_the_reason(boardroom):
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    (change,) = changes(boardroom)
    assert (change.old, change.new, change.was_applied) == (LAN, FIREWALL, True)
    assert (change.reported_address, change.source_address) == ("192.168.1.7", "203.0.113.9")
    assert (change.used_host, change.probe, change.reason) == (
        "rk.example.org",
        "other",
        "because of the test",
    )
    assert (boardroom.connectivity, boardroom.connectivity_since) == (FIREWALL, NOW)
    # The address that it is to call may be another one now.
    assert boardroom.management_is_due
    contact = Contact.objects.get(system=boardroom)
    assert (contact.has_work, contact.is_probing) == (True, False)
    assert not Probe.objects.exists()
    assert "Behind Firewall, was Reachable on LAN" in TimelineEntry.objects.get(system=boardroom).summary


def test_decision_that_changes_nothing_makes_no_row(boardroom):
    probe(boardroom, ProbeResult.ITSELF, LAN)
    assert changes(boardroom) == []
    assert boardroom.is_proven_by_probe
    assert not boardroom.management_is_due


def test_locked_connectivity_is_recorded_and_not_applied(boardroom):
    connectivity_changes.lock(boardroom, user=None, now=NOW)
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    (change,) = changes(boardroom)
    assert not change.was_applied
    assert boardroom.connectivity == LAN
    assert not boardroom.management_is_due
    assert not Probe.objects.exists()
    assert TimelineEntry.objects.filter(system=boardroom, summary__contains="locked, so not applied").exists()


def test_unlocked_connectivity_is_kept_up_to_date_again(boardroom):
    connectivity_changes.lock(boardroom, user=None, now=NOW)
    connectivity_changes.unlock(boardroom, user=None, now=NOW)
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    assert boardroom.connectivity == FIREWALL
    assert not boardroom.connectivity_is_locked


def test_unproven_answer_is_marked_until_a_proof_comes(boardroom):
    probe(boardroom, ProbeResult.UNPROVEN, PUBLIC, is_unproven=True)
    assert boardroom.is_unproven
    assert not boardroom.is_proven_by_probe
    probe(boardroom, ProbeResult.ITSELF, PUBLIC)
    assert not boardroom.is_unproven
    assert boardroom.is_proven_by_probe


def test_undecided_answer_asks_for_attention_until_a_later_probe_decides(boardroom):
    probe(boardroom, ProbeResult.ITSELF, None, asks_attention=True)
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.level, ticket.state) == ("connectivity undecided", "info", "open")
    assert "because of the test" in ticket.reason
    assert boardroom.connectivity == LAN
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    ticket.refresh_from_db()
    assert ticket.state == "closed"


def test_connectivity_set_by_hand_names_the_person(boardroom, administrator):
    connectivity_changes.set_by_hand(boardroom, FIREWALL, user=administrator, now=NOW)
    boardroom.refresh_from_db()
    (change,) = changes(boardroom)
    assert (change.user, change.reason) == (administrator, "set by administrator")
    assert boardroom.connectivity == FIREWALL
    assert boardroom.management_is_due
    connectivity_changes.set_by_hand(boardroom, FIREWALL, user=administrator, now=NOW)
    assert changes(boardroom) == [change]


@pytest.mark.parametrize("word", ["", "somewhere", "LAN"])
def test_what_is_no_connectivity_cannot_be_set(boardroom, word):
    with pytest.raises(ConnectivityRefused, match="is not a connectivity"):
        connectivity_changes.set_by_hand(boardroom, word, user=None, now=NOW)
    assert changes(boardroom) == []


def test_undoing_goes_back_to_what_held_before(boardroom, administrator):
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    (change,) = changes(boardroom)
    later = NOW + timedelta(hours=1)
    connectivity_changes.undo(change, user=administrator, now=later)
    boardroom.refresh_from_db()
    change.refresh_from_db()
    assert (boardroom.connectivity, boardroom.connectivity_since) == (LAN, later)
    assert change.undone_at == later
    back = changes(boardroom)[-1]
    assert (back.old, back.new, back.reason) == (FIREWALL, LAN, "undone by administrator")


def test_only_the_newest_change_in_force_can_be_undone(boardroom):
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    probe(boardroom, ProbeResult.ITSELF, PUBLIC)
    older, newest = changes(boardroom)
    with pytest.raises(ConnectivityRefused, match="Only the latest"):
        connectivity_changes.undo(older, user=None, now=NOW)
    connectivity_changes.undo(newest, user=None, now=NOW)
    for done in (newest, changes(boardroom)[-1]):
        with pytest.raises(ConnectivityRefused):
            connectivity_changes.undo(ConnectivityChange.objects.get(pk=done.pk), user=None, now=NOW)
    connectivity_changes.undo(ConnectivityChange.objects.get(pk=older.pk), user=None, now=NOW)
    assert System.objects.get(pk=boardroom.pk).connectivity == LAN


def test_change_that_was_never_applied_cannot_be_undone(boardroom):
    connectivity_changes.lock(boardroom, user=None, now=NOW)
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    with pytest.raises(ConnectivityRefused):
        connectivity_changes.undo(changes(boardroom)[0], user=None, now=NOW)


def test_first_decision_can_be_undone_to_undecided(boardroom):
    System.objects.filter(pk=boardroom.pk).update(connectivity="")
    boardroom.refresh_from_db()
    probe(boardroom, ProbeResult.OTHER, FIREWALL)
    connectivity_changes.undo(changes(boardroom)[0], user=None, now=NOW)
    boardroom.refresh_from_db()
    assert boardroom.connectivity == Connectivity.UNDECIDED
