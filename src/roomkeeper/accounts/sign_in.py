"""Signing in by name and password: right, wrong, locked out, each in the log and in the audit trail."""

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from roomkeeper.accounts import audit, lock_out
from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.models import SignInTries, User
from roomkeeper.accounts.sign_in_gate import Busy, Gate
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

log = structlog.get_logger(__name__)

LONGEST_PASSWORD: Final = 4096
UNKNOWN: Final = noop("(unknown name)")
GATE: Final = Gate()


class SignInOutcome(enum.StrEnum):
    """How a try to sign in ended."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED_OUT = "locked out"
    DEACTIVATED = "deactivated"
    BUSY = "busy"


_SENTENCES: Final = {
    SignInOutcome.RIGHT: "",
    SignInOutcome.WRONG: noop("The name and/or the password are not correct."),
    SignInOutcome.LOCKED_OUT: (
        noop(
            "Too many wrong passwords for this name from your address. Wait {wait}, then try again; an"
            " administrator of this"
            " server can lift the lock-out under People and roles."
        )
    ),
    SignInOutcome.DEACTIVATED: noop("This account is deactivated. Ask an administrator of this server."),
    SignInOutcome.BUSY: noop("Too many sign-ins are being tried. Wait {wait}, then try again."),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to sign in: its outcome, the account where the password was right, and how long to wait."""

    outcome: SignInOutcome
    user: User | None = None
    wait: timedelta = timedelta(0)

    @property
    def seconds(self) -> int:
        """Whole seconds until it makes sense to try again."""
        return math.ceil(self.wait.total_seconds())

    @property
    def sentence(self) -> str:
        """What the person is told."""
        return _(_SENTENCES[self.outcome]).format(wait=_words_of(self.seconds))


def find_account(name: str) -> User | None:
    """The account of that name; in other letter case where only one is meant."""
    found = {user.username: user for user in User.objects.filter(username__iexact=name.strip())[:20]}
    return found.get(name.strip()) or (found.popitem()[1] if len(found) == 1 else None)


def attempt(
    name: str, password: str, *, source_address: str, road: Road, now: datetime, gate: Gate = GATE
) -> Attempt:
    """Check a name and a password that came from that address.

    An unknown name takes as long as a known one. While (account, source) is locked out no password is checked. Raises
    nothing but what the database raises.
    """
    source = lock_out.source_of(source_address)
    account = find_account(name)
    key = lock_out.key_of(name, account)
    try:
        with gate.turn(source, is_known=lock_out.has_worked(key, source)):
            tries = lock_out.begin(key, account, source, now=now)
            if tries.refused:
                found = Attempt(SignInOutcome.LOCKED_OUT, wait=(tries.locked_until or now) - now)
            else:
                found = _check(account, password)
    except Busy as busy:
        return Attempt(SignInOutcome.BUSY, wait=timedelta(seconds=busy.seconds))
    if found.outcome is SignInOutcome.WRONG:
        gate.charge(source)
    with audit.acting_from(source_address):
        _conclude(found, tries, account, road, source_address, now)
    return found


def _check(account: User | None, password: str) -> Attempt:
    if account is None or not account.has_usable_password() or len(password) > LONGEST_PASSWORD:
        # As long as the check of a known name's password.
        make_password(password[:LONGEST_PASSWORD])
        return Attempt(SignInOutcome.WRONG)
    if not check_password(password, account.password, setter=_upgrade(account)):
        return Attempt(SignInOutcome.WRONG)
    return Attempt(SignInOutcome.RIGHT if account.is_active else SignInOutcome.DEACTIVATED, account)


def _upgrade(account: User) -> Callable[[str], None]:
    """Keeps the hash of today's kind in place of an older one, unless the password was changed meanwhile."""

    def set_hash(password: str) -> None:
        before = account.password
        account.password = make_password(password)
        User.objects.filter(pk=account.pk, password=before).update(password=account.password)

    return set_hash


def _conclude(
    found: Attempt, tries: SignInTries, account: User | None, road: Road, source: str, now: datetime
) -> None:
    """Note it. Of those refused while locked out the first is noted; how many there were is with the lock-out."""
    name = account.username if account is not None else _(UNKNOWN)
    is_right = found.outcome is SignInOutcome.RIGHT
    is_new_lock = found.outcome is SignInOutcome.WRONG and tries.locked_until is not None
    if found.outcome is SignInOutcome.LOCKED_OUT and tries.refused > 1:
        return
    with transaction.atomic():
        if is_right or found.outcome is SignInOutcome.DEACTIVATED:
            lock_out.succeed(tries, now=now)
        if is_right:
            audit.record(account, road, "sign in", account)
        else:
            audit.unproven(name, road, noop("sign in refused"), account, reason=str(found.outcome))
        if is_new_lock:
            until = tries.locked_until.isoformat() if tries.locked_until else ""
            audit.unproven(name, road, "lock out", account, failures=tries.failures, until=until)
    event = "sign in" if is_right else "sign in refused"
    log.info(event, name=name, source_address=source, road=str(road), outcome=str(found.outcome))
    if is_new_lock:
        log.warning(
            "lock out", name=name, source_address=source, road=str(road), failures=tries.failures, until=until
        )


def _words_of(seconds: int) -> str:
    if seconds < 60:
        return ngettext("{count} second", "{count} seconds", seconds)
    minutes = math.ceil(seconds / 60)
    return ngettext("{count} minute", "{count} minutes", minutes)
