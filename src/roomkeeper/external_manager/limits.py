"""The rate of posts that a source address may send without a proven secret (rule R5)."""

from collections import OrderedDict

# Addresses kept at most; the longest unused are forgotten, which only fills their bucket again.
ADDRESSES = 50_000


class UnprovenRate:
    """A token bucket per source address. `now` is a monotonic time in seconds."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_exhausted(self, source: str, now: float) -> bool:
        """Whether the address has used up its posts for now."""
        return self._tokens(source, now) < 1.0

    def charge(self, source: str, now: float) -> bool:
        """Count a post that proved nothing; False where it was one too many."""
        tokens = self._tokens(source, now)
        allowed = tokens >= 1.0
        self._buckets[source] = (tokens - 1.0 if allowed else tokens, now)
        self._buckets.move_to_end(source)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed

    def _tokens(self, source: str, now: float) -> float:
        if source not in self._buckets:
            return self._burst
        tokens, then = self._buckets[source]
        return min(self._burst, tokens + (now - then) * self._rate)
