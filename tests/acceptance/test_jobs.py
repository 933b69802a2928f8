"""Jobs outlive their workers: kill -9, a dead worker among living ones, an orderly stop, a lost engine file.

They pin the private call of DBOS by which a living worker takes over from a dead one (ADR 0008).
"""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.prepared import Prepared
from tests.acceptance.processes import Program, eventually

pytestmark = pytest.mark.acceptance

ITEMS = 60
# Of these items some may be begun twice: those in hand when the worker died.
IN_HAND = 4
TAKEN_OVER_WITHIN = 30.0


class Installation:
    """A data folder, perhaps a database, and workers on it."""

    def __init__(self, folder: Path, prepared: Prepared, items: int = ITEMS) -> None:
        self.folder = folder
        self.items = items
        self._environment = prepared.server(folder).environment
        self.workers: list[Program] = []
        self.call("create", str(items))

    def call(self, *words: str, seconds: float = 60) -> str:
        """Run the trial program to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.acceptance.trial_worker", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def worker(self) -> Program:
        """Another worker, once it runs."""
        words = [sys.executable, "-m", "tests.acceptance.trial_worker", "run"]
        program = Program(words, self.folder / "worker.log", self._environment)
        self.workers.append(program)
        program.line("ready")
        return program

    def show(self) -> dict[str, Any]:
        """The newest job."""
        found: dict[str, Any] = json.loads(self.call("show"))
        return found

    def done(self) -> Counter[str]:
        """How often each item was done."""
        file = self.folder / "done"
        return Counter(file.read_text().splitlines()) if file.exists() else Counter()

    def wait_for_some(self, number: int) -> None:
        """Until so many items are done."""
        eventually(lambda: sum(self.done().values()) >= number, f"{number} items done", every=0.02)

    def wait_for_end(self, state: str = "done", *, seconds: float = 60) -> dict[str, Any]:
        """The job once it is in that state."""
        found: dict[str, Any] = json.loads(self.call("wait", state, str(seconds), seconds=seconds + 60))
        assert found["state"] == state
        return found

    def kill_workers(self) -> None:
        """The end."""
        for worker in self.workers:
            worker.stop(signal.SIGKILL)


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation with a job, once on SQLite and once on PostgreSQL."""
    name = "prepared" if request.param == "sqlite" else "prepared_postgresql"
    made = Installation(tmp_path / "data", request.getfixturevalue(name))
    yield made
    made.kill_workers()


@pytest.fixture
def embedded(tmp_path: Path, prepared: Prepared) -> Iterator[Installation]:
    """The same on SQLite alone, for what does not depend on the database."""
    made = Installation(tmp_path / "data", prepared)
    yield made
    made.kill_workers()


@pytest.fixture
def long(tmp_path: Path, prepared: Prepared) -> Iterator[Installation]:
    """The same with more work than is done before somebody cancels it, on whichever machine."""
    made = Installation(tmp_path / "data", prepared, 10 * ITEMS)
    yield made
    made.kill_workers()


@pytest.fixture
def shared(tmp_path: Path, prepared_postgresql: Prepared) -> Iterator[Installation]:
    """The same on PostgreSQL alone, for several workers; with work for as long as another one takes to start."""
    made = Installation(tmp_path / "data", prepared_postgresql, 2 * ITEMS)
    yield made
    made.kill_workers()


def _assert_each_was_done(installation: Installation, *, most_twice: int) -> None:
    done = installation.done()
    assert len(done) == installation.items
    assert sum(done.values()) - installation.items <= most_twice


def test_job_of_a_killed_worker_goes_on_when_it_is_started_again(installation: Installation) -> None:
    worker = installation.worker()
    installation.wait_for_some(8)
    worker.stop(signal.SIGKILL)
    assert installation.show()["state"] == "running"
    installation.worker()
    assert installation.wait_for_end()["done"] == ITEMS
    # Outcomes are written a few times a second, so what was done just before may be done again.
    _assert_each_was_done(installation, most_twice=3 * IN_HAND)


def test_living_worker_takes_over_from_a_dead_one(shared: Installation) -> None:
    first = shared.worker()
    shared.wait_for_some(8)
    shared.worker()
    first.stop(signal.SIGKILL)
    killed_at, done = time.monotonic(), sum(shared.done().values())
    eventually(lambda: sum(shared.done().values()) > done, "somebody goes on", seconds=TAKEN_OVER_WITHIN)
    found = shared.wait_for_end()
    assert (found["done"], found["workers"]) == (shared.items, 2)
    _assert_each_was_done(shared, most_twice=3 * IN_HAND)
    print(f"taken over after {time.monotonic() - killed_at:.1f} s at most")


def test_orderly_stop_leaves_the_job_to_the_next_start(embedded: Installation) -> None:
    worker = embedded.worker()
    embedded.wait_for_some(8)
    assert worker.stop() == 0
    assert embedded.show()["state"] == "running"
    embedded.worker()
    assert embedded.wait_for_end()["done"] == ITEMS


def test_cancelled_job_ends_and_what_was_done_stays(long: Installation) -> None:
    long.worker()
    long.wait_for_some(8)
    long.call("cancel")
    found = long.wait_for_end("cancelled")
    assert found["done"] >= 8 - IN_HAND
    assert found["cancelled"] > 0
    assert found["done"] + found["cancelled"] == long.items


def test_lost_file_of_the_engine_loses_no_job(embedded: Installation) -> None:
    worker = embedded.worker()
    embedded.wait_for_some(8)
    worker.stop(signal.SIGKILL)
    for file in embedded.folder.glob("jobs.sqlite3*"):
        file.unlink()
    embedded.worker()
    assert embedded.wait_for_end()["done"] == ITEMS
