"""Installations as a first start leaves them, with an administrator who has a token: made once and then copied.

A first start and the making of an administrator take ten seconds of processor time. What they do is proven where a
server begins from nothing: test_demo, test_main_job, test_many_processes, test_real_nat.
"""

import fcntl
import json
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from tests.acceptance.processes import Server
from tests.postgresql import PostgreSQL


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data folder, the token of its administrator, and the address of its database, "" for SQLite."""

    folder: str
    token: str
    database: str = ""

    def server(self, data: Path, **environment: str) -> Server:
        """A server that begins with a copy in `data`, and in a database of its own."""
        if self.database:
            environment["ROOMKEEPER_DATABASE_URL"] = self.copy_database()
        shutil.copytree(self.folder, data)
        server = Server(data, **environment)
        server.token = self.token
        return server

    def copy_database(self) -> str:
        """Another database like this one; its address."""
        return _create(self.database, f"TEMPLATE {self.database.rpartition('/')[2]}")


def prepare(folder: Path, database: str = "") -> Prepared:
    """Start once from nothing, below `folder`; who comes later, in whichever process, gets what the first one made."""
    folder.mkdir(exist_ok=True)
    told = folder / "prepared.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            environment = {"ROOMKEEPER_DATABASE_URL": database} if database else {}
            server = Server(folder / "data", **environment)
            try:
                server.start_with_administrator()
            finally:
                server.stop()
            told.write_text(json.dumps(asdict(Prepared(str(server.data), server.token, database))), "ascii")
        return Prepared(**json.loads(told.read_text("ascii")))


def new_database(postgresql: PostgreSQL) -> str:
    """Make an empty database; its address."""
    return _create(postgresql.url, "")


def maintenance_url(url: str) -> str:
    """The same server's `postgres` database."""
    return url.rpartition("/")[0] + "/postgres"


def _create(url: str, like: str) -> str:
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(maintenance_url(url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {like}")
    return url.rpartition("/")[0] + f"/{name}"
