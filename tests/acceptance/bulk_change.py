"""One setting for a whole fleet, half of it reachable and half behind a firewall, and kill -9 of the server half-way.

Every system ends CONFIRMED by its own report, the counts are exact, and nobody is written the setting twice but those
to whom it was on its way at the kill. Of any size.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.processes import Api, Program, Server, clean_environment, eventually, free_port

ROOT = Path(__file__).resolve().parents[2]
PATH, VALUE = "Audio/DefaultVolume", "61"
PLANNED_WITHIN = 10.0
BEHIND_FIREWALL = "behind-firewall"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of one run in seconds, memory in MB. `delivered`: until the last one behind a firewall that found the
    server there was handed the setting. `twice`: how many were written it a second time."""

    systems: int
    interval: int
    planned: float
    recorded: float
    killed_at: float
    outage: float
    in_flight: int
    delivered: float
    confirmed: float
    twice: int
    disturbed: int
    server_memory: float
    fleet_memory: float


class RoadsFleet:
    """The virtual endpoints of `tests.bench.roads_fleet`."""

    def __init__(self, folder: Path, systems: int, told: Path) -> None:
        words = [sys.executable, "-m", "tests.bench.roads_fleet", str(systems), str(told), PATH]
        reading, self._writing = os.pipe()
        self.program = Program(words, folder / "fleet.log", clean_environment(), cwd=ROOT, stdin=reading)
        os.close(reading)

    def report(self) -> dict[str, Any]:
        """How often each was written the setting, and whose posts failed."""
        self.program.output.clear()
        os.write(self._writing, b"report\n")
        return dict(json.loads(self.program.line("report ").partition(" ")[2]))

    def stop(self) -> None:
        """End them."""
        os.close(self._writing)
        self.program.stop()


def run(server: Server, folder: Path, *, systems: int, interval: int) -> Outcome:
    """All of it on a prepared installation whose server was not started yet. `systems` is even; `interval` is their
    heartbeat in seconds."""
    assert systems % 2 == 0
    told = folder / "told.json"
    ports = free_port("127.40.0.1"), free_port("127.40.0.1")
    _ask(server, "seed-roads", systems, interval, server.http_port, *ports, told)
    program = server.start()
    api = server.administrator()
    fleet = RoadsFleet(folder, systems, told)
    try:
        fleet.program.line("ready", seconds=60 + systems / 50)
        return _change(server, program, api, fleet, systems, interval)
    finally:
        fleet.stop()
        server.stop()


def _change(
    server: Server, program: Program, api: Api, fleet: RoadsFleet, systems: int, interval: int
) -> Outcome:
    wish = {"filter": {}, "settings": {PATH: VALUE}}
    began = time.monotonic()
    plan = api("POST", "change-sets", {**wish, "dry_run": True})
    planned = time.monotonic() - began
    assert plan["counts"] == {"change": systems, "already": 0, "cannot": 0}
    began = time.monotonic()
    asked = api("POST", "change-sets", wish, expect=202)
    recorded, recorded_at = time.monotonic() - began, time.time()
    assert sum(asked["counts"].values()) == systems
    patience = 60 + 3 * interval + systems / 10

    def counts() -> Counter[str]:
        return Counter(api("GET", f"change-sets/{asked['id']}?changes=false")["counts"])

    every = 0.05 if systems < 1000 else 1.0
    eventually(
        lambda: counts()["confirmed"] >= systems / 2, "half of them confirmed", seconds=patience, every=every
    )
    server_memory = program.peak_memory() / 1e6
    program.process.kill()
    program.process.wait()
    killed_at = time.monotonic()
    at_kill = _ask(server, "roads-in-flight", asked["id"])
    assert sum(at_kill["counts"].values()) == systems
    assert systems > at_kill["counts"]["confirmed"] >= systems / 2
    again = server.start()
    outage = time.monotonic() - killed_at
    eventually(
        lambda: counts()["confirmed"] == systems, "all of them confirmed", seconds=patience, every=every
    )
    told = counts()
    assert told.total() == told["confirmed"] == systems
    result = _ask(server, "roads-result", asked["id"], PATH)
    report = fleet.report()
    _check(result, report, set(at_kill["serials"]), systems)
    # Within one heartbeat, which is what all were told: with the first post that was answered after it was asked.
    assert report["intervals"] == [interval]
    handed = {
        serial: report["posted"][serial]
        for serial, one in result["items"].items()
        if one["mode"] == BEHIND_FIREWALL and serial not in at_kill["serials"]
    }
    assert not {serial: times for serial, times in handed.items() if times[1] > recorded_at}
    undisturbed = handed.keys() - set(report["disturbed"])
    return Outcome(
        systems=systems,
        interval=interval,
        planned=planned,
        recorded=recorded,
        killed_at=killed_at - began,
        outage=outage,
        in_flight=len(at_kill["serials"]),
        delivered=max((result["items"][serial]["delivered"] for serial in undisturbed), default=0.0),
        confirmed=max(one["confirmed"] for one in result["items"].values()),
        twice=sum(number == 2 for number in report["written"].values()),
        disturbed=len(report["disturbed"]),
        server_memory=max(server_memory, again.peak_memory() / 1e6),
        fleet_memory=report["memory"],
    )


def _check(result: dict[str, Any], report: dict[str, Any], in_flight: set[str], systems: int) -> None:
    """What must be true of everybody."""
    items, written = result["items"], Counter(report["written"])
    assert len(items) == len(written) == systems
    # What the systems have, and what they themselves reported of it.
    assert report["values"] == {VALUE: systems}
    assert result["reported"] == {VALUE: systems}
    # Nobody was forgotten, and nobody told again who had it already.
    assert set(written.values()) <= {1, 2}
    twice = {serial for serial, number in written.items() if number > 1}
    assert twice <= in_flight, [items[serial] for serial in twice - in_flight]
    again = {serial for serial, one in items.items() if one["rounds"] != 1}
    assert again <= in_flight, [items[serial] for serial in again - in_flight]


def _ask(server: Server, question: str, *words: object) -> Any:
    """Have a process of its own look into the installation (`tests.bench.inside`)."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.inside", question, *map(str, words)],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
