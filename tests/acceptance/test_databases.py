"""PostgreSQL as it comes: in other encodings, without CREATE, serializable, restarted. It works, or one sentence at the
start says why not; nothing is green while jobs do not run. PgBouncer: test_clock_and_pool."""

import json
import secrets
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.device import Device, request
from tests.acceptance.prepared import Prepared, maintenance_url
from tests.acceptance.processes import PROGRAM, Api, Program, Server, eventually
from tests.postgresql import PostgreSQL

pytestmark = pytest.mark.acceptance

SECONDS = 60


def run(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(PROGRAM), *words],
        capture_output=True,
        text=True,
        env=server.environment,
        timeout=150,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def refused(server: Server, *commands: Sequence[str]) -> list[str]:
    """What each of the commands says, side by side: one sentence, and exit code 1."""
    with ThreadPoolExecutor(len(commands)) as pool:
        ended = list(pool.map(lambda words: run(server, *words), commands))
    assert [one.returncode for one in ended] == [1] * len(commands), ended
    return [one.stdout + one.stderr for one in ended]


def sentences(told: str) -> list[str]:
    """What stands in it beside the lines of the log, which are JSON."""
    return [line for line in told.splitlines() if line and not line.startswith("{")]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_database_in_another_encoding_is_refused_in_words(
    postgresql: PostgreSQL, tmp_path: Path, encoding: str
) -> None:
    name = f"e{secrets.token_hex(6)}"
    with psycopg.connect(maintenance_url(postgresql.url), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    url = postgresql.url.rpartition("/")[0] + f"/{name}"
    server = Server(tmp_path / "data", ROOMKEEPER_DATABASE_URL=url)
    serve = ["serve", *server.listeners]
    for told in refused(server, serve, ["worker"], ["user", "create", "anna"]):
        (sentence,) = sentences(told)
        assert f"is in {encoding}" in sentence
        assert "ENCODING 'UTF8'" in sentence
    (told,) = refused(server, ["doctor"])
    assert f"FAIL database rights: The database {name} is in {encoding}" in told
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_account_without_create_is_told_what_to_grant_until_it_suffices(
    database: str, tmp_path: Path
) -> None:
    name = database.rpartition("/")[2]
    role = f"limited_{name}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        connection.execute(f"REVOKE CREATE ON DATABASE {name} FROM PUBLIC")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        place = database.rpartition("@")[2]
        server = Server(tmp_path / "data", ROOMKEEPER_DATABASE_URL=f"postgresql://{role}:x@{place}")
        for told in refused(server, ["serve", *server.listeners], ["migrate"]):
            (sentence,) = sentences(told)
            assert f"GRANT CREATE ON DATABASE {name}" in sentence
        connection.execute(f"GRANT CREATE ON DATABASE {name} TO {role}")
        (told,) = refused(server, ["migrate"])
        (sentence,) = sentences(told)
        assert "permission denied for schema public" in sentence
        connection.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    assert run(server, "migrate").returncode == 0


@pytest.fixture
def server(prepared_postgresql: Prepared, tmp_path: Path):
    made = prepared_postgresql.server(tmp_path / "server")
    yield made
    made.stop()


def status(server: Server, path: str) -> int:
    return request("GET", server.http + path).status


def do_a_job(api: Api, system: int) -> None:
    """Have a job done, from its beginning to its end."""
    job = api("POST", "systems/diagnose", {"systems": [system]}, expect=202)["id"]
    eventually(lambda: api("GET", f"jobs/{job}")["state"] == "done", "the job is done", seconds=SECONDS)


def doctor(server: Server) -> tuple[int, dict[str, bool]]:
    done = run(server, "doctor", "--json")
    return done.returncode, {one["what"]: one["ok"] for one in json.loads(done.stdout)}


def test_serializable_database_that_is_restarted_serves_again_by_itself(
    server: Server, postgresql: PostgreSQL
) -> None:
    url = server.environment["ROOMKEEPER_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    program: Program = server.start()
    api = server.administrator()
    eventually(lambda: status(server, "/readyz") == 200, "ready", seconds=SECONDS)
    system = api("POST", "systems", {"serial_number": "FTT0000001"}, expect=201)["id"]
    do_a_job(api, system)
    devices = [
        Device(server.http, serial=f"FTTSER{number}", mac="", source=f"127.6.0.{number + 1}")
        for number in range(8)
    ]

    def post(device: Device) -> set[int]:
        return {device.event(word).status for word in ("Boot", "Register", "Beat", "Beat")}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(post, devices)) == {200}
    assert len(api.items("systems?state=pending")) == 8
    _, found = doctor(server)
    assert found["isolation"]
    assert found["jobs"]
    assert found["database rights"]

    postgresql.stop()
    try:
        assert status(server, "/readyz") == 503
        assert status(server, "/healthz") == 200
        assert devices[0].event().status == 503
        (told,) = refused(server, ["doctor"])
        assert [line for line in sentences(told) if "database" in line and "cannot be used" in line]
    finally:
        postgresql.start()
    # Without a post, whose write would prove it.
    eventually(lambda: status(server, "/readyz") == 200, "ready again", seconds=SECONDS, every=1)
    assert devices[0].event().status == 200
    do_a_job(api, system)
    assert program.process.poll() is None
    # The engine's library writes its own into its lines.
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert [one for one in lines if "exception" in one and one["logger"].startswith("roomkeeper")] == []
