"""Polls: the status of a whole fleet that can be reached, over HTTP, then over HTTPS, some of it dead."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.bench.figures import Figure, demand, show
from tests.bench.installation import ROOT, Installation, core, free_port, installations

FLEET = 5_000
# One in twenty does not answer: connecting to it times out.
DEAD_ONE_IN = 20
ROADS = ("http", "https")


def rounds(databases: list[str], *, is_quick: bool) -> None:
    """Every system is asked three times by one worker: the living, whose logins it has not seen to work yet; the
    living again, which shows how long they take by themselves; and all of them."""
    fleet = 60 if is_quick else FLEET
    dead = fleet // DEAD_ONE_IN
    ports = (free_port(), free_port())
    with _endpoints(fleet - dead, dead, ports), installations(databases) as made:
        for database, one in made.items():
            one.ask("seed-reachable", fleet - dead, dead, *ports)
            for road in ROADS:
                _measure(one, f"poll {database} {road} {fleet}", road, fleet - dead, dead)


def _measure(one: Installation, name: str, road: str, living: int, dead: int) -> None:
    found = one.ask("poll-rounds", road, pinned=0)
    for what, told in found.items():
        _check(told, living, dead if what == "whole" else 0)
    first, alone, whole = found["first"], found["living"], found["whole"]
    show(Figure(f"{name} first round, living only", first["seconds"], "s"))
    show(Figure(f"{name} round, living only", alone["seconds"], "s"))
    show(Figure(f"{name} p95 of the living, living only", alone["p95"], "ms"))
    show(Figure(f"{name} round, {dead} dead", whole["seconds"], "s"))
    # Hardly moved by what else the machine does, unlike the time on the clock.
    show(Figure(f"{name} processor time of the round", whole["processor"], "s"))
    of_all = Figure(
        f"{name} p95 of the living, {dead} dead",
        whole["p95"],
        "ms",
        f"{name} p95 of the living, living only",
        whole["p95"] / max(alone["p95"], 1),
    )
    show(of_all)
    show(Figure(f"{name} peak memory", whole["memory"], "MB"))


def _check(told: dict[str, Any], living: int, dead: int) -> None:
    demand(told["answered"] == living, f"{told['answered']} of {living} answered: {told['errors']}")
    demand(told["kept"] == living, f"{told['kept']} documents were kept of {living}")
    demand(told["errors"] == ({"ConnectTimedOut": dead} if dead else {}), f"errors: {told['errors']}")
    # Network settings allow 100 at a time, and those that did not answer the last time have a lane beside.
    demand(told["most_held"] <= 120, f"{told['most_held']} polls were going on at a time")


@contextlib.contextmanager
def _endpoints(living: int, dead: int, ports: tuple[int, int]) -> Iterator[None]:
    """The endpoints, on the other core."""
    process = subprocess.Popen(
        [*core(1), sys.executable, "-m", "tests.bench.endpoints", str(living), str(dead), *map(str, ports)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        demand(process.stdout.readline().strip() == "ready", "the endpoints did not start")
        yield
    finally:
        process.stdin.close()
        process.wait(timeout=60)
