"""The test database: migrated once in a run, then copied for each process of pytest-xdist."""

import fcntl
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection

MIGRATED = "roomkeeper_migrated"


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """In place of pytest-django's, which migrates in every process (five seconds of processor time each)."""
    name = settings.DATABASES["default"]["NAME"]
    with django_db_blocker.unblock():
        if "PYTEST_XDIST_WORKER" in os.environ:
            # The folder of the whole run.
            _copy_migrated(tmp_path_factory.getbasetemp().parent)
        else:
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    yield
    with django_db_blocker.unblock():
        try:
            connection.creation.destroy_test_db(name, verbosity=0)
        except DatabaseError as error:
            # A thread of a test may still be connected; the next run puts its own in this one's place.
            warnings.warn(f"The test database stays: {error}", stacklevel=1)


def _copy_migrated(folder: Path) -> None:
    """Make this process's database from the migrated one, which the first to come makes."""
    is_sqlite = connection.vendor == "sqlite"
    migrated = str(folder / "migrated.sqlite3") if is_sqlite else MIGRATED
    own = str(connection.settings_dict["TEST"]["NAME"])
    done = folder / "migrated"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            connection.settings_dict["TEST"]["NAME"] = migrated
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            connection.settings_dict["TEST"]["NAME"] = own
            connection.close()
            done.touch()
        # PostgreSQL copies a database that nobody is connected to.
        if is_sqlite:
            _use(migrated)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [own])
            connection.close()
        else:
            with connection.creation._nodb_cursor() as cursor:
                quote = connection.ops.quote_name
                cursor.execute(f"DROP DATABASE IF EXISTS {quote(own)}")
                cursor.execute(f"CREATE DATABASE {quote(own)} TEMPLATE {quote(migrated)}")
    _use(own)


def _use(name: str) -> None:
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name
