"""`doctor`, `migrate`, `backup` and `secrets`: the server itself."""

import io
import json
import os
import sqlite3
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from roomkeeper.cli.environment import USAGE, fail, ready
from roomkeeper.settings.options import Options

backup_app = typer.Typer(help="Backups of the server.", no_args_is_help=True)
secrets_app = typer.Typer(help="The keys of stored secrets.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="The server's data folder.")]
_DATABASE, _DUMP = "roomkeeper.sqlite3", "roomkeeper.pgdump"
_KEPT_FILES = ("keys.json", "tls/ca.pem", "tls/ca-key.pem", "tls/server.pem", "tls/server-key.pem")


def migrate(data: Data = None) -> None:
    """Bring the database up to this version's schema; forward only."""
    ready(data=data)
    from roomkeeper.serving import first_start

    first_start.prepare(())
    typer.echo("the database has this version's schema")


def doctor(data: Data = None, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Check the installation: database, keys, certificates, disk. Exit code 1 where something is wrong."""
    options = ready(data=data)
    from roomkeeper.serving import health

    findings = health.examine(options, now=datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}: {finding.words}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@secrets_app.command("rotate")
def rotate_keys(data: Data = None) -> None:
    """Encrypt everything stored under a new key and forget the old ones. The server may go on running; restart it
    afterwards, so that it reads the new key."""
    options = ready(data=data)
    from roomkeeper import keys
    from roomkeeper.serving import re_encryption

    keys.add_encryption_key(options.data)
    number = re_encryption.re_encrypt_all()
    keys.drop_old_encryption_keys(options.data)
    typer.echo(f"{number} stored secrets were encrypted anew")


@backup_app.command("create")
def create_backup(file: Path, data: Data = None) -> None:
    """Write database, keys and certificates to one file (tar, gzip). Keep it safe: it holds every secret."""
    options = ready(data=data)
    if file.exists():
        fail(f"{file} already exists.")
    beside = file.with_name(file.name + ".partial")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target, tarfile.open(fileobj=target, mode="w:gz") as archive:
        if options.database_url:
            _add(archive, _DUMP, _dump_postgresql(options))
        else:
            _add(archive, _DATABASE, _copy_sqlite(options.data))
        for name in _KEPT_FILES:
            if (options.data / name).exists():
                _add(archive, name, (options.data / name).read_bytes())
    beside.replace(file)
    typer.echo(f"backup written to {file}")


@backup_app.command("restore")
def restore_backup(
    file: Path, data: Data = None, force: Annotated[bool, typer.Option(help="Replace what is there.")] = False
) -> None:
    """Restore a backup into an empty data folder (or, with --force, over an existing one). Stop the server first."""
    options = ready(data=data)
    database = options.data / _DATABASE
    if not force and (_has_tables() if options.database_url else database.exists()):
        place = "The database" if options.database_url else options.data
        fail(f"{place} already holds an installation. Use --force to replace it; there is no undo.")
    try:
        with tarfile.open(file, "r:gz") as archive:
            members = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
            found = {name: source.read() for name, source in members.items() if source is not None}
    except (OSError, tarfile.TarError) as error:
        fail(f"{file} is no backup that can be read: {error}", code=USAGE)
        return
    wanted = _DUMP if options.database_url else _DATABASE
    if wanted not in found:
        fail(f"{file} holds no {wanted}: it was made with another kind of database.", code=USAGE)
    if options.database_url:
        # First, as it fails as a whole: the keys of the old database would be gone.
        _restore_postgresql(options, found[_DUMP])
    for name in _KEPT_FILES:
        if name in found:
            _write(options.data / name, found[name])
    if not options.database_url:
        for leftover in (f"{_DATABASE}-wal", f"{_DATABASE}-shm"):
            (options.data / leftover).unlink(missing_ok=True)
        _write(database, found[_DATABASE])
    from roomkeeper.serving import first_start

    first_start.prepare(())
    typer.echo(f"restored from {file}")


def _copy_sqlite(data: Path) -> bytes:
    """A consistent copy, while the server may be writing."""
    copy = data / "backup.partial.sqlite3"
    copy.unlink(missing_ok=True)
    try:
        source, target = sqlite3.connect(data / _DATABASE), sqlite3.connect(copy)
        with source, target:
            source.backup(target)
        source.close()
        target.close()
        return copy.read_bytes()
    finally:
        copy.unlink(missing_ok=True)


def _dump_postgresql(options: Options) -> bytes:
    command = ["pg_dump", "--format=custom", "--no-owner", options.database_url]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        fail(f"pg_dump failed: {done.stderr.decode('utf-8', 'replace')[-500:]}")
    return done.stdout


def _has_tables() -> bool:
    from django.db import connection

    try:
        return bool(connection.introspection.table_names())
    finally:
        # The restore takes the tables away, which an open connection would hold up.
        connection.close()


def _restore_postgresql(options: Options, dump: bytes) -> None:
    command = [
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        "--dbname",
        options.database_url,
    ]
    done = subprocess.run(command, input=dump, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        fail(f"pg_restore failed: {done.stderr.decode('utf-8', 'replace')[-500:]}")


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
