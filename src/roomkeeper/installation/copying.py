"""Copies of the embedded database: a consistent one while somebody may be writing, and one before each migration."""

import contextlib
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from roomkeeper.installation.belonging import InstallationRefused
from roomkeeper.settings.options import DATABASE_FILE
from roomkeeper.words import gettext as _

BEFORE_MIGRATION: Final = "before-migration"
KEPT: Final = 3
# Room for the copy, and for what the migration itself writes.
ROOM: Final = 2.2


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy the database into a new file of mode 0600; nothing is left of it where that fails."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    try:
        with (
            contextlib.closing(sqlite3.connect(source)) as reading,
            contextlib.closing(sqlite3.connect(target)) as writing,
            reading,
            writing,
        ):
            reading.backup(writing)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def copy_before_migration(data: Path, *, now: datetime) -> Path:
    """Keep the database as it is now beside it; the newest few such copies stay. Raises `InstallationRefused` where
    there is no room."""
    database = data / DATABASE_FILE
    size = database.stat().st_size
    free = shutil.disk_usage(data).free
    if free < size * ROOM:
        raise InstallationRefused(
            _(
                "The database has to be migrated to this release, but {data} has no room for a copy "
                "of it: {mb} free, {mb_2} needed. Free some space and start again; nothing was "
                "changed.",
                data=data,
                mb=_mb(free),
                mb_2=_mb(size * ROOM),
            )
        )
    folder = data / BEFORE_MIGRATION
    folder.mkdir(exist_ok=True, mode=0o700)
    target = folder / f"roomkeeper-{now:%Y%m%d-%H%M%S}.sqlite3"
    copy_sqlite(database, target)
    for old in sorted(folder.glob("roomkeeper-*.sqlite3"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return target


def _mb(size: float) -> str:
    return f"{max(1, round(size / 1e6))} MB"
