"""Lock-out after wrong passwords, by account and source: whoever tries from elsewhere locks nobody out.

The tries are in the database, so that they hold for all processes and over restarts.
"""

import ipaddress
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from roomkeeper.accounts.models import SignInTries, User
from roomkeeper.accounts.person import Person
from roomkeeper.words import gettext as _

FREE_TRIES: Final = 5
FIRST_LOCK: Final = timedelta(seconds=30)
LONGEST_LOCK: Final = timedelta(hours=1)
# After so long without a try the count begins again.
FORGOTTEN_AFTER: Final = timedelta(hours=24)
OF_ONE_SOURCE: Final = 200
IN_ALL: Final = 20_000


class NotLockedOut(ValueError):
    """There is nothing to lift."""


def lock_after(failures: int) -> timedelta:
    """How long is locked after so many wrong passwords in a row: nothing at first, then twice as long each time."""
    beyond = failures - FREE_TRIES
    if beyond < 0:
        return timedelta(0)
    return min(FIRST_LOCK * (1 << min(beyond, 16)), LONGEST_LOCK)


def source_of(text: str) -> str:
    """What tries count for: an IPv4 address, or the /64 of an IPv6 address, in which one machine has as many addresses
    as it likes."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text[:45]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def key_of(name: str, account: User | None) -> str:
    """By what tries are counted. What was typed and is no account's name is not kept: it may be a password."""
    if account is not None:
        return account.username
    return "?" + salted_hmac("roomkeeper sign-in", name.strip().casefold()).hexdigest()


def has_worked(key: str, source: str) -> bool:
    """Whether the account has signed in from there before."""
    return SignInTries.objects.filter(key=key, source=source, worked_at__isnull=False).exists()


def begin(key: str, account: User | None, source: str, *, now: datetime) -> SignInTries:
    """Count a try before its password is checked, so that tries side by side are counted, too.

    Where it is locked out (`is_locked`) nothing is counted but that somebody tried.
    """
    with transaction.atomic():
        tries = SignInTries.objects.select_for_update().filter(key=key, source=source).first()
        if tries is None:
            _make_room(source, now)
            tries, _rest = SignInTries.objects.get_or_create(
                key=key, source=source, defaults={"user": account, "tried_at": now}
            )
            tries = SignInTries.objects.select_for_update().get(pk=tries.pk)
        if tries.is_locked(now):
            tries.refused += 1
        else:
            is_old = now - tries.tried_at > FORGOTTEN_AFTER
            tries.failures = 1 if is_old else tries.failures + 1
            tries.refused = 0
            tries.tried_at = now
            lock = lock_after(tries.failures)
            tries.locked_until = now + lock if lock else None
        tries.user = account
        tries.save()
    return tries


def succeed(tries: SignInTries, *, now: datetime) -> None:
    """The password was right: nothing is counted any more."""
    SignInTries.objects.filter(pk=tries.pk).update(failures=0, refused=0, locked_until=None, worked_at=now)


def lift(tries: SignInTries, *, user: Person = None, now: datetime | None = None) -> SignInTries:
    """Let the account sign in from there again at once, as before the wrong passwords. Raises `NotLockedOut`."""
    found = SignInTries.objects.select_for_update().filter(pk=tries.pk, locked_until__isnull=False).first()
    if found is None:
        raise NotLockedOut(_("It is no longer locked out."))
    found.failures, found.refused, found.locked_until = 0, 0, None
    found.save()
    return found


def plan_anew(ids: Collection[int], *, now: datetime) -> None:
    """The clock was set back since these were tried: they are locked out from now on for as long as they were to be,
    and not for the step besides (rule R16)."""
    for tries in SignInTries.objects.filter(pk__in=ids, locked_until__isnull=False):
        SignInTries.objects.filter(pk=tries.pk, locked_until=tries.locked_until).update(
            locked_until=now + lock_after(tries.failures)
        )


def old(limit: datetime) -> Any:
    """What has not been tried for so long."""
    return SignInTries.objects.filter(tried_at__lt=limit).filter(
        Q(worked_at__isnull=True) | Q(worked_at__lt=limit)
    )


def _make_room(source: str, now: datetime) -> None:
    """Those tried longest ago leave, of names that never signed in from there, before the locked ones."""
    for rows, most in (
        (SignInTries.objects.filter(source=source), OF_ONE_SOURCE),
        (SignInTries.objects.all(), IN_ALL),
    ):
        if rows.count() >= most:
            strange = rows.filter(worked_at__isnull=True)
            free = strange.exclude(locked_until__gt=now)
            oldest = (free if free.exists() else strange).order_by("tried_at")[:10]
            SignInTries.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()
