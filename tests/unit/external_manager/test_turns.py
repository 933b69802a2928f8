"""Turns of the event loop, counted and never timed; and who waits for one at the door."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from roomkeeper.external_manager.batcher import Batcher
from roomkeeper.external_manager.connections import COMPLETE_KEY, CONNECTION_KEY
from roomkeeper.external_manager.door import UNFINISHED_A_TURN, Door
from roomkeeper.external_manager.turns import Turns
from roomkeeper.settings.options import Options

CROWD = 10 * UNFINISHED_A_TURN


class Counted:
    """How many were begun in each turn of the loop, and in which order."""

    def __init__(self) -> None:
        self.turn = 0
        self.by_turn: Counter[int] = Counter()
        self.order: list[int] = []
        asyncio.get_running_loop().call_soon(self._tick)

    def _tick(self) -> None:
        self.turn += 1
        asyncio.get_running_loop().call_soon(self._tick)

    def note(self, number: int) -> None:
        self.by_turn[self.turn] += 1
        self.order.append(number)


async def test_no_more_than_so_many_begin_in_a_turn_in_the_order_in_which_they_came() -> None:
    turns, counted = Turns(7), Counted()

    async def one(number: int) -> None:
        await turns.take()
        counted.note(number)

    await asyncio.gather(*(one(number) for number in range(100)))
    assert counted.order == list(range(100))
    assert max(counted.by_turn.values()) == 7
    assert len(counted.by_turn) == 15


async def test_few_do_not_wait_whatever_was_before() -> None:
    turns = Turns(7)
    await asyncio.gather(*(turns.take() for _ in range(50)))
    for _ in range(3):
        await asyncio.sleep(0)
    counted = Counted()
    for number in range(7):
        await turns.take()
        counted.note(number)
    assert list(counted.by_turn.values()) == [7]


async def test_who_gives_up_takes_no_turn() -> None:
    turns, counted = Turns(5), Counted()

    async def one(number: int) -> None:
        await turns.take()
        counted.note(number)

    tasks = [asyncio.create_task(one(number)) for number in range(25)]
    await asyncio.sleep(0)
    for task in tasks[5:20]:
        task.cancel()
    await asyncio.wait(tasks)
    assert counted.order == [0, 1, 2, 3, 4, 20, 21, 22, 23, 24]
    assert sum(counted.by_turn.values()) == 10


@dataclass
class Connection:
    """Stands for `GuardedProtocol`."""

    is_proven: bool = False
    is_gone: bool = False


class Crowd:
    """A door and what of many requests comes through it."""

    def __init__(self) -> None:
        self.door = Door(self._inner, Batcher(), Options())
        self.counted = Counted()
        self.was_told = 0

    async def _inner(self, scope: dict[str, Any], *_: object) -> None:
        self.counted.note(scope["number"])

    async def ask(self, number: int, connection: Connection, *, is_complete: bool = False) -> None:
        async def receive() -> dict[str, Any]:
            self.was_told += 1
            return {"type": "http.disconnect"}

        async def send(_: object) -> None:
            raise AssertionError

        scope = {
            "type": "http", "method": "POST", "path": "/sign-in/", "scheme": "http", "number": number,
            "headers": [(b"content-length", b"4")], "client": ("192.0.2.1", 1), CONNECTION_KEY: connection,
        }  # fmt: skip
        if is_complete:
            scope[COMPLETE_KEY] = True
        await self.door(scope, receive, send)


async def test_a_crowd_of_unfinished_requests_lets_complete_and_proven_ones_pass() -> None:
    crowd = Crowd()
    await asyncio.gather(
        *(crowd.ask(number, Connection()) for number in range(CROWD)),
        crowd.ask(CROWD, Connection(), is_complete=True),
        crowd.ask(CROWD + 1, Connection(is_proven=True)),
    )
    assert sorted(crowd.counted.order) == list(range(CROWD + 2))
    assert {CROWD, CROWD + 1} < set(crowd.counted.order[: UNFINISHED_A_TURN + 2])
    assert max(crowd.counted.by_turn.values()) <= UNFINISHED_A_TURN + 2


async def test_whoever_is_cut_while_it_waits_is_not_worked_on() -> None:
    crowd = Crowd()
    connections = [Connection() for _ in range(CROWD)]
    tasks = [asyncio.create_task(crowd.ask(number, one)) for number, one in enumerate(connections)]
    await asyncio.sleep(0)
    for one in connections[UNFINISHED_A_TURN:]:
        one.is_gone = True
    await asyncio.gather(*tasks)
    assert crowd.counted.order == list(range(UNFINISHED_A_TURN))
    assert crowd.was_told == CROWD - UNFINISHED_A_TURN
