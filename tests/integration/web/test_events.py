"""The event stream: what changed, to those who may see it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from roomkeeper.accounts.models import User
from roomkeeper.systems import live
from roomkeeper.systems.models import System
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
