"""Leases: a right that one process of the installation has at a time, such as writing to a system.

A lease is a row of its own that is claimed by name (`claims`), made where there is none and gone when it is given back.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, IntegrityError, transaction

from roomkeeper.jobs import clock
from roomkeeper.jobs.claims import Claims
from roomkeeper.jobs.models import Lease
from roomkeeper.jobs.off_loop import off_loop

# Renewed for as long as the holder lives; one that died is in the way no longer than this.
HELD: Final = timedelta(seconds=20)
RENEW_SECONDS: Final = 5.0
_LEASES: Final = Claims(Lease, HELD, until="expires_at", claimant="holder", ends_with_it=True)


def holder_name() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def take(
    name: str,
    holder: str,
    *,
    now: datetime,
    on_taking: Callable[[datetime], None] | None = None,
) -> bool:
    """Take or renew a lease; False while another living holder has it. `on_taking` is called before, in the same
    transaction, with the time until which it was held."""
    try:
        with transaction.atomic():
            lease, _ = Lease.objects.select_for_update().get_or_create(
                name=name, defaults={"holder": holder, "expires_at": now}
            )
            if lease.holder != holder and _LEASES.is_taken(lease, now):
                return False
            if on_taking is not None:
                on_taking(lease.expires_at)
            _LEASES.take([name], now=now, by=holder)
    except IntegrityError:
        return False
    return True


def _take_now(name: str, holder: str) -> bool:
    return take(name, holder, now=clock.measure())


def release(name: str, holder: str) -> None:
    """Give a lease back."""
    _LEASES.give_back([name], by=holder)


@asynccontextmanager
async def only_writer(system_id: int) -> AsyncIterator[bool]:
    """The right to write to a system; gives False where somebody else is writing to it now."""
    async with only_holder(f"system:{system_id}") as holder:
        yield bool(holder)


@asynccontextmanager
async def only_holder(name: str) -> AsyncIterator[str]:
    """A right by its name, kept until the end; gives the name of the holder, "" where somebody else has it now."""
    holder = holder_name()
    taking = asyncio.ensure_future(off_loop(_take_now, name, holder))
    try:
        is_ours = await asyncio.shield(taking)
    except asyncio.CancelledError:
        # Its thread goes on and may still get it.
        await taking
        await off_loop(release, name, holder)
        raise
    if not is_ours:
        yield ""
        return
    is_over = asyncio.Event()
    renewing = asyncio.ensure_future(_renew(name, holder, is_over))
    try:
        yield holder
    finally:
        # Ended and not cancelled: its thread must not take the lease again after it is given back.
        is_over.set()
        await renewing
        await off_loop(release, name, holder)


async def _renew(name: str, holder: str, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(RENEW_SECONDS):
                await is_over.wait()
            return
        with suppress(DatabaseError):
            await off_loop(_take_now, name, holder)
