"""A folder's administrator has the server look at itself, at its loopback and at what is beside it: nothing is sent."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from tests.integration.adding.conftest import NOW, Adding, at

from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import System

pytestmark = pytest.mark.django_db(transaction=True)
ALLOWED = ["127.1.81.0/24"]


@pytest.fixture
async def allow(_settings: None):
    """Sets the networks that may be contacted."""

    async def update(networks: list[str]) -> None:
        await sync_to_async(network_settings.update)({"contactable_networks": networks}, user=None, now=NOW)

    await update([])
    return update


async def test_open_and_closed_are_told_alike_and_nobody_is_asked(
    allow, start, site_administrator, oslo
) -> None:
    endpoint = await start()
    add = Adding(site_administrator, oslo)
    opened = await add(at(endpoint))
    closed = await add(parse_csv("host,https_port,http_port\n127.1.81.1,1,1"))
    named = await add(parse_csv(f"host,https_port,http_port\nlocalhost,{endpoint.https_port},1"))
    assert endpoint.requests == []
    told = {
        (one.item.state, one.item.summary.replace("localhost", "127.1.81.1"), one.item.advice)
        for one in (opened, closed, named)
    }
    assert len(told) == 1
    (state, summary, advice) = told.pop()
    assert state == "failed"
    assert "Network settings" in summary + advice
    assert await System.objects.acount() == 0


async def test_a_range_on_loopback_finds_nobody(allow, start, add) -> None:
    endpoint = await start()
    added = await add("127.1.81.0/29", confirmed_count=6)
    assert endpoint.requests == []
    assert {item.state for item in added.items} <= {"failed", "skipped"}
    assert len({item.summary.replace(item.label, "") for item in added.items}) == 1


async def test_the_servers_administrator_allows_a_network(allow, start, add) -> None:
    endpoint = await start()
    assert (await add(at(endpoint))).item.state == "failed"
    await allow(ALLOWED)
    assert (await add(at(endpoint))).item.state == "done"


async def test_what_was_allowed_is_not_contacted_any_more(allow, start, add) -> None:
    endpoint = await start()
    await allow(ALLOWED)
    await add(at(endpoint))
    asked = len(endpoint.requests)
    await allow([])
    await add(at(endpoint))
    assert len(endpoint.requests) == asked
