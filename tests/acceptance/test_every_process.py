"""Every process says how it is: on PostgreSQL the door, the web process and the worker, each by itself."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.device import Reply, request
from tests.acceptance.prepared import Prepared
from tests.acceptance.processes import Program, Server, eventually, free_port

pytestmark = pytest.mark.acceptance


def answers(origin: str, path: str, status: int) -> Callable[[], Reply | None]:
    def ask() -> Reply | None:
        try:
            reply = request("GET", origin + path)
        except OSError:
            return None
        return reply if reply.status == status else None

    return ask


@pytest.fixture
def server(prepared_postgresql: Prepared, tmp_path: Path):
    made = prepared_postgresql.server(tmp_path / "server")
    yield made
    made.stop()


def start(server: Server, part: str) -> tuple[Program, str]:
    """A part of the server with listeners of its own; where it answers."""
    address = f"127.0.0.1:{free_port()}"
    if part == "worker":
        server.environment["ROOMKEEPER_WORKER_HTTP"] = address
        return server.start("worker", "--data", str(server.data)), f"http://{address}"
    words = ["--http", address, "--https", f"127.0.0.1:{free_port()}"]
    return server.start(part, *words), f"http://{address}"


def test_each_part_answers_and_none_is_ready_while_no_worker_runs(server: Server) -> None:
    _, door = start(server, "door")
    _, web = start(server, "web")
    for origin in (door, web):
        eventually(answers(origin, "/healthz", 200), f"{origin} lives")
        reply = request("GET", origin + "/readyz")
        assert (reply.status, b"no worker runs" in reply.body) == (503, True)
        assert request("GET", origin + "/metrics").status == 401
    worker, origin = start(server, "worker")
    for one in (door, web, origin):
        eventually(answers(one, "/readyz", 200), f"{one} is ready")
        assert json.loads(request("GET", one + "/healthz").body) == {"status": "ok"}
    assert request("GET", door + "/sign-in/").status == request("GET", origin + "/").status == 404
    worker.stop(signal.SIGKILL)
    eventually(answers(web, "/readyz", 503), "the dead worker is missed", seconds=25)


def limited(server: Server, connection: psycopg.Connection[Any]) -> str:
    """The server goes by a role that may use our tables alone; its name."""
    url = server.environment["ROOMKEEPER_DATABASE_URL"]
    name = url.rpartition("/")[2]
    role = f"limited_{name}"
    connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    for kind in ("TABLES", "SEQUENCES"):
        connection.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {role}")
    connection.execute(f"GRANT ALL ON SCHEMA public TO {role}")
    connection.execute(f"REVOKE CREATE ON DATABASE {name} FROM PUBLIC")
    rest = url.partition("://")[2].rpartition("@")[2]
    server.environment["ROOMKEEPER_DATABASE_URL"] = f"postgresql://{role}:x@{rest}"
    return role


def test_database_in_which_the_engine_may_make_nothing_is_refused_at_the_start(server: Server) -> None:
    with psycopg.connect(server.environment["ROOMKEEPER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP SCHEMA dbos CASCADE")
        limited(server, connection)
    with pytest.raises(AssertionError, match="ended with 1"):
        start(server, "worker")
    assert "Traceback" not in server.log
    assert "GRANT CREATE" in server.log


def test_engine_that_cannot_start_is_told_once_and_tried_until_it_can(server: Server) -> None:
    with psycopg.connect(server.environment["ROOMKEEPER_DATABASE_URL"], autocommit=True) as connection:
        role = limited(server, connection)
        connection.execute(f"GRANT CREATE ON DATABASE {connection.info.dbname} TO {role}")
        # It may make tables in the engine's schema, and may not read those that are there.
        connection.execute(f"GRANT USAGE, CREATE ON SCHEMA dbos TO {role}")
        _, origin = start(server, "worker")
        eventually(lambda: "job engine cannot start" in server.log, "the reason in the log")
        reply = eventually(answers(origin, "/readyz", 503), "not ready")
        eventually(
            lambda: b"job engine cannot start" in request("GET", origin + "/readyz").body, "it is said there"
        )
        assert b"dbos_migrations" not in reply.body
        lines = [json.loads(line) for line in server.log.splitlines()]
        told = [line for line in lines if line.get("event") == "the job engine cannot start"]
        assert len(told) == 1
        assert "dbos_migrations" in told[0]["error"]
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            connection.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA dbos TO {role}")
    eventually(answers(origin, "/readyz", 200), "ready once it may")
