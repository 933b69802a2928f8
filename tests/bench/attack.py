"""Unfinished bodies: what they take of memory, and how long good posts wait meanwhile, beside a quiet server."""

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench import posts
from tests.bench.figures import Figure, demand, show
from tests.bench.installation import ROOT, Installation, Server, installations

FLEET = 200
# So many devices post at once, each with a pause between: a busy server, and none that is full.
DEVICES, PAUSE = 20, 0.1
SECONDS = 15
MOST_GROWN_MB, MOST_RATIO = 64, 3
# connections, bytes sent of those said to come, from so few addresses (0: one each)
FLOODS = {
    "60 bodies": (60, 9_800_000, 9_900_000, 0),
    "2000 bodies": (2_000, 250_000, 256_000, 0),
    "2000 bodies of one source": (2_000, 250_000, 256_000, 1),
}


def attack(databases: list[str], *, is_quick: bool) -> None:
    """Good posts on a quiet server, then amid each flood: memory that it takes, p99, and its ratio to the quiet one."""
    seconds = 2 if is_quick else SECONDS
    with installations(databases) as made:
        for database, one in made.items():
            one.ask("seed", FLEET, one.http)
            one.ask("settle", "http", one.http)
            for name, flood in FLOODS.items():
                # A server each: what an allocator keeps of one flood would hide the next.
                with one.serve(command=("-m", "roomkeeper.cli.main", "serve")) as server:
                    _measure(one, server, f"{database} {name}", flood, seconds, is_quick=is_quick)


def _measure(
    one: Installation,
    server: Server,
    name: str,
    flood: tuple[int, int, int, int],
    seconds: float,
    *,
    is_quick: bool,
) -> None:
    asyncio.run(_post(one.http, min(seconds, 3)))
    quiet = asyncio.run(_post(one.http, seconds))
    before = server.memory()
    with _flooded(one.http, flood) as process:
        busy = asyncio.run(_post(one.http, seconds))
        grown = server.peak_memory() - before
        answers, _ = process.communicate("", timeout=60)
    told = json.loads(answers.splitlines()[-1])
    demand(told.keys() <= {"open", "", "413", "429", "503"}, f"unfinished bodies were answered: {told}")
    first, second = (statistics.quantiles(found, n=100)[98] for found in (quiet, busy))
    show(Figure(f"attack {name} memory", grown, "MB"))
    show(Figure(f"attack {name} quiet p99", first * 1000, "ms"))
    show(Figure(f"attack {name} good posts p99", second * 1000, "ms", "quiet", second / first))
    show(Figure(f"attack {name} good posts median", statistics.median(busy) * 1000, "ms"))
    demand(grown <= MOST_GROWN_MB, f"{name}: the memory grew by {grown:.0f} MB")
    demand(
        is_quick or second <= MOST_RATIO * first, f"{name}: p99 is {second / first:.1f} times the quiet one"
    )


@contextlib.contextmanager
def _flooded(host: str, flood: tuple[int, int, int, int]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.flood", f"http://{host}", *map(str, flood)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        demand(process.stdout.readline().startswith("ready"), "the flood did not begin")
        yield process
    finally:
        process.kill()
        process.wait()


async def _post(host: str, seconds: float) -> list[float]:
    """How long each good post waited for its answer, in seconds; all of them have to be answered with 200."""
    until = time.monotonic() + seconds
    found = await asyncio.gather(*(_device(host, number, until) for number in range(1, DEVICES + 1)))
    return [took for one in found for took in one]


async def _device(host: str, number: int, until: float) -> list[float]:
    name, _, port = host.rpartition(":")
    body = posts.beat(posts.Endpoint(number), host=host)
    took = []
    reader, writer = await asyncio.open_connection(name, int(port))
    await asyncio.sleep(PAUSE * number / DEVICES)
    while time.monotonic() < until:
        began = time.monotonic()
        writer.write(body)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        demand(head[9:12] == b"200", f"a good post was answered {head[:40]!r}")
        length = next(
            int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        await reader.readexactly(length)
        took.append(time.monotonic() - began)
        await asyncio.sleep(PAUSE)
    writer.close()
    return took
