"""Which secrets are known: remembered, looked up in company, forgotten, and never a reason to wait for ever."""

import asyncio
from collections.abc import Collection

import pytest

from roomkeeper.external_manager import known_secrets
from roomkeeper.external_manager.known_secrets import Crowded, KnownSecrets, StoreAway


class Store:
    """A database with some secrets; it counts its questions and can be away."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = set(secrets)
        self.questions: list[set[str]] = []
        self.is_away = False

    async def __call__(self, texts: Collection[str]) -> set[str]:
        self.questions.append(set(texts))
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreAway
        return self.secrets & set(texts)


def test_those_that_come_together_are_looked_up_together_and_known_ones_remembered():
    async def run() -> None:
        store = Store("a", "b")
        known = KnownSecrets(store)
        asked = [known.look_up(text, is_over_rate=False) for text in ("a", "b", "x", "a")]
        assert await asyncio.gather(*asked) == [True, True, False, True]
        assert store.questions == [{"a", "b", "x"}]
        assert (known.remembers("a"), known.remembers("x")) == (True, False)
        # One that is unknown may be known a moment later: another process has admitted a system.
        store.secrets.add("x")
        assert await known.look_up("x", is_over_rate=False)
        known.forget("a")
        assert not known.remembers("a")

    asyncio.run(run())


def test_a_store_that_is_away_is_told_and_the_next_question_is_asked():
    async def run() -> None:
        store = Store("a")
        store.is_away = True
        known = KnownSecrets(store)
        with pytest.raises(StoreAway):
            await known.look_up("a", is_over_rate=False)
        store.is_away = False
        assert await known.look_up("a", is_over_rate=False)

    asyncio.run(run())


def test_sources_over_their_rate_leave_room_for_others():
    async def run() -> None:
        store = Store("good")
        known = KnownSecrets(store)
        flood = [
            asyncio.create_task(known.look_up(f"made up {n}", is_over_rate=True))
            for n in range(known_secrets.WAITING_OVER_RATE + 5)
        ]
        await asyncio.sleep(0)
        assert await known.look_up("good", is_over_rate=False)
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(one, Crowded) for one in outcomes) == 5
        assert len(store.questions) <= 3

    asyncio.run(run())
