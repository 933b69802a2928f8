"""What the door counts, for Prometheus."""

from functools import lru_cache

from prometheus_client import Counter, Histogram

replies = Counter(
    "roomkeeper_device_replies_total", "Answers to devices by service and HTTP status.", ["service", "status"]
)
seconds = Histogram(
    "roomkeeper_device_reply_seconds",
    "Time from a post's headers to its answer.",
    ["service"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def count(service: str, status: int, duration: float | None = None) -> None:
    """Count an answer of a service; with the seconds that it took, where the post was taken in."""
    _replies_of(service, status).inc()
    if duration is not None:
        _seconds_of(service).observe(duration)


@lru_cache(maxsize=256)
def _replies_of(service: str, status: int) -> Counter:
    # Looking a child up by its labels costs more than counting.
    return replies.labels(service, str(status))


@lru_cache(maxsize=16)
def _seconds_of(service: str) -> Histogram:
    return seconds.labels(service)
