"""What `roomkeeper doctor` tells: the checks of database, keys, certificate, disk and listeners, and all others."""

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from roomkeeper import keys
from roomkeeper.installation import locks
from roomkeeper.jobs import checks
from roomkeeper.jobs.checks import Check, Finding
from roomkeeper.serving import certificates
from roomkeeper.serving.listeners import all_loopback
from roomkeeper.settings.options import Options

LEAST_FREE_BYTES = 500_000_000


def register_checks(options: Options) -> None:
    """Have the checks that need the options read from now on, by whoever reads checks in this process."""
    looks: dict[str, Callable[..., Finding]] = {
        "database": _database,
        "keys": _keys,
        "certificate": _certificate,
        "disk": _disk,
        "listeners": _listeners,
    }
    for name, look in looks.items():
        checks.register(Check(name, partial(look, options)))


def examine(options: Options, *, now: datetime) -> list[Finding]:
    """Look at everything; changes nothing."""
    register_checks(options)
    found = checks.examine(now=now)
    if not locks.is_server_running(options.data):
        # Nobody expects work to be taken up while the server is stopped.
        found = [
            Finding("jobs", True, "no process of the server runs on this folder")
            if one.what == "jobs"
            else one
            for one in found
        ]
    return found


def _database(_: Options, *, now: datetime) -> Finding:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding("database", False, f"cannot be used: {str(error)[:200]}")
    if missing:
        return Finding("database", False, f"{len(missing)} migrations are missing; run: roomkeeper migrate")
    return Finding("database", True, f"{connection.vendor}, schema up to date")


def _keys(options: Options, *, now: datetime) -> Finding:
    try:
        keys.load(options.data)
    except keys.KeyFileUnusable as error:
        return Finding("keys", False, str(error))
    mode = (options.data / keys.KEY_FILE).stat().st_mode & 0o777
    if mode & 0o077:
        return Finding("keys", False, f"keys.json can be read by others (mode {mode:o}); run: chmod 600")
    return Finding("keys", True, "readable by this account only")


def _certificate(options: Options, *, now: datetime) -> Finding:
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


def _disk(options: Options, *, now: datetime) -> Finding:
    free = shutil.disk_usage(options.data).free
    return Finding("disk", free > LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free in the data folder")


def _listeners(options: Options, *, now: datetime) -> Finding:
    if all_loopback([*options.http, *options.https]):
        words = (
            "only this machine can reach the server; set ROOMKEEPER_HTTP and ROOMKEEPER_HTTPS for the network"
        )
    else:
        words = ", ".join([*options.http, *options.https])
    return Finding("listeners", True, words)
