"""One Roomkeeper to measure: its data folder or database, what is asked of it in child processes, its server."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.figures import tell
from tests.postgresql import MISSING, PostgreSQL, PostgreSQLMissing

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


def core(number: int) -> list[str]:
    """The words before a command that keep it on one core; none where there is only one, or no taskset."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return []
    return ["taskset", "-c", str(number)]


@dataclass
class Server:
    """A running server: its process and its addresses by scheme."""

    process: subprocess.Popen[str]
    addresses: dict[str, str]
    seconds_to_ready: float

    def memory(self) -> float:
        """Resident memory in MB."""
        return self._status("VmRSS")

    def peak_memory(self) -> float:
        """The most resident memory that it ever had, in MB."""
        return self._status("VmHWM")

    def cpu_seconds(self) -> float:
        """The processor time that it used up to now; hardly moved by what else the machine does."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, field_name: str) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith(field_name + ":"):
                return int(line.split()[1]) / 1000
        raise RuntimeError(f"{field_name} is not told by this system.")

    def stop(self) -> None:
        """End it in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(timeout=60)


@dataclass
class Installation:
    """A Roomkeeper of its own. `database` is its URL, "" for SQLite in `data`."""

    data: Path
    database: str
    http: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    https: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are told."""
        found = {name: value for name, value in os.environ.items() if not name.startswith("ROOMKEEPER_")}
        return {
            **found,
            "ROOMKEEPER_DATA": str(self.data),
            "ROOMKEEPER_DATABASE_URL": self.database,
            "ROOMKEEPER_HTTP": self.http,
            "ROOMKEEPER_HTTPS": self.https,
            "ROOMKEEPER_LOG_LEVEL": "warning",
            "DJANGO_SETTINGS_MODULE": "roomkeeper.settings.django",
        }

    def ask(self, question: str, *words: object, pinned: int | None = None) -> Any:
        """Have a child process with this database work on a question of `tests.bench.inside`; gives its answer.

        `pinned` is the core to keep it on.
        """
        done = subprocess.run(
            [
                *([] if pinned is None else core(pinned)),
                sys.executable,
                "-m",
                "tests.bench.inside",
                question,
                *map(str, words),
            ],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def database_pids(self) -> list[int]:
        """The processes of its PostgreSQL that work now."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            return [pid for (pid,) in rows]

    @contextlib.contextmanager
    def serve(
        self, *, command: Sequence[str] = ("-m", "tests.bench.server"), number: int = 0
    ) -> Iterator[Server]:
        """Run its server on one core from here to the end of the block."""
        started = time.monotonic()
        process = subprocess.Popen(
            [*core(number), sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        while line and not line.startswith("ready "):
            line = process.stdout.readline()
        server = Server(
            process,
            {word.partition("://")[0]: word.partition("://")[2] for word in line.split()[1:]},
            time.monotonic() - started,
        )
        try:
            if not line:
                raise RuntimeError(f"The server ended with {process.wait()} before it was ready.")
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def installations(databases: Sequence[str]) -> Iterator[dict[str, Installation]]:
    """A new installation for each of `sqlite` and `postgresql` that this machine can have."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in databases:
            url = ""
            if name == "postgresql":
                try:
                    url = stack.enter_context(PostgreSQL(pinned=core(1))).url
                except PostgreSQLMissing:
                    tell(f"{MISSING}; its figures are left out.")
                    if os.environ.get("CI"):
                        raise
                    continue
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="roomkeeper-bench-")))
            found[name] = Installation(folder, url)
        yield found


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
