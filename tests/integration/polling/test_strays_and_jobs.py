"""Systems that call somebody else are told again; polls at a person's wish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from roomkeeper.accounts.models import User
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.jobs import running
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.polling import service
from roomkeeper.provisioning import pushing
from roomkeeper.systems import network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.check_ins import outages
from roomkeeper.systems.contact.device_access import talking_to
from roomkeeper.systems.models import Contact, System, SystemSecret, TimelineEntry
from roomkeeper.tickets.models import Ticket
from roomkeeper.virtual.endpoint import VirtualEndpoint
from tests.integration.polling.rounds import sweep
from tests.integration.polling.test_polls import contact_of, poll, row_of

Start = Callable[..., Awaitable[VirtualEndpoint]]
Manage = Callable[..., Awaitable[System]]
NOT_KEPT = "management settings not kept"


@sync_to_async
def give_secret(system: System) -> None:
    secrets.issue_pending(system, now=timezone.now(), source="")
    SystemSecret.objects.filter(system=system).update(stage="current", expires_at=None)


async def push(system: System) -> None:
    async with talking_to(system.pk) as driver:
        await pushing.push_management(driver, system.pk)


async def notes_of(system: System) -> list[str]:
    rows = TimelineEntry.objects.filter(system=system, kind="management").order_by("id")
    return [row.summary async for row in rows]


async def is_due(system: System) -> bool:
    await system.arefresh_from_db()
    return system.management_is_due


async def test_feedback_of_ours_is_seen(transport: DeviceTransport, start: Start, manage: Manage) -> None:
    system = await manage(await start())
    await give_secret(system)
    await push(system)
    await poll(system)
    assert not await is_due(system)
    row = await row_of(system)
    assert row.has_our_feedback
    assert row.due_because == "idle, and its feedback arrives"
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(minutes=50)


async def test_what_calls_somebody_else_is_told_again_three_times(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await give_secret(system)
    await push(system)
    await poll(system)
    for number in range(1, 4):
        endpoint.set_fault("feedback_stopped", True)
        await poll(system)
        assert await is_due(system)
        assert (await contact_of(system)).has_work
        assert not (await row_of(system)).has_our_feedback
        # Until it was pushed, nothing is asked for twice.
        await poll(system)
        assert system.management_rounds == number - 1
        await push(system)
        assert not await is_due(system)
        assert system.management_rounds == number
    told = [note for note in await notes_of(system) if note.startswith("To be written again")]
    assert told == ["To be written again: Feedback slot 3 has stopped: its status is Failed."] * 3
    endpoint.set_fault("feedback_stopped", True)
    await poll(system)
    assert not await is_due(system)
    ticket = await Ticket.objects.aget(kind=NOT_KEPT, state="open")
    assert "3 times" in ticket.reason
    # Once all is in order, that is over.
    await push(system)
    await Contact.objects.aupdate(configuration_at=None)
    await poll(system)
    await system.arefresh_from_db()
    assert system.management_rounds == 0
    assert (await row_of(system)).has_our_feedback
    assert not await Ticket.objects.filter(kind=NOT_KEPT, state="open").aexists()


async def test_another_manager_is_noticed_in_the_configuration(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await give_secret(system)
    await push(system)
    endpoint.set_fault("manager_address", "tms.example.org")
    await Contact.objects.aupdate(configuration_at=timezone.now() - timedelta(days=2))
    await poll(system)
    assert await is_due(system)
    assert (await notes_of(system))[-1].startswith(
        "To be written again: Provisioning/ExternalManager/Address is tms.example.org, not 10.0.0.5"
    )
    # The poll after the push reads the configuration again, and is content.
    await push(system)
    await poll(system)
    assert not await is_due(system)
    assert system.management_rounds == 0


@pytest.mark.parametrize(
    ("fault", "value", "words"),
    [
        ("feedback_stopped", True, "has stopped: its status is Failed"),
        ("feedback_gone", True, "is not registered"),
        (
            "feedback_taken",
            "http://127.0.0.9/elsewhere",
            "does not lead to this server: it has http://127.0.0.9",
        ),
    ],
)
async def test_a_slot_that_is_not_ours_is_registered_again_and_read_back(
    transport: DeviceTransport, start: Start, manage: Manage, fault: str, value: object, words: str
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    await give_secret(system)
    await push(system)
    endpoint.set_fault(fault, value)
    await poll(system)
    assert await is_due(system)
    assert words in (await notes_of(system))[-1]
    assert not (await row_of(system)).has_our_feedback
    await push(system)
    await poll(system)
    assert not await is_due(system)
    assert (await row_of(system)).has_our_feedback


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Phonebook/Server[1]/URL", "http://127.0.0.9/books"),
        ("Provisioning/ExternalManager/Path", "old/path"),
        ("Provisioning/Mode", "Off"),
    ],
)
async def test_each_management_setting_is_judged_by_polls(
    transport: DeviceTransport, start: Start, manage: Manage, path: str, value: str
) -> None:
    # Without it, and without a phone book that is set, a system keeps the phone book server that it has.
    await sync_to_async(network_settings.update)({"phone_books_always": True}, user=None, now=timezone.now())
    endpoint = await start()
    system = await manage(endpoint)
    await give_secret(system)
    await push(system)
    wanted = endpoint.configuration.find(path)
    endpoint.configuration.set(path, value)
    await Contact.objects.aupdate(configuration_at=timezone.now() - timedelta(days=2))
    await poll(system)
    assert await is_due(system)
    await push(system)
    assert endpoint.configuration.find(path) == wanted
    assert not await is_due(system)


async def test_a_setting_that_is_acknowledged_and_not_kept_is_told_as_such(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    """The device says Success; only reading back shows that it has another value (rule R12)."""
    endpoint = await start()
    system = await manage(endpoint)
    await give_secret(system)
    endpoint.set_fault("keeps_value", "Provisioning/Mode")
    async with talking_to(system.pk) as driver:
        outcome = await pushing.push_management(driver, system.pk)
    assert not outcome.is_whole
    ((path, said),) = outcome.rejected
    assert path == "Provisioning/Mode"
    assert said.startswith("It accepted it but has another value.")


async def test_after_an_outage_those_whose_feedback_arrived_are_asked_at_once(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start())
    await give_secret(system)
    await push(system)
    await poll(system)
    assert (await row_of(system)).due_at > timezone.now() + timedelta(minutes=50)
    await Contact.objects.filter(pk=system.pk).aupdate(last_seen_at=timezone.now() - timedelta(minutes=1))
    assert await sync_to_async(outages.note_resumed)(now=timezone.now())
    await sweep()
    row = await row_of(system)
    assert row.due_at <= timezone.now()
    assert row.due_because == "this server was away"
    await poll(system)
    await sweep()
    assert (await row_of(system)).due_at > timezone.now() + timedelta(minutes=1)


async def test_a_system_without_a_secret_was_never_told_to_call_us(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start())
    await poll(system)
    assert not await is_due(system)
    assert await notes_of(system) == []


# Now


async def perform(*systems: System, user: User) -> Job:
    job = await sync_to_async(service.start)(systems, user=user, now=timezone.now())
    await running.perform(job.pk, "test")
    await job.arefresh_from_db()
    return job


async def test_poll_now_tells_what_came_of_each(
    transport: DeviceTransport, start: Start, manage: Manage, operator: User, home_office: System
) -> None:
    well, silent, wrong = [await start(number) for number in (11, 12, 13)]
    systems = [
        await manage(well),
        await manage(silent),
        await manage(wrong, login=("admin", "wrong")),
        home_office,
    ]
    await silent.stop()
    job = await perform(*systems, user=operator)
    assert (job.state, job.summary) == ("done", "1 answered, 3 did not.")
    assert job.title == "Poll 4 systems"
    assert job.folder_path == "/"
    items = {item.system_id: item async for item in JobItem.objects.filter(job=job)}
    found = [items[system.pk] for system in systems]
    assert [item.state for item in found] == ["done", "failed", "failed", "skipped"]
    assert found[0].summary.startswith("Answered in ")
    assert "refused the connection" in found[1].summary
    assert "refused the login" in found[2].summary
    assert found[3].summary == "It cannot be reached: its connectivity is Behind Firewall."
    assert (await row_of(systems[0])).last_ok_at is not None
    # The refused login is not sent by the next wish either.
    again = await perform(systems[2], user=operator)
    item = await JobItem.objects.aget(job=again)
    assert item.state == "skipped"
    assert item.summary.startswith("It refused the stored")


async def test_facts_for_pages(
    transport: DeviceTransport, start: Start, manage: Manage, home_office: System
) -> None:
    system = await manage(await start())
    await poll(system)

    @sync_to_async
    def facts() -> dict[int, service.PollFacts]:
        rows = System.objects.select_related("contact").filter(pk__in=[system.pk, home_office.pk])
        return service.facts_of(rows)

    found = await facts()
    assert found[home_office.pk].why_not == "It cannot be reached: its connectivity is Behind Firewall."
    assert found[system.pk].why_not == ""
    assert found[system.pk].last_ok_at is not None
    assert found[system.pk].failures == 0
