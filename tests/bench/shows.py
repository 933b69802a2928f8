"""Two scenarios of the acceptance tests at their full size, with the server as a process: what they assert is the same,
their figures are told."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance import bulk_change as changing
from tests.acceptance import mixed_fleet
from tests.acceptance.prepared import Prepared, prepare
from tests.acceptance.processes import Api, Server
from tests.bench.figures import Figure, demand, show, tell
from tests.postgresql import PostgreSQL

BULK, MIXED = 10_000, 200
# Seconds of heartbeat a system: ten thousand every five minutes.
PACE = 0.03
SHORTEST_HEARTBEAT = 10


def bulk_change(databases: list[str], *, is_quick: bool, systems: int | None) -> None:
    """One setting for the whole fleet by both roads, and kill -9 half-way."""
    size = systems or (100 if is_quick else BULK)
    for database in databases:
        with _prepared(database) as (prepared, folder):
            interval = max(SHORTEST_HEARTBEAT, round(size * PACE))
            told = changing.run(prepared.server(folder / "server"), folder, systems=size, interval=interval)
        name, heartbeat = f"bulk change {database} {size}", f"heartbeat of {interval} s"
        show(Figure(f"{name} planned", told.planned, "s"))
        show(Figure(f"{name} recorded", told.recorded, "s"))
        show(Figure(f"{name} delivered", told.delivered, "s", heartbeat, told.delivered / interval))
        show(Figure(f"{name} all confirmed", told.confirmed, "s", heartbeat, told.confirmed / interval))
        show(Figure(f"{name} killed after", told.killed_at, "s"))
        show(Figure(f"{name} back", told.outage, "s"))
        show(Figure(f"{name} on their way at the kill", told.in_flight, "systems"))
        show(Figure(f"{name} written twice", told.twice, "systems"))
        show(Figure(f"{name} called while nobody was there", told.disturbed, "systems"))
        show(Figure(f"{name} peak memory of the server", told.server_memory, "MB"))
        show(Figure(f"{name} memory of the fleet", told.fleet_memory, "MB"))
        _tell_load()
        demand(told.planned <= changing.PLANNED_WITHIN, f"planning took {told.planned:.1f} s")


def secure_only(databases: list[str], *, is_quick: bool, systems: int | None) -> None:
    """A mixed fleet moves to Secure-Only and back, with every packet looked at."""
    size = systems or (mixed_fleet.SMALLEST if is_quick else MIXED)
    for database in databases:
        with _prepared(database) as (prepared, folder):

            def start(prepared: Prepared = prepared, folder: Path = folder) -> tuple[Server, Api]:
                server = prepared.server(folder / "server")
                return server, server.start_with_administrator()[1]

            took = mixed_fleet.run(start, folder, size, canary=1, wave_size=max(5, size // 4))
        for what, seconds in took.items():
            show(Figure(f"secure-only {database} {size} {what}", seconds, "s"))
        _tell_load()


@contextlib.contextmanager
def _prepared(database: str) -> Iterator[tuple[Prepared, Path]]:
    """An installation to copy, and a folder for the rest."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="roomkeeper-bench-")))
        url = ""
        if database == "postgresql":
            url = stack.enter_context(PostgreSQL()).url
        yield prepare(folder / "prepared", url), folder


def _tell_load() -> None:
    tell(f"load of the machine meanwhile: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
