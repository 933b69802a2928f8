"""Servers as processes, each on a data folder and ports of its own."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.processes import Server
from tests.postgresql import PostgreSQL, PostgreSQLMissing


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers with settings of their own (`ROOMKEEPER_…`); whatever still runs is ended."""
    made: list[Server] = []

    def make(**environment: str) -> Server:
        made.append(Server(tmp_path / f"server{len(made)}", **environment))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A throw-away PostgreSQL."""
    try:
        with PostgreSQL() as server:
            yield server
    except PostgreSQLMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture
def database(postgresql: PostgreSQL) -> str:
    """The address of an empty database."""
    return new_database(postgresql)


def new_database(postgresql: PostgreSQL) -> str:
    """Make an empty database; its address."""
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(maintenance_url(postgresql.url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql.url.rpartition("/")[0] + f"/{name}"


def maintenance_url(url: str) -> str:
    """The same server's `postgres` database."""
    return url.rpartition("/")[0] + "/postgres"


@pytest.fixture(params=["sqlite", "postgresql"])
def server_on_each_database(request: pytest.FixtureRequest, make_server: Callable[..., Server]) -> Server:
    """A server, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return make_server()
    return make_server(ROOMKEEPER_DATABASE_URL=request.getfixturevalue("database"))
