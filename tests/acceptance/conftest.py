"""Servers as processes, each on a data folder and ports of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance import prepared as preparing
from tests.acceptance.prepared import Prepared, new_database
from tests.acceptance.processes import Server
from tests.postgresql import PostgreSQL, PostgreSQLMissing

pytest.register_assert_rewrite("tests.acceptance.bulk_change", "tests.acceptance.mixed_fleet")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes of pytest-xdist share the work (`--dist loadgroup`): tests that share a server stay together,
    and so do those on PostgreSQL, so that one is started."""
    for item in items:
        if not isinstance(item, pytest.Function) or not item.path.is_relative_to(Path(__file__).parent):
            continue
        uses = set(item.fixturenames)
        if hasattr(item, "callspec"):
            uses.update(value for value in item.callspec.params.values() if isinstance(value, str))
        if "postgresql" in uses:
            item.add_marker(pytest.mark.xdist_group("postgresql"))
        elif uses & {"running", "scene"}:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
def make_server(prepared: Prepared, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers with settings of their own (`ROOMKEEPER_…`), each on a copy of a prepared data folder; whatever
    still runs is ended."""
    made: list[Server] = []

    def make(**environment: str) -> Server:
        made.append(prepared.server(tmp_path / f"server{len(made)}", **environment))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def make_new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers that begin from nothing."""
    made: list[Server] = []

    def make(**environment: str) -> Server:
        made.append(Server(tmp_path / f"new{len(made)}", **environment))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A data folder with its schema, keys, certificates and an administrator."""
    return preparing.prepare(_shared(tmp_path_factory) / "prepared")


@pytest.fixture(scope="session")
def prepared_postgresql(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The same on PostgreSQL."""
    return preparing.prepare(tmp_path_factory.mktemp("prepared"), new_database(postgresql))


def _shared(factory: pytest.TempPathFactory) -> Path:
    """A folder of the whole run, also where several processes of pytest-xdist work on it."""
    return factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()


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


@pytest.fixture(params=["sqlite", "postgresql"])
def server_on_each_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server, once on SQLite and once on PostgreSQL."""
    name = "prepared" if request.param == "sqlite" else "prepared_postgresql"
    server = request.getfixturevalue(name).server(tmp_path / "server")
    yield server
    server.stop()
