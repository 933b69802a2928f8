"""Does the database give what this server needs, can it be copied, and do all clocks agree with this machine's?"""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from django.db import connection

from roomkeeper.installation import rights, sessions
from roomkeeper.jobs import checks
from roomkeeper.jobs.checks import Check, CheckResult
from roomkeeper.jobs.clock import STEP
from roomkeeper.settings.options import Options
from roomkeeper.systems.documents import clocks
from roomkeeper.systems.models import State, StoredDocument
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

PATIENCE: Final = timedelta(minutes=1)
# The clock of one system or two may be wrong; most of many are not wrong by the same.
SYSTEMS_AT_LEAST: Final = 3
LOOKED_AT: Final = 200
_TOLD_WITHIN: Final = timedelta(days=1)


def register_checks(options: Options) -> None:
    """Have them read from now on."""
    looks: dict[str, tuple[Callable[..., CheckResult | Iterable[CheckResult]], str]] = {
        "backup program": (_backup_program, "warning"),
        "server clock is wrong": (_clock, "warning"),
    }
    checks.register(
        Check(
            "database rights",
            partial(_rights, options),
            decides_readiness=True,
            publicly=_("the database does not give what this server needs"),
            ticket="critical",
            patience=PATIENCE,
        )
    )
    for name, (look, ticket) in looks.items():
        checks.register(Check(name, partial(look, options), ticket=ticket, patience=PATIENCE))


def _rights(_rest: Options, *, now: datetime) -> list[CheckResult]:
    words = rights.complaint()
    reads = sessions.isolation()
    return [
        CheckResult("database rights", not words, words or _("UTF-8, and schemas may be made")),
        CheckResult(
            "isolation",
            reads == sessions.READ_COMMITTED,
            _("sessions are {reads}", reads=reads),
            _("A pool between this server and PostgreSQL sets another. Take that setting out."),
        ),
    ]


def _backup_program(options: Options, *, now: datetime) -> CheckResult:
    """`pg_dump` refuses a server that is newer than itself."""
    if not options.database_url:
        return CheckResult("backup program", True, _("none is needed for the embedded database"))
    program = shutil.which("pg_dump")
    if program is None:
        words = _("pg_dump is not installed, so roomkeeper backup create cannot work")
        return CheckResult("backup program", False, words, _("Install PostgreSQL's client programs."))
    release = _release(program, Path(program).stat().st_mtime_ns)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0]) // 10_000
    if release < server:
        words = _("pg_dump is of release {release}, the server of {server}", release=release, server=server)
        return CheckResult(
            "backup program",
            False,
            words,
            _("Install PostgreSQL's client programs of {server}.", server=server),
        )
    return CheckResult(
        "backup program", True, _("pg_dump {release}, the server {server}", release=release, server=server)
    )


@lru_cache(maxsize=4)
def _release(program: str, changed_at: int) -> int:
    """The release of a program as it is now; looked at again and again, it is asked once."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - found in PATH, no words of others
    digits = next((word.split(".")[0] for word in done.stdout.split() if word[:1].isdigit()), "0")
    return int(digits) if digits.isdigit() else 0


def _clock(_rest: Options, *, now: datetime) -> CheckResult:
    """By two witnesses: the database, where it is on another machine, and the systems that told their time."""
    ahead = _ahead_of_database()
    if abs(ahead) > STEP:
        far = clocks.words(round(ahead.total_seconds()))
        return CheckResult(
            "clock", False, _("this machine's clock is {far} of the database's", far=far), _(_ADVICE)
        )
    told, differ = _witnesses(now)
    for sign in (1, -1):
        same = [one for one in differ if one * sign > 0]
        if len(same) >= SYSTEMS_AT_LEAST and 2 * len(same) > told:
            # They are ahead of us by as much as we are behind them.
            far = clocks.words(-sorted(same)[len(same) // 2])
            words = _(
                "this machine's clock is {far} of those of {count} of {told} systems",
                far=far,
                count=len(same),
                told=told,
            )
            return CheckResult("clock", False, words, _(_ADVICE))
    return CheckResult(
        "clock",
        True,
        _("agrees with {what}", what=_("the database") if connection.vendor == "postgresql" else _("itself"))
        + (
            _(" and with {told} of {told_2} systems", told=told - len(differ), told_2=told)
            if told
            else _("; no system has told its time lately")
        ),
    )


_ADVICE: Final = noop("Set it, and have a time service keep it (timedatectl, chrony).")


def _ahead_of_database() -> timedelta:
    if connection.vendor != "postgresql":
        return timedelta()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return datetime.now(UTC) - cursor.fetchone()[0]  # type: ignore[no-any-return]


def _witnesses(now: datetime) -> tuple[int, list[int]]:
    """How many systems told their time within a day, and by how many seconds those differ that do so by minutes."""
    rows = StoredDocument.objects.filter(
        kind=StoredDocument.Kind.STATUS,
        system__state=State.MANAGED,
        clock_offset__isnull=False,
        read_at__gt=now - _TOLD_WITHIN,
    )
    told = rows.order_by("-read_at").values_list("clock_offset", flat=True)[:LOOKED_AT]
    offsets = [one for one in told if one is not None]
    return len(offsets), [one for one in offsets if clocks.is_wrong(one)]
