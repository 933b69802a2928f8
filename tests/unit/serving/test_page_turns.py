"""How many requests Django works on at once."""

import asyncio
from typing import Any

import pytest

from roomkeeper.external_manager.bodies import Bodies
from roomkeeper.external_manager.connections import CONNECTION_KEY
from roomkeeper.serving.page_limits import AT_ONCE, PageLimits
from roomkeeper.settings.options import Options


class Connection:
    """A connection as far as it is asked whether its peer is there."""

    def __init__(self, *, is_closing: bool) -> None:
        self.transport = self
        self._is_closing = is_closing

    def is_closing(self) -> bool:
        return self._is_closing

    def abort(self) -> None:
        raise AssertionError("it took its answer")


class Pages:
    """An application that works until it is let go on; `streams`: its answers begin and do not end."""

    def __init__(self, *, streams: bool = False) -> None:
        self.begun = self.working = self.most = 0
        self.may_go_on = asyncio.Event()
        self._streams = streams

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.begun += 1
        self.working += 1
        self.most = max(self.most, self.working)
        if self._streams:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.may_go_on.wait()
        self.working -= 1


async def ask(pages: Pages, number: int, *, is_gone: bool = False) -> list[asyncio.Task[None]]:
    limits = PageLimits(pages, Bodies(1_000_000), Options())
    scope = {
        "type": "http", "headers": [], "path": "/", "client": ("127.0.0.1", 1),
        CONNECTION_KEY: Connection(is_closing=is_gone),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: dict[str, Any]) -> None:
        return

    tasks = [asyncio.create_task(limits(dict(scope), receive, send)) for _ in range(number)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


@pytest.mark.parametrize(("streams", "working"), [(False, AT_ONCE), (True, AT_ONCE * 3)])
def test_as_many_as_have_a_turn_are_worked_on_and_a_stream_takes_none(streams: bool, working: int) -> None:
    async def run() -> Pages:
        pages = Pages(streams=streams)
        tasks = await ask(pages, AT_ONCE * 3)
        assert pages.working == working
        pages.may_go_on.set()
        await asyncio.gather(*tasks)
        return pages

    assert asyncio.run(run()).begun == AT_ONCE * 3


def test_whoever_is_gone_when_its_turn_comes_is_not_answered() -> None:
    async def run() -> Pages:
        pages = Pages()
        await asyncio.gather(*await ask(pages, 3, is_gone=True))
        return pages

    assert asyncio.run(run()).begun == 0
