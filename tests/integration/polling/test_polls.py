"""Polls over real sockets: what they keep, who lives and dies by them, whom they leave alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.polling.models import Poll
from roomkeeper.polling.pump import Poller
from roomkeeper.systems import housekeeping
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import (
    Connectivity,
    Contact,
    FactChange,
    Flip,
    Folder,
    NetworkSettings,
    StoredDocument,
    System,
)
from roomkeeper.tickets.models import Ticket
from roomkeeper.virtual.endpoint import VirtualEndpoint
from tests.cast import add_system
from tests.declared import happened
from tests.integration.polling.rounds import poll, row_of, sweep
from tests.integration.systems import answering
from tests.integration.systems.answering import Answering

Start = Callable[..., Awaitable[VirtualEndpoint]]
Manage = Callable[..., Awaitable[System]]
LONG_AGO = timedelta(hours=2)


async def contact_of(system: System) -> Contact:
    return await Contact.objects.aget(pk=system.pk)


async def silence(system: System, **values: Any) -> None:
    """The system has not posted for long, but is not overdue yet."""
    now = timezone.now()
    values = {"last_seen_at": now - LONG_AGO, "next_contact_due_at": now - LONG_AGO, **values}
    await Contact.objects.filter(pk=system.pk).aupdate(**values)


# What is kept


async def test_a_poll_keeps_the_status_and_plans_the_next(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await silence(system, overdue_at=timezone.now() + timedelta(seconds=5))
    assert await poll(system) == 1
    row, contact = await row_of(system), await contact_of(system)
    now = timezone.now()
    assert row.last_ok_at is not None
    assert (row.error, row.in_a_row, row.claimed_until) == ("", 1, None)
    assert row.due_because == "idle"
    assert row.due_at is not None
    assert timedelta(seconds=800) < row.due_at - now < timedelta(seconds=1000)
    # Alive until two more polls should have been answered; and no check-in.
    assert contact.overdue_at is not None
    assert timedelta(seconds=1800) < contact.overdue_at - now <= timedelta(seconds=1860)
    assert contact.last_seen_at is not None
    assert contact.last_seen_at < now - timedelta(hours=1)
    kept = await StoredDocument.objects.aget(system=system)
    assert kept.kind == "status"
    # The first poll also read the configuration, and proved login and key.
    assert contact.configuration_at is not None
    await system.arefresh_from_db()
    assert system.login_worked_at is not None
    assert len(system.pinned_key) == 64


async def test_what_changed_is_seen_by_the_next_poll(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await poll(system)
    before = (await System.objects.aget(pk=system.pk)).drift_count
    endpoint.status.set({"Audio/Volume": "13"})
    endpoint.configuration.set("SystemUnit/Name", "Renamed by hand")
    await poll(system)
    assert await FactChange.objects.filter(path="Audio/Volume", new_value="13").aexists()
    # The configuration is fresh, so it was not read again ...
    await system.arefresh_from_db()
    assert system.drift_count == before
    # ... and when it is old, the poll reads it and sees the drift.
    await Contact.objects.aupdate(configuration_at=timezone.now() - timedelta(days=2))
    await poll(system)
    await system.arefresh_from_db()
    assert system.reported_name == "Renamed by hand"
    assert system.drift_count == before + 1


async def test_many_are_polled_in_one_round(transport: DeviceTransport, start: Start, manage: Manage) -> None:
    systems = [await manage(await start(number)) for number in range(1, 8)]
    assert await poll(*systems) == 7
    assert await StoredDocument.objects.filter(kind="status").acount() == 7
    assert await Poller().run() == 0


# Alive by evidence


async def test_a_silent_system_dies_after_three_failures_and_returns_after_two_answers(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await silence(system)
    await endpoint.stop()
    for expected in (True, True, False):
        await poll(system)
        contact = await contact_of(system)
        assert contact.is_alive is expected
    now = timezone.now()
    assert liveness.alive_word(contact, now) == "no"
    assert "3 of the last 3 polls failed: the connection was refused; nothing posted since" in liveness.why(
        contact, now
    )
    assert [flip.reason async for flip in Flip.objects.all()] == [contact.alive_reason]
    assert await Ticket.objects.filter(kind="no contact", state="open").acount() == 1
    row = await row_of(system)
    assert row.due_because == "it does not answer"
    # The sweep that looks for the silent finds nothing more to tell.
    assert await sync_to_async(housekeeping.sweep_liveness)(now=now + timedelta(minutes=1)) == 0
    await endpoint.start()
    for expected in (False, True):
        await poll(system)
        contact = await contact_of(system)
        assert contact.is_alive is expected
    assert liveness.alive_word(contact, timezone.now()) == "yes"
    assert liveness.why(contact, timezone.now()) == "It answers polls again: the last 2 went well."
    assert not await Ticket.objects.filter(kind="no contact", state="open").aexists()
    assert await Flip.objects.acount() == 2


async def test_a_system_that_posts_stays_alive_and_a_person_is_told(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await endpoint.stop()
    for _ in range(5):
        await Contact.objects.filter(pk=system.pk).aupdate(last_seen_at=timezone.now())
        await poll(system)
    contact = await contact_of(system)
    assert contact.is_alive
    ticket = await Ticket.objects.aget(state="open")
    assert (ticket.kind, ticket.system_id) == ("cannot be reached", system.pk)
    assert ticket.reason.startswith("It posts, but polls fail. Room 1 (127.1.79.1) refused the connection")
    await endpoint.start()
    await poll(system)
    assert not await Ticket.objects.filter(state="open").aexists()
    assert not await Flip.objects.aexists()


async def test_the_first_answer_makes_an_unknown_system_alive(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start())
    nothing = dict.fromkeys(
        ("first_seen_at", "last_seen_at", "next_contact_due_at", "overdue_at", "is_alive")
    )
    await Contact.objects.filter(pk=system.pk).aupdate(**nothing, interval=0)
    await poll(system)
    contact = await contact_of(system)
    assert liveness.alive_word(contact, timezone.now()) == "yes"
    assert liveness.why(contact, timezone.now()) == "It answered its first poll."
    assert contact.last_seen_at is None


# Whom polls leave alone


async def test_a_refused_login_is_sent_once(transport: DeviceTransport, oslo: Folder) -> None:
    door = Answering(serial="FTT00000001")
    system = await sync_to_async(behind)(door, oslo, login=("admin", "wrong"))
    async with door.serving():
        assert await poll(system) == 1
        row = await row_of(system)
        assert (row.due_at, row.due_because) == (None, "the login was refused")
        assert row.error_kind == "LoginRefused"
        heard = len(door.requests)
        for _ in range(3):
            await poll_what_is_due()
        assert len(door.requests) == heard
        assert door.logins == [("https", ("admin", "wrong"))]
        # Nothing said that it is not alive.
        assert (await contact_of(system)).is_alive
        await sync_to_async(credentials.set_credentials)(system, *answering.LOGIN)
        await poll_what_is_due()
    assert (await row_of(system)).last_ok_at is not None
    assert door.logins.count(("https", ("admin", "wrong"))) == 1


def behind(
    door: Answering, folder: Folder, *, login: tuple[str, str] | None = answering.LOGIN, **values: Any
) -> System:
    """A managed system whose address is the door's."""
    values = {"connectivity": Connectivity.REACHABLE_ON_LAN, "host": answering.ADDRESS, **values}
    system = add_system(
        "Boardroom", folder, 1, https_port=door.https_port, http_port=door.http_port, **values
    )
    if login is not None:
        credentials.set_credentials(system, *login)
    return system


async def poll_what_is_due() -> int:
    await sweep()
    return await Poller().run()


@pytest.mark.parametrize(
    "values",
    [
        {"connectivity": Connectivity.BEHIND_FIREWALL},
        {"connectivity": Connectivity.INACCESSIBLE},
        {"connectivity": Connectivity.UNDECIDED},
        {"state": "blocked"},
        {"family": "codian_mcu"},
        {"login": None},
    ],
)
async def test_who_may_not_be_polled_hears_nothing(
    transport: DeviceTransport, oslo: Folder, values: dict[str, Any]
) -> None:
    door = Answering(http=answering.as_device)
    system = await sync_to_async(behind)(door, oslo, **values)
    async with door.serving():
        assert await poll_what_is_due() == 0
        assert not await Poll.objects.aexists()
        # One that loses its right while a poll is due is not asked either.
        await Poll.objects.acreate(system=system, due_at=timezone.now())
        assert await Poller().run() == 0
    assert door.connections == []


async def test_polling_can_be_turned_off(transport: DeviceTransport, start: Start, manage: Manage) -> None:
    system = await manage(await start())
    await sweep()
    await NetworkSettings.objects.aupdate(polling=False)
    assert await Poller().run() == 0
    await sweep()
    assert not await Poll.objects.filter(pk=system.pk).aexists()


# What is hostile, or not meant


async def test_another_device_at_the_address_says_nothing_of_the_system(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start(), serial_number="FTT99999999")
    await silence(system)
    for _ in range(3):
        await poll(system)
    row = await row_of(system)
    assert (row.error_kind, row.last_ok_at, row.in_a_row) == ("WrongDevice", None, -3)
    contact = await contact_of(system)
    assert not contact.is_alive
    assert "another device answered" in contact.alive_reason
    assert not await StoredDocument.objects.aexists()
    await system.arefresh_from_db()
    assert system.login_worked_at is None
    assert system.pinned_key == ""


async def test_what_is_no_status_is_a_failed_poll(transport: DeviceTransport, oslo: Folder) -> None:
    async def strange(door: Answering, request: answering.Request, writer: asyncio.StreamWriter) -> None:
        if request.login is None or "status.xml" not in request.line:
            await answering.as_device(door, request, writer)
        else:
            writer.write(answering.http_answer("200 OK", b"<Status><a b='\x01'></Status>"))

    door = Answering(https=strange)
    system = await sync_to_async(behind)(door, oslo)
    async with door.serving():
        await poll(system)
    row = await row_of(system)
    assert (row.error_kind, row.in_a_row) == ("NotXml", -1)
    assert row.error.startswith(f"Boardroom (127.0.0.1) {happened(errors.NotXml)}")
    assert not await StoredDocument.objects.aexists()


async def test_one_that_claims_anothers_serial_number_harms_no_other(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    first, second = await manage(await start(1)), await manage(await start(2))
    # Registered by its MAC address alone, it says that it is the first.
    impostor = await manage(await start(3, serial="FTT00000001"), serial_number="")
    assert await poll(first, second, impostor) == 3
    kept = StoredDocument.objects.values_list("system_id", flat=True)
    # It is itself by its MAC address, and the serial number stays with its owner.
    assert {pk async for pk in kept} == {first.pk, second.pk, impostor.pk}
    await impostor.arefresh_from_db()
    assert impostor.serial_number == ""


# Sooner than planned


async def test_a_watched_system_is_asked_at_once(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start())
    await poll(system)
    assert await poll_what_is_due() == 0
    await Contact.objects.aupdate(watched_until=timezone.now() + timedelta(minutes=1))
    assert await poll_what_is_due() == 1
    row = await row_of(system)
    assert row.due_because == "somebody looks"
    assert row.due_at is not None
    assert row.due_at < timezone.now() + timedelta(seconds=20)
    # Being due soon already, it is not pulled forward again and again.
    assert await poll_what_is_due() == 0


async def test_feedback_stretches_polls_until_a_heartbeat_is_late(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start())
    await poll(system)
    await Poll.objects.aupdate(due_because="idle, and its feedback arrives")
    assert await poll_what_is_due() == 0
    await Contact.objects.aupdate(next_contact_due_at=timezone.now() - timedelta(minutes=1))
    assert await poll_what_is_due() == 1
    assert (await row_of(system)).due_because == "idle"
    assert await poll_what_is_due() == 0


async def test_a_dead_system_that_posts_is_asked_again(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await silence(system)
    await endpoint.stop()
    for _ in range(3):
        await poll(system)
    assert await poll_what_is_due() == 0
    await Contact.objects.aupdate(last_seen_at=timezone.now())
    await endpoint.start()
    assert await poll_what_is_due() == 1
    assert (await row_of(system)).in_a_row == 1
