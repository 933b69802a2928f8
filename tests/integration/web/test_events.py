"""The event stream: what changed, to those who may see it."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient
from django.utils import timezone

from roomkeeper.accounts.models import User
from roomkeeper.systems import live
from roomkeeper.systems.models import ChangeEvent, System
from roomkeeper.web.events import stream


async def heard(user: User, publish: Any) -> list[dict[str, Any]]:
    """What the user's stream says of what is published after it began."""
    last: int = await sync_to_async(_then_closed)(live.latest_id)
    text = stream(user.pk, last)
    assert await anext(text) == b"retry: 3000\n\n"
    await sync_to_async(_then_closed)(publish)
    async with asyncio.timeout(10):
        found = (await anext(text)).decode()
    await text.aclose()
    lines = dict(line.split(": ", 1) for line in found.strip().splitlines() if not line.startswith(":"))
    assert int(lines["id"]) > last
    events: list[dict[str, Any]] = json.loads(lines.get("data", "[]"))
    return events


def _then_closed(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        # This thread's connection; an open one would keep PostgreSQL from dropping the test's database.
        connection.close()


@pytest.mark.django_db(transaction=True)
async def test_a_change_is_told_once_and_by_name(administrator: User, boardroom: System) -> None:
    def twice() -> None:
        live.publish_many([("system", boardroom.pk, boardroom.folder.path)] * 2)

    assert await heard(administrator, twice) == [{"topic": "system", "system": boardroom.pk}]


@pytest.mark.django_db(transaction=True)
async def test_what_lies_outside_ones_folders_is_not_told(
    site_administrator: User, boardroom: System, lobby: System
) -> None:
    def publish() -> None:
        live.publish_many(
            [
                ("system", lobby.pk, lobby.folder.path),
                ("inbox", None, ""),
                ("network_settings", None, ""),
                ("system", boardroom.pk, boardroom.folder.path),
            ]
        )

    assert await heard(site_administrator, publish) == [{"topic": "system", "system": boardroom.pk}]


@pytest.mark.django_db(transaction=True)
async def test_a_stranger_hears_nothing_of_systems(stranger: User, boardroom: System) -> None:
    assert (
        await heard(stranger, lambda: live.publish_many([("system", boardroom.pk, boardroom.folder.path)]))
        == []
    )


@pytest.mark.django_db(transaction=True)
async def test_a_page_hears_of_what_changed_since_it_was_asked_for(
    administrator: User, boardroom: System
) -> None:
    now = timezone.now()

    def publish() -> None:
        # The cast itself was news.
        ChangeEvent.objects.all().delete()
        live.publish_many([("system", boardroom.pk, "/"), ("ticket", None, ""), ("inbox", None, "")])
        ages = dict(zip(("system", "ticket", "inbox"), (120, 20, 1), strict=True))
        for topic, age in ages.items():
            ChangeEvent.objects.filter(topic=topic).update(at=now - timedelta(seconds=age))

    await sync_to_async(_then_closed)(publish)

    async def told(query: str) -> list[str]:
        client = AsyncClient()
        await sync_to_async(_then_closed)(lambda: client.force_login(administrator))
        answer: Any = await client.get(f"/events{query}")
        pieces = answer.streaming_content
        assert await anext(pieces) == b"retry: 3000\n\n"
        # One more, so that there is an end to wait for.
        await sync_to_async(_then_closed)(lambda: live.publish_many([("systems", None, "")]))
        async with asyncio.timeout(10):
            text = (await anext(pieces)).decode()
        await pieces.aclose()
        (data,) = [line for line in text.splitlines() if line.startswith("data: ")]
        return [one["topic"] for one in json.loads(data.removeprefix("data: "))]

    assert await told("") == ["systems"]
    assert (await told("?back=5"))[:1] == ["inbox"]
    assert (await told("?back=30"))[:2] == ["ticket", "inbox"]
    # However far she asks for, a minute is enough for a page to be made.
    assert (await told("?back=999"))[:2] == ["ticket", "inbox"]
    assert "ticket" not in await told("?back=nonsense")
