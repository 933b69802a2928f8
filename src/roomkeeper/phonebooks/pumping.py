"""Sources that are due, read in threads of their own: a slow one holds up no other work of this server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from django.db import connection

from roomkeeper.jobs import leases
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.phonebooks import syncing
from roomkeeper.phonebooks.models import Source

# Sources that one process reads at a time.
AT_ONCE: Final = 3
_threads: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="phone book source")
_in_hand: Final[set[int]] = set()


async def read_due(*, now: datetime) -> int:
    """Read the source that has been due longest, which nobody else reads meanwhile; 0 where there is none."""
    if len(_in_hand) >= AT_ONCE:
        return 0
    source = await off_loop(syncing.find_due, now)
    if source is None or source.pk in _in_hand or len(_in_hand) >= AT_ONCE:
        return 0
    _in_hand.add(source.pk)
    try:
        async with leases.only_holder(syncing.lease_of(source.pk)) as holder:
            if not holder:
                return 0
            reading = asyncio.get_running_loop().run_in_executor(_threads, _read, source, now, holder)
            try:
                await asyncio.shield(reading)
            except asyncio.CancelledError:
                # This process ends. What is read is not written; the source is read again by whoever is there.
                await off_loop(Source.objects.filter(pk=source.pk).update, is_to_stop=True)
                await asyncio.wait([reading], timeout=syncing.LOOK_SECONDS * 3)
                raise
    finally:
        _in_hand.discard(source.pk)
    return 1


def _read(source: Source, now: datetime, holder: str) -> None:
    try:
        syncing.read_one(source, now=now, holder=holder)
    finally:
        connection.close()
