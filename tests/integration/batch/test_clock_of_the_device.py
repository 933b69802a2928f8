"""A clock that is wrong by minutes is told with a ticket, in the diagnosis, and stops a move to Secure-Only."""

from datetime import timedelta

import pytest

from roomkeeper.devices import registry
from roomkeeper.diagnosis import itself
from roomkeeper.diagnosis.record import read_record, read_view
from roomkeeper.secure_only import planning
from roomkeeper.systems.models import StoredDocument, System
from roomkeeper.tickets.models import Ticket


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def status(manager, device, minutes, *, form="%Y-%m-%dT%H:%M:%S+0000"):
    told = (manager.now + timedelta(minutes=minutes)).strftime(form)
    manager.post(
        device.status(
            {
                "SystemUnit/Software/Version": "ce9.6.1",
                "SystemUnit/ProductId": "Cisco TelePresence SX10",
                "NetworkServices/NTP/Status": "Unsynced",
                "NetworkServices/NTP/CurrentAddress": "192.0.2.1",
                "Time/SystemTime": told,
            }
        )
    )


def tickets(state):
    return list(Ticket.objects.filter(kind="clock is wrong", state=state))


def diagnosed():
    system = System.objects.get()
    record, view = read_record(system.pk), read_view(system.pk)
    family = registry.get_family("roomos")
    found = itself.judge(record, view, family, view.at, has_answered=True, was_tried=True)
    return {finding.key: finding for finding in found}


def test_a_wrong_clock_opens_one_ticket_which_closes_when_it_is_right(manager, proven):
    status(manager, proven, 0)
    assert tickets("open") == []
    for _ in range(3):
        manager.wait(seconds=900)
        status(manager, proven, -192)
    (ticket,) = tickets("open")
    assert "3 hours 12 minutes behind" in ticket.reason
    assert "Unsynced" in ticket.reason
    assert "192.0.2.1" in ticket.reason
    assert "NTP" in ticket.advice
    assert ticket.count == 1
    finding = diagnosed()["clock-wrong"]
    assert "3 hours 12 minutes behind" in finding.sentence
    manager.wait(seconds=900)
    status(manager, proven, 0)
    assert tickets("open") == []
    assert len(tickets("closed")) == 1
    assert "clock-right" in diagnosed()


def test_a_status_without_a_time_changes_nothing(manager, proven):
    status(manager, proven, 30)
    manager.wait(seconds=900)
    manager.post(proven.status({"SystemUnit/Software/Version": "ce9.6.1", "Audio/Volume": "50"}))
    assert len(tickets("open")) == 1
    assert StoredDocument.objects.get(kind="status").clock_offset == 1800


def test_a_move_to_secure_only_waits_for_the_clock(manager, proven):
    status(manager, proven, -192)
    system = System.objects.get()
    (member,) = planning.plan([system], is_secure=True, trust="trusted").members
    assert member.verdict == "cannot"
    assert "its clock is 3 hours 12 minutes behind" in member.reason
    assert "NTP" in member.reason
    manager.wait(seconds=900)
    status(manager, proven, 0)
    (member,) = planning.plan([system], is_secure=True, trust="trusted").members
    assert member.verdict == "move"
