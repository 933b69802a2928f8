"""Examining an installation: what `roomkeeper doctor` tells."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from roomkeeper import keys
from roomkeeper.serving import certificates
from roomkeeper.serving.listeners import all_loopback
from roomkeeper.settings.options import Options

LEAST_FREE_BYTES = 500_000_000


class Finding(NamedTuple):
    """One thing looked at."""

    what: str
    ok: bool
    words: str


def examine(options: Options, *, now: datetime) -> list[Finding]:
    """Look at the database, its schema, the keys, the certificate, the listeners and the disk."""
    found = [_database(), _keys(options), _certificate(options, now), _disk(options)]
    if all_loopback([*options.http, *options.https]):
        words = (
            "only this machine can reach the server; set ROOMKEEPER_HTTP and ROOMKEEPER_HTTPS for the network"
        )
    else:
        words = ", ".join([*options.http, *options.https])
    found.append(Finding("listeners", True, words))
    return found


def _database() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding("database", False, f"cannot be used: {str(error)[:200]}")
    if missing:
        return Finding("database", False, f"{len(missing)} migrations are missing; run: roomkeeper migrate")
    return Finding("database", True, f"{connection.vendor}, schema up to date")


def _keys(options: Options) -> Finding:
    try:
        keys.load(options.data)
    except keys.KeyFileUnusable as error:
        return Finding("keys", False, str(error))
    mode = (options.data / keys.KEY_FILE).stat().st_mode & 0o777
    if mode & 0o077:
        return Finding("keys", False, f"keys.json can be read by others (mode {mode:o}); run: chmod 600")
    return Finding("keys", True, "readable by this account only")


def _certificate(options: Options, now: datetime) -> Finding:
    path = (
        Path(options.tls_certificate)
        if options.tls_certificate
        else certificates.CertificateFiles.below(options.data).leaf
    )
    if not path.exists() and not options.tls_certificate:
        return Finding("certificate", True, "is made at the first start")
    try:
        ends = certificates.expires_at(path)
    except (OSError, ValueError) as error:
        return Finding("certificate", False, f"{path} cannot be read: {error}")
    days = (ends - now).days
    return Finding("certificate", days > 0, f"runs out in {days} days, on {ends:%Y-%m-%d}")


def _disk(options: Options) -> Finding:
    free = shutil.disk_usage(options.data).free
    return Finding("disk", free > LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free in the data folder")
