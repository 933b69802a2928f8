"""The load: wrk on a core of its own, fed with prepared requests from a file."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.installation import core

CONNECTIONS = 64
_SCRIPT = Path(__file__).with_name("requests.lua")
_REPORT = re.compile(
    r"^bench requests=(\d+) microseconds=(\d+) refused=(\d+) broken=(\d+) p99=(\d+) p95=(\d+)", re.MULTILINE
)


class WrkMissing(RuntimeError):
    """wrk is not installed."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk did. `refused` are answers of 400 and above, `broken` is what never was answered."""

    answered: int
    seconds: float
    refused: int
    broken: int
    p99: float
    p95: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (self.answered - self.refused) / self.seconds


def write_requests(path: Path, requests: Iterable[bytes]) -> None:
    """Whole HTTP requests, one after another as wrk's script reads them: length, line feed, bytes."""
    with path.open("wb") as file:
        for one in requests:
            file.write(b"%d\n" % len(one))
            file.write(one)


def run(url: str, requests: Path, *, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Post random ones of the prepared requests for some time. Raises `WrkMissing`."""
    program = shutil.which("wrk")
    if program is None:
        raise WrkMissing("wrk is not installed (Debian's package wrk).")
    done = subprocess.run(
        [
            *core(1),
            program,
            "--threads",
            "1",
            "--connections",
            str(connections),
            "--duration",
            f"{max(1, round(seconds))}s",
            "--timeout",
            "30s",
            "--script",
            str(_SCRIPT),
            url,
            "--",
            str(requests),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = _REPORT.search(done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said: {done.stdout[-500:]} {done.stderr[-500:]}")
    requests_made, microseconds, refused, broken, p99, p95 = map(int, found.groups())
    return Load(requests_made, microseconds / 1e6, refused, broken, p99 / 1e6, p95 / 1e6)
