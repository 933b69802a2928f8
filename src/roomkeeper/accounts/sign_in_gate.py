"""How many passwords are checked at a time, so that a flood of wrong ones occupies neither threads nor processors."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from roomkeeper.words import gettext as _

AT_ONCE: Final = 2
WAITING: Final = 8
OF_ONE_SOURCE: Final = 2
# Seconds that somebody waits for a turn; each takes less than a tenth of one.
PATIENCE: Final = 2.0
# Wrong names and passwords of one source at once, and how many a second are forgiven.
BURST: Final = 20.0
FORGIVEN: Final = 1 / 3
SOURCES: Final = 10_000


class Busy(Exception):
    """No turn just now; `seconds` until it makes sense to try again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(_("Too many sign-ins at once."))
        self.seconds = seconds


class Gate:
    """Turns for checking a password.

    A name that has signed in from a source before has a turn of its own: it is not held up by what others try from
    there, nor by a flood from elsewhere. Of the others, one source has a few turns at a time and a rate of wrong ones.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free = threading.Condition()
        self._running = {True: 0, False: 0}
        self._present: Counter[tuple[str, bool]] = Counter()
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @contextmanager
    def turn(self, source: str, *, is_known: bool) -> Iterator[None]:
        """Wait for a turn, a moment at most. Raises `Busy`."""
        key = (source, is_known)
        with self._free:
            if not is_known and (seconds := self._seconds_to_wait(source)) > 0:
                raise Busy(seconds)
            waiting = sum(count for (_, known), count in self._present.items() if known is is_known)
            if self._present[key] >= OF_ONE_SOURCE or waiting >= WAITING:
                raise Busy(1.0)
            self._present[key] += 1
            try:
                if not self._free.wait_for(lambda: self._running[is_known] < AT_ONCE, timeout=PATIENCE):
                    raise Busy(1.0)
            except Busy:
                self._leave(key)
                raise
            self._running[is_known] += 1
        try:
            yield
        finally:
            with self._free:
                self._running[is_known] -= 1
                self._leave(key)
                self._free.notify_all()

    def charge(self, source: str) -> None:
        """A wrong one came from there."""
        with self._free:
            self._spent[source] = (self._left_of(source) + 1.0, self._clock())
            self._spent.move_to_end(source)
            while len(self._spent) > SOURCES:
                self._spent.popitem(last=False)

    def _leave(self, key: tuple[str, bool]) -> None:
        self._present[key] -= 1
        if not self._present[key]:
            del self._present[key]

    def _left_of(self, source: str) -> float:
        spent, at = self._spent.get(source, (0.0, 0.0))
        return max(0.0, spent - (self._clock() - at) * FORGIVEN)

    def _seconds_to_wait(self, source: str) -> float:
        return max(0.0, (self._left_of(source) - BURST + 1.0) / FORGIVEN)
