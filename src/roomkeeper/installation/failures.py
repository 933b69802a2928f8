"""What kept a command from starting, in one sentence with what to do: files, disks and databases that are not as they
should be. A failure that has no sentence here is a fault of the program, and keeps its traceback."""

import errno
import sqlite3
from pathlib import Path
from typing import Final

import psycopg
from django.db import Error as DjangoDatabaseError

from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_FILES: Final = {
    errno.ENOSPC: noop("the disk is full. Free some space and start again"),
    errno.EDQUOT: noop("this account's disk quota is used up. Free some space and start again"),
    errno.EFBIG: noop(
        "files may not grow that large here (ulimit -f, LimitFSIZE). Raise the limit and start again"
    ),
    errno.EROFS: noop(
        "its file system is mounted read-only. Mount it for writing, or name another folder with --data"
    ),
    errno.EACCES: noop(
        "this account lacks the right. Run the command as the account of the service, or grant it"
    ),
    errno.EPERM: noop(
        "this account lacks the right. Run the command as the account of the service, or grant it"
    ),
    errno.ENOENT: noop("it does not exist"),
    errno.ENOTDIR: noop("a part of its path is a file, not a folder"),
    errno.EISDIR: noop("it is a folder, not a file"),
    errno.EIO: noop("the disk reports errors. Check the system's log"),
    errno.EMFILE: noop("too many files are open. Raise the limit (LimitNOFILE)"),
    errno.ENOLCK: noop("the file system does not support locks. Put the data folder on a local disk"),
}

_SQLITE: Final = (
    ("SQLITE_FULL", noop("the disk is full. Free some space and start again")),
    (
        "SQLITE_READONLY",
        noop("it is read-only for this account. Mount it for writing, or run as the account of the service"),
    ),
    (
        "SQLITE_CANTOPEN",
        noop("it cannot be opened: the folder does not exist, or this account cannot write to it"),
    ),
    ("SQLITE_PERM", noop("this account may not open it. Run the command as the account of the service")),
    (
        "SQLITE_NOTADB",
        noop("the file is damaged: it is not a database. Restore it: roomkeeper backup restore FILE --force"),
    ),
    ("SQLITE_CORRUPT", noop("the file is damaged. Restore it: roomkeeper backup restore FILE --force")),
    ("SQLITE_BUSY", noop("another program has locked it. Stop that program, or try again")),
    ("SQLITE_LOCKED", noop("another program has locked it. Stop that program, or try again")),
    (
        "SQLITE_IOERR",
        noop("the disk answers with an error, or is full. Check its free space and the system's log"),
    ),
)  # fmt: skip

_POSTGRESQL_STATES: Final = (
    ("53100", noop("its disk is full. Free some space and start again")),
    ("53300", noop("it has no free connection. Raise max_connections, or stop other clients")),
    ("28", noop("it refuses the account or its password. Check database_url")),
    (
        "3D000",
        noop("there is no such database. Create it first: CREATE DATABASE name OWNER account ENCODING 'UTF8'"),
    ),
    (
        "42501",
        noop("the account lacks a right. Have it own the database, or GRANT CREATE ON DATABASE and SCHEMA public"),
    ),
    ("25006", noop("it is read-only: it is a standby, or set so. Name the primary in database_url")),
    ("57P", noop("it is starting or stopping. Try again in a moment")),
    ("XX001", noop("its data is damaged. Restore it from a backup")),
    ("XX002", noop("its data is damaged. Restore it from a backup")),
)  # fmt: skip

# libpq tells failures to connect by words alone.
_POSTGRESQL_WORDS: Final = (
    ("password authentication failed", noop("it refuses the account or its password. Check database_url")),
    (
        "no password supplied",
        noop("it requires a password. Put it into database_url (postgresql://account:password@host/name)"),
    ),
    ("pg_hba.conf", noop("it accepts no connection of this account from here. Check its pg_hba.conf")),
    ("does not exist", noop("the account or the database does not exist. Create it, or check database_url")),
    (
        "Connection refused",
        noop("nothing answers there. Start PostgreSQL, or check host and port in database_url"),
    ),
    (
        "No such file or directory",
        noop("nothing answers there. Start PostgreSQL, or check host and port in database_url"),
    ),
    ("could not translate host name", noop("its host is unknown. Check database_url and DNS")),
    ("failed to resolve host", noop("its host is unknown. Check database_url and DNS")),
    ("timeout", noop("it does not answer in time. Check the network, and try again")),
    ("timed out", noop("it does not answer in time. Check the network, and try again")),
    ("No route to host", noop("there is no route to its host. Check the network")),
    ("too many clients", noop("it has no free connection. Raise max_connections, or stop other clients")),
    (
        "remaining connection slots",
        noop("it has no free connection. Raise max_connections, or stop other clients"),
    ),
    ("starting up", noop("it is starting. Try again in a moment")),
    ("shutting down", noop("it is stopping. Try again in a moment")),
    ("certificate", noop("its certificate is not accepted. Check PGSSLMODE and PGSSLROOTCERT")),
    ("SSL", noop("the encrypted connection could not be set up. Check PGSSLMODE")),
    ("closed the connection", noop("it closed the connection. Check its log, and try again")),
)  # fmt: skip


def sentence(error: BaseException, *, database: str) -> str | None:
    """The sentence for a failure, or None where there is none. `database` are the words for the database in use."""
    for cause in _chain(error):
        if isinstance(cause, sqlite3.Error):
            return _of_sqlite(cause, database)
        if isinstance(cause, psycopg.Error):
            return _of_postgresql(cause, database)
        if isinstance(cause, OSError) and not isinstance(cause, ConnectionError):
            return _of_file(cause)
    if isinstance(error, DjangoDatabaseError):
        return _(
            "The database {database} cannot be used: {first_line}",
            database=database,
            first_line=_first_line(error),
        )
    return None


def _of_file(error: OSError) -> str | None:
    words = _(_FILES.get(error.errno or 0) or "")
    if not words:
        return None
    name = error.filename2 or error.filename
    named = str(Path(name)) if isinstance(name, str | Path) else _("A file")
    return _("{named} cannot be used: {words}.", named=named, words=words)


def _of_sqlite(error: sqlite3.Error, database: str) -> str | None:
    name = getattr(error, "sqlite_errorname", "")
    for beginning, words in _SQLITE:
        if name.startswith(beginning):
            return _("The database {database} cannot be used: {words}.", database=database, words=_(words))
    return None


def _of_postgresql(error: psycopg.Error, database: str) -> str | None:
    said = _first_line(error)
    for beginning, words in _POSTGRESQL_STATES:
        if (error.sqlstate or "").startswith(beginning):
            return _(
                "The PostgreSQL database {database} cannot be used: {words}. It says: {said}",
                database=database,
                words=_(words),
                said=said,
            )
    for part, words in _POSTGRESQL_WORDS:
        if part in str(error):
            return _(
                "The PostgreSQL database {database} cannot be used: {words}. It says: {said}",
                database=database,
                words=_(words),
                said=said,
            )
    if isinstance(error, psycopg.OperationalError):
        return _(
            "The PostgreSQL database {database} cannot be used. It says: {said}", database=database, said=said
        )
    return None


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
