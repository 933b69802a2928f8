"""The event stream: what changed, to those who may see it."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone

from roomkeeper.accounts import people
from roomkeeper.accounts.models import Role, RoleAssignment, User
from roomkeeper.accounts.permissions import assign
from roomkeeper.systems import live
from roomkeeper.systems.models import ChangeEvent, Folder, System
from roomkeeper.web.events import MOST_OF_A_PERSON, stream


async def heard(user: User, publish: Any) -> list[dict[str, Any]]:
    """What the user's stream says of what is published after it began."""
    last: int = await sync_to_async(_then_closed)(live.latest_id)
    text = stream(user.pk, last, session_key=await sync_to_async(_then_closed)(lambda: _session_of(user)))
    assert await anext(text) == b"retry: 3000\n\n"
    await sync_to_async(_then_closed)(publish)
    async with asyncio.timeout(10):
        found = (await anext(text)).decode()
    await text.aclose()
    lines = dict(line.split(": ", 1) for line in found.strip().splitlines() if not line.startswith(":"))
    assert int(lines["id"]) > last
    events: list[dict[str, Any]] = json.loads(lines.get("data", "[]"))
    return events


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.session.session_key or ""


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


def _take_roles(user: User, client: Client) -> None:
    RoleAssignment.objects.filter(user=user).delete()


def _take_one_role(user: User, client: Client) -> None:
    RoleAssignment.objects.filter(user=user, folder__name="Bergen").delete()


def _sign_out(user: User, client: Client) -> None:
    client.post("/sign-out/")


def _deactivate(user: User, client: Client) -> None:
    people.deactivate(user, by=None)


def _reset_password(user: User, client: Client) -> None:
    people.give_one_time_password(user)


@pytest.mark.parametrize("lose", [_take_roles, _take_one_role, _sign_out, _deactivate, _reset_password])
@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_within_five_seconds_of_a_lost_right(
    lose: Callable[[User, Client], None],
    administrator: User,
    site_administrator: User,
    bergen: Folder,
) -> None:
    client = Client()

    def begin() -> int:
        assign(site_administrator, bergen, Role.VIEWER)
        client.force_login(site_administrator)
        return live.latest_id()

    last: int = await sync_to_async(_then_closed)(begin)
    text = stream(site_administrator.pk, last, session_key=client.cookies["roomkeeper_session"].value)
    assert await anext(text) == b"retry: 3000\n\n"
    await sync_to_async(_then_closed)(lambda: lose(site_administrator, client))
    async with asyncio.timeout(5):
        async for _ in text:
            pass


@pytest.mark.django_db(transaction=True)
async def test_one_person_has_so_many_streams_and_no_more(administrator: User, viewer: User) -> None:
    clients = [AsyncClient(), AsyncClient()]
    for client, user in zip(clients, (administrator, viewer), strict=True):
        await sync_to_async(_then_closed)(lambda client=client, user=user: client.force_login(user))
    opened: list[asyncio.Task[None]] = []
    for _ in range(MOST_OF_A_PERSON):
        opened.append(await _listening(clients[0]))
    refused = await clients[0].get("/events")
    assert (refused.status_code, "Close some pages" in refused.content.decode()) == (429, True)
    opened.append(await _listening(clients[1]))
    await _hang_up(opened.pop(0))
    opened.append(await _listening(clients[0]))
    for one in opened:
        await _hang_up(one)


async def _listening(client: AsyncClient) -> asyncio.Task[None]:
    """A stream that has begun, read by a task of its own as the server does it."""
    answer: Any = await client.get("/events")
    assert answer.status_code == 200
    began = asyncio.Event()

    async def read() -> None:
        async for _ in answer.streaming_content:
            began.set()

    task = asyncio.create_task(read())
    async with asyncio.timeout(20):
        await began.wait()
    # It waits for news now, not for its reader: only so is the end of the task the end of the stream.
    await asyncio.sleep(0)
    return task


async def _hang_up(listening: asyncio.Task[None]) -> None:
    """As the server does where the browser has gone."""
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
