"""Opening an installation: what every command and every process does before it touches data (rule R15).

One process at a time looks, makes keys, migrates and writes down what belongs together: on one machine by a lock on the
folder, on several by one in PostgreSQL.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection

from roomkeeper import keys
from roomkeeper.installation import belonging, copying, database, folder, locks, pooling, rights
from roomkeeper.installation.belonging import Database, Do, InstallationRefused
from roomkeeper.installation.database import Columns
from roomkeeper.installation.models import Installation
from roomkeeper.settings.options import CONFIG_VARIABLE, DATABASE_FILE, Options
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

_ADVISORY_LOCK: Final = 7_264_120
PAUSE: Final = 0.2
TELL_AFTER: Final = 5.0


def open_installation(
    options: Options,
    *,
    encrypted: Columns,
    fill: Callable[[], None] = lambda: None,
    may_begin: bool = True,
    has_lock: bool = False,
) -> None:
    """Make sure that folder, keys and database belong together and that the schema is this release's; `fill` then makes
    what must exist in it. With `may_begin` an installation is made where there is none.

    `has_lock`: this process is the server of the folder. Raises `InstallationRefused`, `FolderRefused`, `FolderBusy`
    and `KeyFileUnusable` with a sentence, and whatever the file system and the database raise.
    """
    folder.require_its_database(options)
    if options.database_url:
        pooling.require_sessions(options.database_url)
    if may_begin:
        folder.make(options.data)
    elif not folder.is_ours(options.data):
        raise InstallationRefused(belonging.nothing_there(str(options.data)))
    with locks.only_changer(options.data), _only_changer_of_database():
        rights.require_usable()
        state = look(options, encrypted)
        mark = folder.find_mark(options.data)
        do = belonging.decide(
            database=state,
            has_keys=has_keys(options),
            data=str(options.data),
            is_complete=mark.is_complete if mark else None,
            may_begin=may_begin,
        )
        for line in folder.mend_modes(options.data):
            log.warning("the data folder was open to others", what=line)
        if do is Do.BEGIN and mark is not None:
            _clear_half_made(options)
        if do is Do.BEGIN and (mark is None or not has_keys(options)):
            # The folder says first that it is being made: a first start that is killed can be begun again.
            mark = folder.new_mark(options, os.environ.get(CONFIG_VARIABLE, ""))
            folder.write_mark(options.data, mark)
            keys.make(options.data)
        use_keys(options)
        if state.missing_migrations or do is Do.BEGIN:
            _migrate(options, state, has_lock=has_lock)
        fill()
        settle(options, mark.identity if mark else "")
    connection.close()


def look(options: Options, encrypted: Columns) -> Database:
    """What the database says of its installation; an embedded one that does not exist is not made for it."""
    words = folder.database_words(options)
    if not options.database_url and connection.settings_dict["NAME"] == options.data / DATABASE_FILE:
        path = options.data / DATABASE_FILE
        if not path.exists() or not path.stat().st_size:
            return Database(words=words, has_rows=False, missing_migrations=1)
    return database.look(words, keys.load(options.data) if has_keys(options) else None, encrypted)


def has_keys(options: Options) -> bool:
    """Whether there is a key file."""
    return (options.data / keys.KEY_FILE).exists()


def use_keys(options: Options) -> None:
    """Django was set up before the keys were known."""
    django_settings.SECRET_KEY = keys.load(options.data).web_key


def look_for_adoption(options: Options, encrypted: Columns) -> Database:
    """What the database says, for `keys adopt`, brought to this release before anybody looks for what is lost;
    `InstallationRefused` where a newer release wrote it."""
    if options.database_url:
        pooling.require_sessions(options.database_url)
    with locks.only_changer(options.data), _only_changer_of_database():
        state = look(options, encrypted)
        belonging.refuse_newer(state)
        if state.has_rows and state.missing_migrations:
            _migrate(options, state, has_lock=True)
            state = look(options, encrypted)
    return state


def begin_adoption(options: Options) -> None:
    """From here on the folder is one whose first start is not through."""
    folder.write_mark(options.data, folder.new_mark(options, os.environ.get(CONFIG_VARIABLE, "")))


def make_keys(options: Options) -> keys.Keys:
    """The keys of the folder, made where there are none, for a database whose old ones were given up."""
    found = keys.make(options.data)
    use_keys(options)
    return found


def settle(options: Options, identity: str) -> None:
    """Write down in the database and in the folder that they belong together."""
    found = keys.load(options.data)
    row = Installation.objects.first()
    if row is None:
        identity = identity or folder.new_mark(options, "").identity
        row = Installation(
            identity=identity,
            key_check=belonging.key_check(found, identity),
            sample=found.encrypt(identity),
        )
        row.save(force_insert=True)
    wanted = folder.Mark(
        row.identity,
        folder.kind_of(options),
        folder.database_words(options),
        is_complete=True,
        config=os.environ.get(CONFIG_VARIABLE, ""),
    )
    mark = folder.find_mark(options.data)
    if mark is not None and not wanted.config:
        wanted = replace(wanted, config=mark.config)
    if mark != wanted:
        folder.write_mark(options.data, wanted)


def _clear_half_made(options: Options) -> None:
    """Remove what a first start that was killed left of an embedded database. The folder says that it is of one, and
    nothing is stored in it. A step of its schema may be done and not noted as done, which nobody could go on with."""
    if options.database_url or connection.settings_dict["NAME"] != options.data / DATABASE_FILE:
        return
    connection.close()
    for ending in ("", "-wal", "-shm"):
        (options.data / f"{DATABASE_FILE}{ending}").unlink(missing_ok=True)


def _migrate(options: Options, state: Database, *, has_lock: bool) -> None:
    if state.has_rows and not options.database_url:
        if not has_lock and locks.is_server_running(options.data):
            raise InstallationRefused(
                _(
                    "The database {words} belongs to an older release, whose server is running. Stop it "
                    "first.",
                    words=state.words,
                )
            )
        copied = copying.copy_before_migration(options.data, now=datetime.now(UTC))
        log.info(
            "the database was copied before its migration",
            copy=str(copied),
            migrations=state.missing_migrations,
        )
    elif state.has_rows:
        log.warning(
            "the PostgreSQL database is migrated without a copy of ours; schemas go forward only",
            migrations=state.missing_migrations,
            last_backup=_last_backup(state),
        )
    with _collecting_less_often():
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _collecting_less_often() -> Iterator[None]:
    """Django makes every model anew for nearly every step. To look so often for what is not needed any more would take
    a fifth of the time; this takes some 20 MB more."""
    often = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()


def _last_backup(state: Database) -> str:
    """What is known of backups; the table may be older than the column."""
    if not state.identity:
        return _("none is known")
    at = Installation.objects.values_list("last_backup_at", flat=True).first()
    return _("{at:%Y-%m-%d %H:%M} UTC by roomkeeper backup create", at=at) if at else _("none is known")


@contextmanager
def _only_changer_of_database() -> Iterator[None]:
    """Processes on several machines make and migrate one after the other."""
    if connection.vendor != "postgresql":
        yield
        return
    began = time.monotonic()
    told = False
    while not _try_lock():
        waited = time.monotonic() - began
        if waited > locks.WAIT_FOR:
            raise locks.FolderBusy(
                _(
                    "Another process has been setting up the database for {waited:.0f} minutes. Wait, or "
                    "stop it.",
                    waited=waited / 60,
                )
            )
        if waited > TELL_AFTER and not told:
            log.info("another process sets the database up; waiting for it")
            told = True
        time.sleep(PAUSE)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])
