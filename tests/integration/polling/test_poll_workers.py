"""Polls and the workers that make them: claims, limits, and who takes over from a dead one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async

from roomkeeper.devices.client import DeviceTransport
from roomkeeper.polling import claiming
from roomkeeper.polling.models import Poll
from roomkeeper.polling.pump import Poller
from roomkeeper.systems.models import (
    NetworkSettings,
    System,
)
from roomkeeper.virtual.endpoint import VirtualEndpoint
from tests.integration.polling.rounds import sweep

Start = Callable[..., Awaitable[VirtualEndpoint]]
Manage = Callable[..., Awaitable[System]]
LONG_AGO = timedelta(hours=2)


async def test_a_dead_workers_polls_are_taken_over(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start())
    await sweep()
    now = datetime.now(UTC)
    taken = await sync_to_async(claim)(now)
    assert [task.system_id for task in taken] == [system.pk]
    # While the other one may live nobody else asks; once its claim has run out, somebody does.
    assert await Poller().run() == 0
    assert await sync_to_async(claim)(now + claiming.CLAIM - timedelta(seconds=1)) == []
    await Poll.objects.aupdate(claimed_until=now - timedelta(seconds=1))
    assert await Poller().run() == 1


def claim(now: datetime) -> list[claiming.PollTask]:
    return claiming.claim_free(answering=0, silent=0, silent_at_most=20, busy_networks={}, now=now).tasks


async def test_a_long_poll_keeps_its_claim(transport: DeviceTransport, start: Start, manage: Manage) -> None:
    system = await manage(await start())
    await sweep()
    now = datetime.now(UTC)
    await sync_to_async(claim)(now)
    later = now + claiming.RENEW_EVERY
    await sync_to_async(claiming.renew)([system.pk], now=later)
    assert await sync_to_async(claim)(now + claiming.CLAIM + timedelta(seconds=1)) == []


async def test_limits_hold(transport: DeviceTransport, start: Start, manage: Manage) -> None:
    endpoints = [await start(number) for number in range(1, 13)]
    for endpoint in endpoints:
        await manage(endpoint)
    await sweep()
    await NetworkSettings.objects.aupdate(polls_at_once=5, polls_at_once_in_a_network=3)
    poller = Poller()
    assert await poller.run() == 12
    # All of them are in one network.
    assert poller.most_held == 3


async def test_a_second_call_in_the_same_process_leaves_at_once(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    await manage(await start())
    await sweep()
    poller = Poller()
    first = asyncio.ensure_future(poller.run())
    await asyncio.sleep(0)
    assert await poller.run() == 0
    assert await first == 1
