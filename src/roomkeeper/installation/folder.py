"""The data folder: which database it belongs to, and that nobody else can read what is in it."""

import contextlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from roomkeeper.keys import KEY_FILE
from roomkeeper.settings.options import DATABASE_FILE, Options
from roomkeeper.words import gettext as _

MARK_FILE: Final = "installation.json"
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
# What holds secrets, or reads like a letter: the write-ahead log is the database, too.
PRIVATE: Final = (
    KEY_FILE,
    MARK_FILE,
    DATABASE_FILE,
    f"{DATABASE_FILE}-wal",
    f"{DATABASE_FILE}-shm",
    "jobs.sqlite3",
    "jobs.sqlite3-wal",
    "jobs.sqlite3-shm",
)


class DataFolderRefused(RuntimeError):
    """The data folder cannot be used as it is, or belongs to another database than the one asked for."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the folder says of itself. `is_complete` is false while a first start is not through: keys may be there, and
    the database need not."""

    identity: str
    kind: str
    database: str
    is_complete: bool
    config: str = ""


def kind_of(options: Options) -> str:
    """The kind of database that the options name."""
    return POSTGRESQL if options.database_url else SQLITE


def database_words(options: Options) -> str:
    """The database that the options name, in words that hold no password."""
    if not options.database_url:
        return str(options.data / DATABASE_FILE)
    url = urlsplit(options.database_url)
    return _("{path} on {hostname}", path=url.path.lstrip("/"), hostname=url.hostname or "this machine") + (
        f":{url.port}" if url.port else ""
    )


def find_mark(data: Path) -> Mark | None:
    """What the folder says, or None where it says nothing. Raises `DataFolderRefused` where that cannot be read."""
    path = data / MARK_FILE
    try:
        found = json.loads(path.read_text("utf-8"))
        return Mark(
            str(found["identity"]),
            str(found["kind"]),
            str(found["database"]),
            found["is_complete"] is True,
            str(found.get("config", "")),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataFolderRefused(
            _(
                "{path} cannot be read ({error}). It says which database the folder belongs to. "
                "Restore it, or delete it: it is created again once keys and database match.",
                path=path,
                error=error,
            )
        ) from error


def new_mark(options: Options, config: str) -> Mark:
    """The mark of an installation that begins now."""
    return Mark(
        secrets.token_hex(16), kind_of(options), database_words(options), is_complete=False, config=config
    )


def write_mark(data: Path, mark: Mark) -> None:
    """Put it in place as a whole, mode 0600."""
    content = {
        "identity": mark.identity,
        "kind": mark.kind,
        "database": mark.database,
        "is_complete": mark.is_complete,
        "config": mark.config,
    }
    beside = data / f"{MARK_FILE}.{os.getpid()}"
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(data / MARK_FILE)
    finally:
        beside.unlink(missing_ok=True)


def require_its_database(options: Options) -> None:
    """Raise `DataFolderRefused` where the folder belongs to a database of the other kind than the options name: whoever
    forgot the settings file would work on a second, empty installation."""
    mark = find_mark(options.data)
    if mark is None or mark.kind == kind_of(options):
        return
    named = _("name no database_url") if mark.kind == POSTGRESQL else _("name a PostgreSQL database")
    if mark.config:
        advice = _(
            "Its server was last started with other settings: add --config {config}", config=mark.config
        )
    else:
        advice = _(
            "Use the settings of its server: --config FILE, or ROOMKEEPER_DATABASE_URL as its service has it."
        )
    raise DataFolderRefused(
        _(
            "The data folder {data} belongs to the {kind} database {database}, and the settings "
            "{named}. {advice}",
            data=options.data,
            kind=mark.kind,
            database=mark.database,
            named=named,
            advice=advice,
        )
    )


def is_ours(data: Path) -> bool:
    """Whether an installation was made there, or is being made."""
    return any((data / name).exists() for name in (KEY_FILE, MARK_FILE, DATABASE_FILE))


def make(data: Path) -> None:
    """The folder, readable by this account alone. Raises `DataFolderRefused` where everybody may put files there."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if data.stat().st_mode & stat.S_ISVTX:
        raise DataFolderRefused(
            _(
                "{data} is a folder that all accounts share. Choose a folder of its own for the "
                "server with --data.",
                data=data,
            )
        )


def loose_modes(data: Path) -> list[Path]:
    """The folder and the files in it that others can read or write."""
    found = []
    for path, mode in ((data, 0o077), *((data / name, 0o077) for name in PRIVATE)):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mode & mode:
                found.append(path)
    return found


def mend_modes(data: Path) -> list[str]:
    """Take the rights of others away; one sentence for each that had them. Raises `DataFolderRefused` where that cannot
    be done."""
    told = []
    for path in loose_modes(data):
        mode = path.stat().st_mode & 0o777
        wanted = 0o700 if path == data else 0o600
        try:
            path.chmod(wanted)
        except OSError as error:
            raise DataFolderRefused(
                _(
                    "{path} can be used by other accounts (mode {mode:o}), and this one may not change "
                    "that ({strerror}). Run as its owner: chmod {wanted:o} {path}",
                    path=path,
                    mode=mode,
                    strerror=error.strerror,
                    wanted=wanted,
                )
            ) from error
        told.append(
            _(
                "{path} could be used by other accounts (mode {mode:o}); its mode is {wanted:o} now.",
                path=path,
                mode=mode,
                wanted=wanted,
            )
        )
    return told
