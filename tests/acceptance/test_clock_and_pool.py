"""A server under a clock that steps, behind a connection pool, and with a log that is rotated: as processes."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.device import request
from tests.acceptance.prepared import Prepared
from tests.acceptance.processes import PROGRAM, Program, Server, eventually, free_port

pytestmark = pytest.mark.acceptance

# Where continuous integration must have them, they fail instead.
CI = bool(os.environ.get("CI"))
FAKETIME = shutil.which("faketime")
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def faketime_library() -> Path:
    return next(Path("/usr/lib").rglob("libfaketime.so.1"))


def is_ready(server: Server) -> bool:
    return request("GET", server.http + "/readyz").status == 200


@pytest.mark.skipif(FAKETIME is None and not CI, reason="Debian's package faketime is not installed")
@pytest.mark.parametrize("offset", ["+1h", "-1h"])
def test_restart_under_a_clock_that_was_set_goes_on_at_once(
    make_server: Callable[..., Server], offset: str
) -> None:
    """Killed without giving anything back, and started where the clock says another hour: leases, the worker's row and
    the engine's own records are from before the step."""
    # Only the clock on the wall is set: nobody can set the monotonic one, and waits would be as long as the step.
    server = make_server(FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
    program, api = server.start_with_administrator()
    eventually(lambda: is_ready(server), "jobs run")
    system = api("POST", "systems", {"serial_number": "FTT0000001"}, expect=201)
    program.stop(signal.SIGKILL)
    # Not by the program `faketime`: it stays as the parent, and the server would outlive its end.
    server.start(prefix=("env", f"LD_PRELOAD={faketime_library()}", f"FAKETIME={offset}"))
    began = time.monotonic()
    eventually(lambda: is_ready(server), "jobs run at once", seconds=30)
    assert time.monotonic() - began < 30
    # An hour ahead for the token's owner, too; a job is begun and comes to its end.
    api("POST", "systems/diagnose", {"systems": [system["id"]]}, expect=202)
    jobs = eventually(
        lambda: [one for one in api.items("jobs") if one["state"] in ("done", "failed")],
        "a job that was begun after the step ends",
        seconds=60,
    )
    assert jobs


@pytest.mark.skipif(FAKETIME is None and not CI, reason="Debian's package faketime is not installed")
def test_clock_that_steps_under_a_running_server_is_told_and_stops_nothing(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    """The library reads the offset from a file; its monotonic clock stays as it is."""
    offset = tmp_path / "offset"
    offset.write_text("+0\n")
    server = make_server(
        LD_PRELOAD=str(faketime_library()),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        DONT_FAKE_MONOTONIC="1",
    )
    _, api = server.start_with_administrator()
    eventually(lambda: is_ready(server), "jobs run")
    system = api("POST", "systems", {"serial_number": "FTT0000001"}, expect=201)
    for step in ("-3600", "+3600"):
        told = server.log.count("the clock was set")
        offset.write_text(f"{step}\n")
        eventually(lambda told=told: server.log.count("the clock was set") > told, f"the step {step} is told")
        eventually(lambda: is_ready(server), f"jobs run after {step}", seconds=20)
        ended = len([one for one in api.items("jobs") if one["state"] in ("done", "failed")])
        api("POST", "systems/diagnose", {"systems": [system["id"]]}, expect=202)
        eventually(
            lambda ended=ended: (
                len([one for one in api.items("jobs") if one["state"] in ("done", "failed")]) > ended
            ),
            f"a job ends after {step}",
            seconds=60,
        )


@pytest.fixture
def pooled(prepared_postgresql: Prepared, tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """A server whose database stands behind PgBouncer in a mode."""
    made: list[tuple[subprocess.Popen[bytes], Server]] = []

    def make(mode: str) -> Server:
        server = prepared_postgresql.server(tmp_path / mode)
        url = psycopg.conninfo.conninfo_to_dict(server.environment["ROOMKEEPER_DATABASE_URL"])
        port = free_port("127.0.0.1")
        folder = tmp_path / f"pool-{mode}"
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        (folder / "users.txt").write_text(f'"{url["user"]}" "{url.get("password", "")}"\n')
        database = f"host={url['host']} port={url['port']} dbname={url['dbname']} user={url['user']}"
        if url.get("password"):
            database += f" password={url['password']}"
        (folder / "pool.ini").write_text(
            f"[databases]\n{url['dbname']} = {database}\npostgres = {database}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\nauth_file = {folder}/users.txt\n"
            f"pool_mode = {mode}\nmax_client_conn = 200\ndefault_pool_size = 40\nlogfile = {folder}/log\n"
        )
        words = [str(PGBOUNCER), str(folder / "pool.ini")]
        if os.geteuid() == 0:
            words = ["setpriv", "--reuid=65534", "--clear-groups", *words]
            for parent in (tmp_path, *tmp_path.parents):
                if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server.environment["ROOMKEEPER_DATABASE_URL"] = (
            f"postgresql://{url['user']}:{url.get('password', '')}@127.0.0.1:{port}/{url['dbname']}"
        )
        made.append((process, server))

        def answers() -> bool:
            try:
                psycopg.connect(server.environment["ROOMKEEPER_DATABASE_URL"], connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        eventually(answers, "PgBouncer answers")
        return server

    yield make
    for process, server in made:
        server.stop()
        process.terminate()
        process.wait(20)


@pytest.mark.skipif(PGBOUNCER is None and not CI, reason="Debian's package pgbouncer is not installed")
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_pool_that_shares_sessions_is_refused_in_words(pooled: Callable[[str], Server], mode: str) -> None:
    server = pooled(mode)
    for words in (["serve", *server.listeners], ["worker"], ["user", "create", "anna"]):
        done = subprocess.run(
            [str(PROGRAM), *words],
            capture_output=True,
            text=True,
            env=server.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert "pool_mode = session" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(PGBOUNCER is None and not CI, reason="Debian's package pgbouncer is not installed")
def test_pool_of_whole_sessions_serves(pooled: Callable[[str], Server]) -> None:
    server = pooled("session")
    server.start()
    eventually(lambda: is_ready(server), "jobs run behind PgBouncer", seconds=40)


def test_log_that_was_moved_goes_on_in_a_new_file(make_server: Callable[..., Server], tmp_path: Path) -> None:
    file = tmp_path / "roomkeeper.log"
    server = make_server(ROOMKEEPER_LOG_FILE=str(file))
    program: Program = server.start()
    eventually(lambda: file.stat().st_size, "lines in the file")
    file.rename(tmp_path / "old.log")
    program.process.send_signal(signal.SIGHUP)
    eventually(file.exists, "a new file after SIGHUP")
    eventually(lambda: "opened again" in file.read_text(), "it is written to")
    assert program.process.poll() is None
    assert all(json.loads(line) for line in file.read_text().splitlines())
