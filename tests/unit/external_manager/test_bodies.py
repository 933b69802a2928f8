"""Reading bodies: each with its answer where it is too large, too slow, too much, or gone."""

import asyncio
from typing import Any

import pytest

from roomkeeper.external_manager.bodies import Bodies, Refused, declared_length
from roomkeeper.external_manager.body_budget import BODIES_A_SECRET, REQUEST


class Sender:
    """A request whose body comes in the parts that it is given; then it goes on for ever, or is gone."""

    def __init__(self, *parts: bytes, declared: int | None = None, is_gone: bool = False) -> None:
        self.parts = list(parts)
        self.total = sum(map(len, parts)) if declared is None else declared
        self.sent = 0
        self.is_gone = is_gone
        headers = (
            [(b"content-length", b"%d" % self.total)]
            if declared != -1
            else [(b"transfer-encoding", b"chunked")]
        )
        self.scope: dict[str, Any] = {"type": "http", "headers": headers}

    async def receive(self) -> dict[str, Any]:
        if self.parts:
            part = self.parts.pop(0)
            self.sent += len(part)
            more = self.sent < self.total if self.total >= 0 else bool(self.parts)
            return {"type": "http.request", "body": part, "more_body": more}
        if self.is_gone:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError


async def read(
    bodies: Bodies,
    sender: Sender,
    *,
    secret: str = "",
    source: str = "192.0.2.1",
    limit: int = 256_000,
    seconds: float = 60,
) -> bytes:
    async with bodies.reading(
        sender.scope, sender.receive, source=source, secret=secret, limit=limit, seconds=seconds
    ) as raw:
        return raw


def status_of(bodies: Bodies, sender: Sender, **options: Any) -> int:
    with pytest.raises(Refused) as refused:
        asyncio.run(read(bodies, sender, **options))
    assert bodies.budget.unproven_held == bodies.budget.known_held == 0
    assert not bodies.budget._by_secret
    return refused.value.status


def test_a_body_in_parts_is_read_whole():
    bodies = Bodies(64_000_000)
    assert asyncio.run(read(bodies, Sender(b"ab", b"cd", b"e"))) == b"abcde"
    assert asyncio.run(read(bodies, Sender(b"ab", b"cd", declared=-1), secret="s")) == b"abcd"
    assert bodies.budget.unproven_held == bodies.budget.known_held == 0


def test_what_says_to_be_too_large_is_refused_unread():
    sender = Sender(b"x", declared=256_001)
    assert status_of(Bodies(64_000_000), sender) == 413
    assert sender.sent == 0


def test_what_does_not_say_how_large_it_is_is_refused_at_the_limit():
    sender = Sender(*[b"x" * 100_000] * 50, declared=-1)
    assert status_of(Bodies(64_000_000), sender) == 413
    assert sender.sent == 300_000


def test_what_stands_still_is_refused():
    assert status_of(Bodies(64_000_000), Sender(b"x", declared=100), seconds=0.05) == 408


def test_who_is_gone_posted_nothing():
    """What came until then is no post: half a document would be kept in place of a whole one."""
    assert status_of(Bodies(64_000_000), Sender(b"x", declared=100, is_gone=True)) == 0
    assert status_of(Bodies(64_000_000), Sender(b"x", declared=100, is_gone=True), secret="s") == 0


def test_the_oldest_unfinished_body_makes_room():
    async def run() -> list[int]:
        bodies = Bodies(16 * (100_000 + REQUEST))  # room for four
        many = [
            asyncio.create_task(read(bodies, Sender(b"x", declared=100_000), source=f"192.0.2.{n}"))
            for n in range(6)
        ]
        done, waiting = await asyncio.wait(many, timeout=0.2)
        assert done == {many[0], many[1]}
        assert await read(bodies, Sender(b"good"), source="192.0.2.99") == b"good"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
        assert bodies.budget.unproven_held == 0
        return [task.exception().status for task in done]  # type: ignore[union-attr]

    # A source may hold a quarter, which is one body here.
    assert asyncio.run(run()) == [503, 503]


def test_known_secrets_wait_unread_for_their_turn():
    async def run() -> None:
        bodies = Bodies(16_000_000)  # 10 MB for known secrets, 5 MB a source
        slow = [Sender(b"x" * 5_000_000, declared=5_000_001) for _ in range(2)]
        held = [
            asyncio.create_task(read(bodies, one, secret=f"s{n}", source=f"192.0.2.{n}", limit=10_000_000))
            for n, one in enumerate(slow)
        ]
        await asyncio.sleep(0)
        late = Sender(b"late")
        waiting = asyncio.create_task(read(bodies, late, secret="late", source="192.0.2.9"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert late.sent == 0
        assert not waiting.done()
        held[0].cancel()
        assert await waiting == b"late"
        held[1].cancel()
        await asyncio.gather(*held, return_exceptions=True)
        assert bodies.budget.known_held == 0
        assert not bodies.budget._by_secret

    asyncio.run(run())


def test_one_secret_does_not_hold_many_bodies():
    async def run() -> None:
        bodies = Bodies(64_000_000)
        many = [
            asyncio.create_task(read(bodies, Sender(b"x", declared=100), secret="s"))
            for _ in range(BODIES_A_SECRET + 1)
        ]
        done, _ = await asyncio.wait(many, timeout=0.1)
        assert [task.exception().status for task in done] == [429]  # type: ignore[union-attr]
        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
        assert bodies.budget.known_held == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([], 0),
        ([(b"content-length", b"12")], 12),
        ([(b"content-length", b"12"), (b"transfer-encoding", b"chunked")], None),
        ([(b"transfer-encoding", b"chunked")], None),
        ([(b"content-length", b"-5")], None),
        ([(b"content-length", b"9" * 30)], None),
    ],
)
def test_the_length_that_is_told(headers, length):
    assert declared_length({"headers": headers}) == length
