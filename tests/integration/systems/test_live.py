"""Telling open pages that something changed: they wake at once and resume from where they were."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from tests.cast import add_system

from roomkeeper.systems import inventory, live
from roomkeeper.systems.models import ChangeEvent

pytestmark = pytest.mark.django_db(transaction=True)


async def published(*topics: str) -> None:
    def publish() -> None:
        for topic in topics:
            live.publish(topic)
        connection.close()

    await sync_to_async(publish, thread_sensitive=False)()


async def topics_of(stream: AsyncIterator[list[ChangeEvent]]) -> list[str]:
    async with asyncio.timeout(10):
        return [event.topic for event in await anext(stream)]


def test_event_carries_the_system_and_the_folder_that_decides_who_hears_of_it(transactional_db):
    folder = inventory.create_folder(inventory.root_folder(), "Oslo")
    system = add_system("Boardroom", folder, 1)
    before = live.latest_id()
    live.publish("system", system)
    live.publish("network_settings")
    first, second = ChangeEvent.objects.filter(id__gt=before).order_by("id")
    assert (first.topic, first.system_id, first.folder_path) == ("system", system.pk, folder.path)
    assert (second.topic, second.system_id, second.folder_path) == ("network_settings", None, "")
    assert live.latest_id() == second.pk


def test_many_events_are_written_at_once(transactional_db, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        live.publish_many([("system", number, "/1/") for number in range(300)])
    assert ChangeEvent.objects.filter(topic="system").count() == 300
    with django_assert_max_num_queries(0):
        live.publish_many([])


def test_event_of_a_transaction_that_is_rolled_back_never_happened(transactional_db):
    before = live.latest_id()

    def fail() -> None:
        with transaction.atomic():
            live.publish("ticket")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert live.latest_id() == before


def test_stream_resumes_after_the_id_it_is_given(transactional_db):
    async def scenario() -> None:
        await published("system", "inbox")
        stream = live.events_after(0)
        assert await topics_of(stream) == ["system", "inbox"]
        await stream.aclose()
        newest = await sync_to_async(live.latest_id)()
        resumed = live.events_after(newest - 1)
        assert await topics_of(resumed) == ["inbox"]
        await published("ticket")
        assert await topics_of(resumed) == ["ticket"]
        await resumed.aclose()

    asyncio.run(scenario())


def test_waiting_streams_wake_on_a_publication(transactional_db):
    async def scenario() -> None:
        streams = [live.events_after(0) for _ in range(3)]
        waiting = [asyncio.create_task(topics_of(stream)) for stream in streams]
        await published("change_set")
        assert await asyncio.gather(*waiting) == [["change_set"]] * 3
        for stream in streams:
            await stream.aclose()

    asyncio.run(scenario())


def test_silence_gives_an_empty_batch_so_that_the_connection_is_kept(transactional_db):
    async def scenario() -> None:
        stream = live.events_after(0, idle=0)
        assert await topics_of(stream) == []
        await stream.aclose()

    asyncio.run(scenario())
