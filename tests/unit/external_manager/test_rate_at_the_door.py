"""Whom the door charges and when, with a clock moved by hand and a store of a few secrets."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from roomkeeper.external_manager import answers
from roomkeeper.external_manager.door import Door
from roomkeeper.external_manager.posts import Post, Reply
from roomkeeper.settings.options import Options

FEEDBACK = "/tms/public/feedback/code.aspx"


class Store:
    """Stands for the batcher: it takes every post, proves those with a good secret, and counts."""

    def __init__(self, *good: str, blocked: Collection[str] = ()) -> None:
        self.good, self.blocked = set(good), set(blocked)
        self.posts: list[Post] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def stops_with(self, stop: Callable[[], None]) -> None:
        """Nothing that reads beside it is started here."""

    async def find_known(self, texts: Collection[str]) -> set[str]:
        return (self.good | self.blocked) & set(texts)

    async def submit(self, post: Post) -> Reply:
        self.posts.append(post)
        if post.secret in self.blocked:
            return answers.BLOCKED
        return answers.KEPT if post.secret in self.good else answers.KEPT_CLAIM


class Stage:
    """A door with a clock of its own."""

    def __init__(self, store: Store, **options: Any) -> None:
        self.now = 1_000.0
        self.store = store
        self.door = Door(
            self._nothing, store, replace(Options(), **options), clock=lambda: self.now  # type: ignore[arg-type]
        )  # fmt: skip
        self.bodies_asked_for = 0

    async def _nothing(self, *_: object) -> None:
        raise AssertionError

    async def post(
        self,
        secret: str = "",
        *,
        source: str = "192.0.2.1",
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        async def receive() -> dict[str, Any]:
            self.bodies_asked_for += 1
            if meanwhile is not None:
                await meanwhile()
            return {"type": "http.request", "body": b"<x/>", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http", "method": "POST", "path": f"{FEEDBACK}/{secret}", "scheme": "http",
            "headers": [(b"content-length", b"4")], "client": (source, 1), "query_string": b"",
        }  # fmt: skip
        await self.door(scope, receive, send)
        return int(sent[0]["status"])

    async def posts(self, number: int, secret: str = "", **options: Any) -> list[int]:
        return [await self.post(secret, **options) for _ in range(number)]


def test_a_body_that_takes_twelve_seconds_costs_one_post() -> None:
    async def run() -> None:
        stage = Stage(Store(), unproven_rate=20.0, unproven_burst=200)

        async def twelve_seconds() -> None:
            stage.now += 12.0
            assert await stage.post() == 200

        assert await stage.post(meanwhile=twelve_seconds) == 200
        # 199 are left of the bucket that was full again when the second one was charged.
        assert await stage.posts(200) == [200] * 199 + [429]

    asyncio.run(run())


def test_who_is_over_the_rate_is_not_read() -> None:
    async def run() -> None:
        stage = Stage(Store(), unproven_rate=0.0, unproven_burst=3)
        assert await stage.posts(10) == [200] * 3 + [429] * 7
        assert (stage.bodies_asked_for, len(stage.store.posts)) == (3, 3)

    asyncio.run(run())


@pytest.mark.parametrize("secret", ["a" * 32, "x"])
def test_a_made_up_secret_is_charged_like_none(secret: str) -> None:
    async def run() -> None:
        stage = Stage(Store("good"), unproven_rate=0.0, unproven_burst=3)
        assert await stage.posts(10, secret) == [200] * 3 + [429] * 7
        assert (stage.bodies_asked_for, len(stage.store.posts)) == (3, 3)
        # Whoever has a secret and the same address is served, whether or not it was heard of before.
        assert await stage.posts(10, "good") == [200] * 10
        assert await stage.post(secret) == 429

    asyncio.run(run())


def test_known_secrets_cost_nothing() -> None:
    async def run() -> None:
        stage = Stage(Store("good", "better"), unproven_rate=0.0, unproven_burst=3)
        assert await stage.posts(10, "good") == [200] * 10
        assert await stage.posts(10, "better") == [200] * 10
        assert await stage.posts(4) == [200] * 3 + [429]

    asyncio.run(run())


def test_a_secret_that_proves_nothing_any_more_is_charged_from_the_next_post_on() -> None:
    async def run() -> None:
        store = Store("good", blocked=["out"])
        stage = Stage(store, unproven_rate=0.0, unproven_burst=3)
        assert await stage.post("good") == 200
        store.good.clear()
        assert await stage.posts(5, "good") == [200] * 3 + [429] * 2
        assert await stage.posts(5, "out", source="192.0.2.2") == [403] * 3 + [429] * 2

    asyncio.run(run())
