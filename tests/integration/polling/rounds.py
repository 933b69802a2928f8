"""One round of polls, and the row of a system."""

from datetime import timedelta

from asgiref.sync import sync_to_async
from django.utils import timezone

from roomkeeper.polling import upkeep
from roomkeeper.polling.models import Poll
from roomkeeper.polling.pump import Poller
from roomkeeper.systems.models import System


@sync_to_async
def sweep() -> None:
    upkeep.sweep(now=timezone.now())


async def poll(*systems: System) -> int:
    """Make the systems due, and poll what is due."""
    await sweep()
    await Poll.objects.filter(pk__in=[system.pk for system in systems]).aupdate(
        # By whichever clock: the database's is measured, and a little behind.
        due_at=timezone.now() - timedelta(seconds=1)
    )
    return await Poller().run()


async def row_of(system: System) -> Poll:
    return await Poll.objects.aget(pk=system.pk)
