"""How much memory the bodies of requests may hold while they are read, in all and for a source (rule R14). Pure: no
I/O, no clock; reading is `bodies`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

# A body without a known secret.
UNPROVEN_BODY = 256_000
# Bodies that are read or wait to be read at once with one secret: a device posts a few documents side by side.
BODIES_A_SECRET = 8
# Bodies of known secrets that wait for memory; whoever comes then is told to come again.
WAITING = 1_000
# What an unfinished request holds beside its body: connection, parser, task; over TLS the buffers of the session.
REQUEST = 32_000
REQUEST_OVER_TLS = 96_000
# A body may come slowly for a moment, then at least so many bytes a second since its beginning.
GRACE = 5.0
LEAST_RATE = 4_000


@dataclass(eq=False, slots=True)
class Reading:
    """One body being read. `secret` is the known secret of its path, "" for the unproven; `cost` is in bytes; `drop`
    is called where it has to make room."""

    source: str
    secret: str
    cost: int
    drop: Callable[[], None] | None = None
    is_dropped: bool = False


class BodyBudget:
    """The bytes of all bodies being read, `in_all` at most.

    One secret holds a quarter of what is for known ones.

    A quarter is for the unproven, a quarter of that for one source; who is over its share is refused, and where the
    whole is spent the oldest of them makes room. Known secrets have five eighths, one source half of that; they wait.
    The rest is for what is copied on the way.
    """

    def __init__(self, in_all: int) -> None:
        self.unproven_in_all = in_all // 4
        self.unproven_a_source = self.unproven_in_all // 4
        self.known_in_all = in_all * 5 // 8
        self.known_a_source = self.known_in_all // 2
        self.known_a_secret = self.known_in_all // 4
        self._held_by_secret: Counter[str] = Counter()
        self._unproven: dict[Reading, None] = {}
        self._by_source: Counter[tuple[bool, str]] = Counter()
        self._by_secret: Counter[str] = Counter()
        self.unproven_held = 0
        self.known_held = 0

    def admit_unproven(self, reading: Reading) -> bool:
        """Let a body without a known secret be read; False where its source has used up its share."""
        if self._by_source[False, reading.source] + reading.cost > self.unproven_a_source:
            self._tidy((False, reading.source))
            return False
        self._unproven[reading] = None
        self._by_source[False, reading.source] += reading.cost
        self.unproven_held += reading.cost
        while self.unproven_held > self.unproven_in_all and len(self._unproven) > 1:
            oldest = next(iter(self._unproven))
            oldest.is_dropped = True
            self.end(oldest)
            if oldest.drop is not None:
                oldest.drop()
        return True

    def announce(self, reading: Reading) -> bool:
        """Count a body of a known secret, before it is admitted; False where that secret has too many in progress."""
        if self._by_secret[reading.secret] >= BODIES_A_SECRET:
            return False
        self._by_secret[reading.secret] += 1
        return True

    def withdraw(self, reading: Reading) -> None:
        """Forget a body that was announced."""
        self._by_secret[reading.secret] -= 1
        if self._by_secret[reading.secret] <= 0:
            del self._by_secret[reading.secret]

    def is_full(self, cost: int) -> bool:
        """Whether the whole of the known has no room for so much more."""
        return bool(self.known_held) and self.known_held + cost > self.known_in_all

    def admit_known(self, reading: Reading) -> bool:
        """Let a body of a known secret be read; False where there is no room now. One is always let in, however
        large."""
        key = (True, reading.source)
        held = self._by_source[key]
        own = self._held_by_secret[reading.secret]
        if (
            self.is_full(reading.cost)
            or (held and held + reading.cost > self.known_a_source)
            or (own and own + reading.cost > self.known_a_secret)
        ):
            self._tidy(key)
            return False
        self._held_by_secret[reading.secret] += reading.cost
        self._by_source[key] += reading.cost
        self.known_held += reading.cost
        return True

    def grow(self, reading: Reading, more: int) -> bool:
        """Let a known body, whose length was not told, have more; False where there is no room now."""
        if self.is_full(more):
            return False
        reading.cost += more
        self._held_by_secret[reading.secret] += more
        self._by_source[True, reading.source] += more
        self.known_held += more
        return True

    def end(self, reading: Reading) -> None:
        """The body is read and handled, or given up."""
        if reading.secret:
            self.known_held -= reading.cost
            self._held_by_secret[reading.secret] -= reading.cost
            if self._held_by_secret[reading.secret] <= 0:
                del self._held_by_secret[reading.secret]
        elif reading in self._unproven:
            del self._unproven[reading]
            self.unproven_held -= reading.cost
        else:
            return  # it was dropped
        key = (bool(reading.secret), reading.source)
        self._by_source[key] -= reading.cost
        self._tidy(key)

    def _tidy(self, key: tuple[bool, str]) -> None:
        if self._by_source[key] <= 0:
            del self._by_source[key]


def time_allowed(received: int, seconds: float) -> float:
    """Seconds since its beginning in which a body of which so many bytes have come must go on; `seconds` at most."""
    return min(seconds, max(GRACE, received / LEAST_RATE))
