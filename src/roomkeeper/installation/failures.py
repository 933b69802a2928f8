"""What kept a command from starting, in one sentence with what to do: files, disks and databases that are not as they
should be. A failure that has no sentence here is a fault of the program, and keeps its traceback."""

import errno
import sqlite3
from pathlib import Path
from typing import Final

import psycopg
from django.db import Error as DjangoDatabaseError

from roomkeeper.words import gettext as _

_FILES: Final = {
    errno.ENOSPC: "the disk is full. Free some space and start again",
    errno.EDQUOT: "this account's disk quota is used up. Free some space and start again",
    errno.EFBIG: "files may not grow that large here (ulimit -f, LimitFSIZE). Raise the limit and start again",
    errno.EROFS: "its file system is mounted read-only. Mount it for writing, or name another folder with --data",
    errno.EACCES: "this account lacks the right. Run the command as the account of the service, or grant it",
    errno.EPERM: "this account lacks the right. Run the command as the account of the service, or grant it",
    errno.ENOENT: "it does not exist",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.EIO: "the disk reports errors. Check the system's log",
    errno.EMFILE: "too many files are open. Raise the limit (LimitNOFILE)",
    errno.ENOLCK: "the file system does not support locks. Put the data folder on a local disk",
}

_SQLITE: Final = (
    ("SQLITE_FULL", "the disk is full. Free some space and start again"),
    ("SQLITE_READONLY", "it is read-only for this account. Mount it for writing, or run as the account of the service"),
    ("SQLITE_CANTOPEN", "it cannot be opened: the folder does not exist, or this account cannot write to it"),
    ("SQLITE_PERM", "this account may not open it. Run the command as the account of the service"),
    ("SQLITE_NOTADB", "the file is damaged: it is not a database. Restore it: roomkeeper backup restore FILE --force"),
    ("SQLITE_CORRUPT", "the file is damaged. Restore it: roomkeeper backup restore FILE --force"),
    ("SQLITE_BUSY", "another program has locked it. Stop that program, or try again"),
    ("SQLITE_LOCKED", "another program has locked it. Stop that program, or try again"),
    ("SQLITE_IOERR", "the disk answers with an error, or is full. Check its free space and the system's log"),
)  # fmt: skip

_POSTGRESQL_STATES: Final = (
    ("53100", "its disk is full. Free some space and start again"),
    ("53300", "it has no free connection. Raise max_connections, or stop other clients"),
    ("28", "it refuses the account or its password. Check database_url"),
    ("3D000", "there is no such database. Create it first: CREATE DATABASE name OWNER account ENCODING 'UTF8'"),
    ("42501", "the account lacks a right. Have it own the database, or GRANT CREATE ON DATABASE and SCHEMA public"),
    ("25006", "it is read-only: it is a standby, or set so. Name the primary in database_url"),
    ("57P", "it is starting or stopping. Try again in a moment"),
    ("XX001", "its data is damaged. Restore it from a backup"),
    ("XX002", "its data is damaged. Restore it from a backup"),
)  # fmt: skip

# libpq tells failures to connect by words alone.
_POSTGRESQL_WORDS: Final = (
    ("password authentication failed", "it refuses the account or its password. Check database_url"),
    ("no password supplied", "it requires a password. Put it into database_url (postgresql://account:password@host/name)"),
    ("pg_hba.conf", "it accepts no connection of this account from here. Check its pg_hba.conf"),
    ("does not exist", "the account or the database does not exist. Create it, or check database_url"),
    ("Connection refused", "nothing answers there. Start PostgreSQL, or check host and port in database_url"),
    ("No such file or directory", "nothing answers there. Start PostgreSQL, or check host and port in database_url"),
    ("could not translate host name", "its host is unknown. Check database_url and DNS"),
    ("failed to resolve host", "its host is unknown. Check database_url and DNS"),
    ("timeout", "it does not answer in time. Check the network, and try again"),
    ("timed out", "it does not answer in time. Check the network, and try again"),
    ("No route to host", "there is no route to its host. Check the network"),
    ("too many clients", "it has no free connection. Raise max_connections, or stop other clients"),
    ("remaining connection slots", "it has no free connection. Raise max_connections, or stop other clients"),
    ("starting up", "it is starting. Try again in a moment"),
    ("shutting down", "it is stopping. Try again in a moment"),
    ("certificate", "its certificate is not accepted. Check PGSSLMODE and PGSSLROOTCERT"),
    ("SSL", "the encrypted connection could not be set up. Check PGSSLMODE"),
    ("closed the connection", "it closed the connection. Check its log, and try again"),
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
    words = _FILES.get(error.errno or 0)
    if words is None:
        return None
    name = error.filename2 or error.filename
    named = str(Path(name)) if isinstance(name, str | Path) else _("A file")
    return _("{named} cannot be used: {words}.", named=named, words=words)


def _of_sqlite(error: sqlite3.Error, database: str) -> str | None:
    name = getattr(error, "sqlite_errorname", "")
    for beginning, words in _SQLITE:
        if name.startswith(beginning):
            return _("The database {database} cannot be used: {words}.", database=database, words=words)
    return None


def _of_postgresql(error: psycopg.Error, database: str) -> str | None:
    said = _first_line(error)
    for beginning, words in _POSTGRESQL_STATES:
        if (error.sqlstate or "").startswith(beginning):
            return _(
                "The PostgreSQL database {database} cannot be used: {words}. It says: {said}",
                database=database,
                words=words,
                said=said,
            )
    for part, words in _POSTGRESQL_WORDS:
        if part in str(error):
            return _(
                "The PostgreSQL database {database} cannot be used: {words}. It says: {said}",
                database=database,
                words=words,
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
