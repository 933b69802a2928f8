"""The rate of posts that a source address may send without a known secret (rules R5 and R14)."""

from collections import OrderedDict

# Addresses kept at most; the longest unused are forgotten, which only fills their bucket again.
ADDRESSES = 50_000


class UnprovenRate:
    """A token bucket per source address. `now` is a monotonic time in seconds; one that lies before the last one, as
    of a request that took long, takes nothing away."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_exhausted(self, source: str, now: float) -> bool:
        """Whether the address has used up its posts for now."""
        return self._tokens(source, now)[0] < 1.0

    def charge(self, source: str, now: float) -> bool:
        """Count a post that shows no known secret; False where it was one too many."""
        tokens, moment = self._tokens(source, now)
        allowed = tokens >= 1.0
        self._buckets[source] = (tokens - 1.0 if allowed else tokens, moment)
        self._buckets.move_to_end(source)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed

    def refund(self, source: str) -> None:
        """Take a charge back: the secret of the post is known."""
        if source in self._buckets:
            tokens, moment = self._buckets[source]
            self._buckets[source] = (min(self._burst, tokens + 1.0), moment)

    def _tokens(self, source: str, now: float) -> tuple[float, float]:
        if source not in self._buckets:
            return self._burst, now
        tokens, then = self._buckets[source]
        moment = max(then, now)
        return min(self._burst, tokens + (moment - then) * self._rate), moment
