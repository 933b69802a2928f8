"""A job that is stopped, or whose process dies in the middle: what was begun is finished, nothing is done twice."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from tests.integration.adding.conftest import NOW, WRONG, at, failures

from roomkeeper.adding import finishing
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.running import perform
from roomkeeper.provisioning.push_pump import pump
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Contact, State, StoredDocument, System

pytestmark = pytest.mark.django_db(transaction=True)


async def work_until(job: Job, moment, *, worker: str = "w1") -> None:
    """Work on the job until the moment has come, and then no more: as a process that is killed."""
    async with device_access.open_transport():
        working = asyncio.create_task(perform(job.pk, worker))
        await moment()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def once_there_is(rows) -> None:
    exists = sync_to_async(rows.exists)
    async with asyncio.timeout(20):
        while not await exists():
            await asyncio.sleep(0.01)


async def test_half_made_system_is_completed_and_not_made_again(add, start):
    # Slow answers, so that the system is there long before it is whole.
    endpoint = await start(faults=(("slow_seconds", "0.2"),))
    job = await add.create(at(endpoint))
    await work_until(job, lambda: once_there_is(System.objects.filter(state=State.MANAGED)))
    item = await JobItem.objects.aget(job=job)
    system = await System.objects.aget()
    assert (item.state, item.system_id) == ("running", system.pk)
    assert not await StoredDocument.objects.aexists()
    endpoint.set_fault("slow_seconds", 0)
    added = await add.run(job, worker="w2")
    assert (added.job.state, added.states) == ("done", ["done"])
    assert added.item.summary.startswith("Added: Room 1")
    assert added.item.system_id == system.pk
    await system.arefresh_from_db()
    assert (system.name, system.management_is_due) == ("Room 1", False)
    assert await StoredDocument.objects.acount() == 3
    assert endpoint.device.configuration.find("Provisioning/Mode") == "TMS"


async def test_every_moment_of_death_ends_with_one_whole_system(add, start):
    endpoint = await start()
    job = await add.create(at(endpoint))
    deaths = 0
    while not await Job.objects.filter(pk=job.pk, state__in=Job.ENDED).aexists():
        deaths += 1
        endpoint.requests.clear()

        async def until_asked(number: int = deaths) -> None:
            async with asyncio.timeout(20):
                while len(endpoint.requests) < number and not await sync_to_async(_has_ended)(job):
                    await asyncio.sleep(0)

        await work_until(job, until_asked, worker=f"w{deaths}")
    assert deaths > 5
    item = await JobItem.objects.aget(job=job)
    assert item.state == "done", item.summary
    assert await System.objects.acount() == 1
    assert await Contact.objects.acount() == 1
    assert not (await System.objects.aget()).management_is_due
    assert await StoredDocument.objects.acount() == 3


def _has_ended(job: Job) -> bool:
    return Job.objects.filter(pk=job.pk, state__in=Job.ENDED).exists()


async def test_login_that_a_dead_process_had_sent_counts(add, start):
    endpoint = await start(faults=(("slow_seconds", "0.3"),))
    job = await add.create(at(endpoint), logins=(WRONG,))
    await work_until(job, lambda: once_there_is(JobItem.objects.filter(details__has_key="tries")))
    added = await add.run(job, worker="w2")
    assert added.states == ["failed"]
    assert endpoint.tries == failures(endpoint) <= 2
    assert len(added.item.details["tries"]) == 2


async def test_cancelled_job_leaves_what_it_had_begun_to_the_pump(add, start):
    endpoint = await start(faults=(("slow_seconds", "0.2"),))
    silent = await start(2, faults=(("slow_seconds", "30"),))
    job = await add.create(at(endpoint, silent))
    async with device_access.open_transport():
        working = asyncio.create_task(perform(job.pk, "w1"))
        await once_there_is(System.objects.filter(state=State.MANAGED))
        await sync_to_async(work.cancel)(job, now=NOW)
        assert await working == "cancelled"
        added = await sync_to_async(add.look)(job)
        assert added.states == ["cancelled", "cancelled"]
        system = await System.objects.aget()
        assert system.management_is_due
        assert added.items[0].system_id == system.pk
        endpoint.set_fault("slow_seconds", 0)
        # Whoever held the right to write has given it back.
        await pump.push_due(now=datetime.now(UTC))
    assert endpoint.device.configuration.find("Provisioning/Mode") == "TMS"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_contact_of_what_is_left_to_the_pump_is_locked_before_its_system(boardroom):
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        finishing.make_due([boardroom.pk])
    first, *_, last = [query["sql"] for query in asked.captured_queries]
    assert first.startswith('SELECT "systems_contact"')
    assert first.endswith("FOR UPDATE")
    assert last.startswith("UPDATE")


async def test_system_that_is_deleted_while_its_job_stands_still_is_not_made_again(add, start):
    endpoint = await start(faults=(("slow_seconds", "0.2"),))
    job = await add.create(at(endpoint))
    await work_until(job, lambda: once_there_is(System.objects.filter(state=State.MANAGED)))
    await sync_to_async(System.objects.all().delete)()
    added = await add.run(job, worker="w2")
    assert added.states == ["failed"]
    assert "has since been deleted" in added.item.summary
    assert not await System.objects.aexists()


async def test_device_that_goes_away_in_the_middle_is_added_with_a_warning(add, start):
    endpoint = await start(faults=(("slow_seconds", "0.2"),))
    job = await add.create(at(endpoint))
    async with device_access.open_transport():
        working = asyncio.create_task(perform(job.pk, "w1"))
        await once_there_is(System.objects.filter(state=State.MANAGED))
        await endpoint.stop()
        assert await working == "done"
    added = await sync_to_async(add.look)(job)
    assert added.states == ["warning"]
    assert added.item.advice
    system = await System.objects.aget()
    assert system.management_is_due
