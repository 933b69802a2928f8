"""What `roomkeeper doctor` tells: the checks of database, keys, certificate, disk and listeners, and all others."""

import shutil
from datetime import datetime
from functools import partial

from django.conf import settings as django_settings
from django.db import DatabaseError, connection

from roomkeeper import keys
from roomkeeper.installation import belonging, folder, locks, opening, sessions
from roomkeeper.installation.belonging import InstallationRefused
from roomkeeper.installation.failures import sentence
from roomkeeper.installation.folder import database_words
from roomkeeper.jobs import checks, workers
from roomkeeper.jobs.checks import Check, CheckResult
from roomkeeper.serving import certificate_checks, database_checks, place_checks
from roomkeeper.serving.re_encryption import columns
from roomkeeper.settings.access import sqlite_address
from roomkeeper.settings.options import DATABASE_FILE, Options
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

LEAST_FREE_BYTES = 500_000_000


def register_checks(options: Options) -> None:
    """Have the checks that need the options read from now on, by whoever reads checks in this process."""
    checks.register(Check("database", partial(_database, options)))
    checks.register(
        Check(
            "keys",
            partial(_keys, options),
            decides_readiness=True,
            quick=partial(_keys_alone, options),
            publicly=_("the key file cannot be used"),
        )
    )
    certificate_checks.register_checks(options)
    checks.register(Check("disk nearly full", partial(_disk, options), ticket="critical"))
    checks.register(Check("listeners", partial(_listeners, options)))
    checks.register(Check("time zones", partial(_time_zones, options)))
    place_checks.register_checks(options)
    database_checks.register_checks(options)


def examine(options: Options, *, now: datetime) -> list[CheckResult]:
    """Look at everything; makes and changes nothing."""
    if not options.data.is_dir():
        words = _("{data} does not exist", data=options.data)
        return [
            CheckResult(
                "data folder", False, words, _("Name the server's with --data, or start the server once.")
            )
        ]
    database = options.data / DATABASE_FILE
    is_embedded = connection.settings_dict["NAME"] == sqlite_address(database)
    if is_embedded and not database.exists():
        found = [
            CheckResult(
                "database", False, _("{database} does not exist", database=database), _(_WITHOUT_DATABASE)
            )
        ]
        return [*found, _keys_alone(options), _disk(options, now=now)]
    register_checks(options)
    return [_excused(options, one, now) if one.what == "jobs" else one for one in checks.examine(now=now)]


def _excused(options: Options, jobs: CheckResult, now: datetime) -> CheckResult:
    """Nobody expects jobs to be taken up while the server is stopped: on this folder, and on the database, which
    processes on other machines may share."""
    if jobs.ok or locks.is_server_running(options.data):
        return jobs
    try:
        if workers.telling(now).exists() or sessions.are_others():
            return jobs
    except DatabaseError:
        return jobs
    return CheckResult("jobs", True, _("no process of the server runs"))


_WITHOUT_DATABASE = noop(
    "Restore it (roomkeeper backup restore FILE), or check that --data and --config are the server's."
)


def _time_zones(_rest: Options, *, now: datetime) -> CheckResult:
    return CheckResult(
        "time zones", True, _("data {TIME_ZONE_DATA}", TIME_ZONE_DATA=django_settings.TIME_ZONE_DATA)
    )


def _database(options: Options, *, now: datetime) -> CheckResult:
    try:
        state = opening.look(options, columns())
        damage = _damage()
    except (DatabaseError, ConnectionError) as error:
        told = sentence(error, database=database_words(options))
        return CheckResult("database", False, told or _("cannot be used: {error}", error=str(error)[:200]))
    except keys.KeyFileUnusable:
        state, damage = None, _damage()
    if damage:
        return CheckResult(
            "database",
            False,
            _("is damaged: {damage}", damage=damage),
            _("Restore it: roomkeeper backup restore FILE --force"),
        )
    if state is None:
        return CheckResult("database", True, _("{vendor}, answers", vendor=connection.vendor))
    try:
        belonging.refuse_newer(state)
    except InstallationRefused as error:
        return CheckResult("database", False, str(error))
    if state.missing_migrations:
        words = _(
            "{missing_migrations} migrations are missing; run: roomkeeper migrate",
            missing_migrations=state.missing_migrations,
        )
        return CheckResult("database", False, words)
    return CheckResult("database", True, _("{vendor}, schema up to date", vendor=connection.vendor))


def _damage() -> str:
    """What SQLite has against its file, or "". PostgreSQL looks after its own."""
    if connection.vendor != "sqlite":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        found = str(cursor.fetchone()[0])
    return "" if found == "ok" else found[:200]


def _keys(options: Options, *, now: datetime) -> CheckResult:
    alone = _keys_alone(options)
    if not alone.ok and opening.has_keys(options):
        return alone
    try:
        mark = folder.find_mark(options.data)
        belonging.decide(
            database=opening.look(options, columns()),
            has_keys=opening.has_keys(options),
            data=str(options.data),
            is_complete=mark.is_complete if mark else None,
            may_begin=False,
        )
    except (InstallationRefused, folder.DataFolderRefused) as error:
        return CheckResult("keys", False, str(error))
    return alone._replace(words=_("fit the database; {words}", words=alone.words)) if alone.ok else alone


def _keys_alone(options: Options, *, now: datetime | None = None) -> CheckResult:
    """Are they there, and nobody else's?"""
    try:
        keys.load(options.data)
    except keys.KeyFileUnusable as error:
        return CheckResult("keys", False, str(error))
    for path in folder.loose_modes(options.data):
        words = _(
            "{name} can be read by others (mode {st_mode:o})",
            name=path.name,
            st_mode=path.stat().st_mode & 511,
        )
        wanted = "700" if path.is_dir() else "600"
        return CheckResult(
            "keys", False, _("{words}; run: chmod {wanted} {path}", words=words, wanted=wanted, path=path)
        )
    return CheckResult("keys", True, _("readable by this account only"))


def _disk(options: Options, *, now: datetime) -> CheckResult:
    free = shutil.disk_usage(options.data).free
    words = _("{free:.1f} GB free in the data folder", free=free / 1000000000.0)
    return CheckResult(
        "disk", free > LEAST_FREE_BYTES, words, _("Make room: full, the server takes no posts any more.")
    )


def _listeners(options: Options, *, now: datetime) -> CheckResult:
    place, settings = Place.of(options), NetworkSettings.objects.first() or NetworkSettings()
    words = ", ".join([*options.http, *options.https]) or "none"
    if outside.is_for_this_machine_alone(settings, place):
        words += _(
            "; only this machine can reach the server. Set ROOMKEEPER_HTTP and ROOMKEEPER_HTTPS "
            "for the network, or ROOMKEEPER_TRUSTED_PROXIES where a proxy stands before it"
        )
    elif place.is_proxied:
        words += _(
            ", behind a proxy at {trusted_proxies}", trusted_proxies=", ".join(options.trusted_proxies)
        )
    elif place.is_on_loopback:
        words += _(", called at the outside address of Network settings")
    return CheckResult("listeners", True, words)
