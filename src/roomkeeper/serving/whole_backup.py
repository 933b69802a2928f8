"""The whole server in one file, and back: database, keys and certificates. Not here: backups of systems."""

import io
import os
import subprocess
import tarfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from django.db import connection

from roomkeeper.installation import folder, locks
from roomkeeper.installation.belonging import InstallationRefused
from roomkeeper.installation.copying import copy_sqlite
from roomkeeper.installation.models import Installation
from roomkeeper.serving import first_start
from roomkeeper.settings.options import DATABASE_FILE, Options
from roomkeeper.words import gettext as _

_DUMP: Final = "roomkeeper.pgdump"
_KEPT_FILES: Final = (
    "keys.json",
    "tls/ca.pem",
    "tls/ca-key.pem",
    "tls/server.pem",
    "tls/server-key.pem",
)


class BackupUnusable(ValueError):
    """The file is no backup, or none of this kind of installation."""


def write(options: Options, file: Path) -> None:
    """Write the server into a file that is not there yet (mode 0600). Raises `InstallationRefused`."""
    if file.exists():
        raise InstallationRefused(_("{file} already exists.", file=file))
    first_start.prepare(may_begin=False)
    beside = file.with_name(file.name + ".partial")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target, tarfile.open(fileobj=target, mode="w:gz") as archive:
            if options.database_url:
                _add(archive, _DUMP, _dump_postgresql(options))
            else:
                _add(archive, DATABASE_FILE, _copy_sqlite(options.data))
            for name in _KEPT_FILES:
                if (options.data / name).exists():
                    _add(archive, name, (options.data / name).read_bytes())
        beside.replace(file)
    finally:
        # What was half written when the disk was full must not look like a backup, nor keep the disk full.
        beside.unlink(missing_ok=True)
    _note_backup()


def require_empty(options: Options) -> None:
    """Raises `InstallationRefused` where a restore would replace an installation."""
    if _has_tables() if options.database_url else (options.data / DATABASE_FILE).exists():
        place = _("The database") if options.database_url else options.data
        sentence = _(
            "{place} already contains an installation. Use --force to replace it; this cannot be undone.",
            place=place,
        )
        raise InstallationRefused(sentence)


def read(options: Options, file: Path) -> dict[str, bytes]:
    """What a backup holds, by name. Raises `BackupUnusable`."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            members = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
            found = {name: source.read() for name, source in members.items() if source is not None}
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise BackupUnusable(_("{file} is not a readable backup: {error}", file=file, error=error)) from error
    wanted = _DUMP if options.database_url else DATABASE_FILE
    if wanted not in found:
        sentence = _(
            "{file} contains no {wanted}: it was made with another kind of database.",
            file=file,
            wanted=wanted,
        )
        raise BackupUnusable(sentence)
    if "keys.json" not in found:
        sentence = _("{file} contains no keys.json, without which its secrets cannot be read.", file=file)
        raise BackupUnusable(sentence)
    return found


def restore(options: Options, found: dict[str, bytes]) -> None:
    """Put what a backup holds in place of what is there; no server may run on it."""
    folder.make(options.data)
    lock = locks.ServerLock(options.data)
    lock.take(alone=True)
    if options.database_url:
        # First, as it fails as a whole: the keys of the old database would be gone.
        _restore_postgresql(options, found[_DUMP])
    # What the folder said of the installation that is replaced holds no longer.
    (options.data / folder.MARK_FILE).unlink(missing_ok=True)
    for name in _KEPT_FILES:
        if name in found:
            _write(options.data / name, found[name])
    if not options.database_url:
        for leftover in (f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm"):
            (options.data / leftover).unlink(missing_ok=True)
        _write(options.data / DATABASE_FILE, found[DATABASE_FILE])
    first_start.prepare(has_lock=True)


def _copy_sqlite(data: Path) -> bytes:
    """A consistent copy, while the server may be writing."""
    copy = data / "backup.partial.sqlite3"
    try:
        copy_sqlite(data / DATABASE_FILE, copy)
        return copy.read_bytes()
    finally:
        copy.unlink(missing_ok=True)


def _note_backup() -> None:
    """The next migration says how old the newest backup is."""
    Installation.objects.update(last_backup_at=datetime.now(UTC))


def _dump_postgresql(options: Options) -> bytes:
    return _run_client(options, ["pg_dump", "--format=custom", "--no-owner"])


def _has_tables() -> bool:
    try:
        return bool(connection.introspection.table_names())
    finally:
        # The restore takes the tables away, which an open connection would hold up.
        connection.close()


def _restore_postgresql(options: Options, dump: bytes) -> None:
    _run_client(
        options, ["pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction"], given=dump
    )


def _run_client(options: Options, words: list[str], *, given: bytes | None = None) -> bytes:
    """One of PostgreSQL's programs on our database; the password goes by the environment, which others cannot read."""
    url = urlsplit(options.database_url)
    address = url._replace(
        netloc=url.netloc.replace(f":{url.password}@", "@") if url.password else url.netloc
    )
    environment = {**os.environ, "PGPASSWORD": unquote(url.password)} if url.password else dict(os.environ)
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and the server's own setting
            [*words, f"--dbname={address.geturl()}"],
            input=given,
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        sentence = _(
            "{words} is not installed. Install PostgreSQL's client programs, as new as the server.",
            words=words[0],
        )
        raise InstallationRefused(sentence) from None
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace")[-500:]
        raise InstallationRefused(_("{words} failed: {why}", words=words[0], why=why))
    return done.stdout


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    info.mtime = int(datetime.now(UTC).timestamp())
    archive.addfile(info, io.BytesIO(content))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
