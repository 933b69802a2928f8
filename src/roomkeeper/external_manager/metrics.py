"""What the door counts, for Prometheus."""

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
