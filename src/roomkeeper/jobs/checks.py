"""Checks of the server itself: registered by whoever knows, read by `roomkeeper doctor`, `/readyz` and the tickets.

A check looks and never changes anything. It may run in any process, so it judges by the database, the files and the
settings, or by what its own process has seen.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.db import DatabaseError

from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)


class CheckResult(NamedTuple):
    """One thing looked at: whether it is as it should be, a sentence, and where it is not, what to do."""

    what: str
    ok: bool
    words: str
    advice: str = ""


Look = Callable[..., CheckResult | Iterable[CheckResult]]


@dataclass(frozen=True, slots=True)
class Check:
    """`look(now=…)`, and who reads it.

    `decides_readiness`: a fault makes `/readyz` answer 503. That is for what makes a process answer wrongly or leave
    work lying, not for what an administrator ought to know and nobody else notices. Such checks are asked often and by
    anybody: they take milliseconds, and their words name no host, folder or account. Where it cannot be so, `quick` is
    asked there in place of `look`, and `publicly` said in place of the words.
    `ticket`: the level (info, warning, critical) of the ticket that a fault opens, of kind `name`; "" opens none.
    `patience`: how long a fault must last until the ticket is opened.
    """

    name: str
    look: Look
    decides_readiness: bool = False
    ticket: str = ""
    patience: timedelta = timedelta(0)
    quick: Look | None = None
    publicly: str = ""


_checks: dict[str, Check] = {}


def register(check: Check) -> None:
    """Have a check read from now on; one of the same name is replaced."""
    _checks[check.name] = check


def examine(*, now: datetime) -> list[CheckResult]:
    """What every check found, in the order of registration."""
    return [finding for check in _checks.values() for finding in run(check, now=now)]


def hindrances(*, now: datetime) -> list[CheckResult]:
    """The faults because of which this process cannot serve, in words for everybody."""
    found = []
    for check in _checks.values():
        if check.decides_readiness:
            faults = [one for one in _run(check, check.quick or check.look, now) if not one.ok]
            found += [one._replace(words=check.publicly or one.words) for one in faults]
    return found


def with_tickets() -> list[Check]:
    """The checks whose faults open tickets."""
    return [check for check in _checks.values() if check.ticket]


def run(check: Check, *, now: datetime) -> list[CheckResult]:
    """What one check found; one that fails itself is a fault."""
    return _run(check, check.look, now)


def _run(check: Check, look: Look, now: datetime) -> list[CheckResult]:
    try:
        found = look(now=now)
        return [found] if isinstance(found, CheckResult) else list(found)
    except DatabaseError as error:
        log.warning("a check could not ask the database", check=check.name, error=str(error)[:300])
        return [CheckResult(check.name, False, _("the database does not answer"), _("See the server's log."))]
    except Exception:
        log.exception("a check failed", check=check.name)
        return [CheckResult(check.name, False, _("could not be checked"), _("See the server's log."))]
