"""Turns of the event loop: what many want begun in one moment is begun a few at a time, and the rest of what the loop
has to do comes in between. Not here: who has to wait for a turn."""

import asyncio
from collections import deque


class Turns:
    """`at_once` are begun in each turn of the loop, in the order in which they came. Used on one event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = self._left = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_between = False

    async def take(self) -> None:
        """Returns once it is one's turn: at once where few came in this one."""
        loop = asyncio.get_running_loop()
        if not self._is_between:
            self._is_between = True
            loop.call_soon(self._next)
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next(self) -> None:
        self._left = self._at_once
        while self._left and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        self._is_between = self._left < self._at_once
        if self._is_between:
            asyncio.get_running_loop().call_soon(self._next)
