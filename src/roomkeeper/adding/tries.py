"""How often a login may still be tried on a host: at most two an hour from a list, whoever adds it (rule R6).

The memory is in the rows of the jobs themselves, written before a login is sent, so that a crash does not forget it.
A host is told by its TLS key as well as by its address: the same device may stand at several.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from roomkeeper.adding.plan import KIND
from roomkeeper.devices.limits import LOCK_OUT_SECONDS
from roomkeeper.jobs.models import JobItem
from roomkeeper.systems.models import Folder

MOST: Final = 2
WINDOW: Final = timedelta(seconds=LOCK_OUT_SECONDS)


def take(item_id: int, host: str, tls_key: str, *, is_limited: bool, now: datetime) -> bool:
    """Count one more try on the host; False where it had as many as it may. One that is not limited is counted, too."""
    with transaction.atomic():
        one_at_a_time()
        if is_limited and _used(host, tls_key, now) >= MOST:
            return False
        item = JobItem.objects.select_for_update().get(pk=item_id)
        tries = [*item.details.get("tries", ()), now.isoformat()]
        item.details = {**item.details, "tried_host": host, "tls_key": tls_key, "tries": tries}
        item.save(update_fields=["details"])
    return True


def give_back(item_id: int) -> None:
    """The login worked, which sets the device's own count back: the item's last try counts no more."""
    with transaction.atomic():
        item = JobItem.objects.select_for_update().get(pk=item_id)
        item.details = {**item.details, "tries": item.details.get("tries", [])[:-1]}
        item.save(update_fields=["details"])


def one_at_a_time() -> None:
    """Wait for whoever else is here, inside the caller's transaction; on SQLite there is one writer anyway."""
    list(Folder.objects.select_for_update(no_key=True).filter(parent__isnull=True).values_list("pk"))


def _used(host: str, tls_key: str, now: datetime) -> int:
    same = Q(details__tried_host=host)
    if tls_key:
        same |= Q(details__tls_key=tls_key)
    recent = Q(job__ended_at__isnull=True) | Q(job__ended_at__gte=now - WINDOW)
    rows = JobItem.objects.filter(recent, same, job__kind=KIND).values_list("details", flat=True)
    tries = (datetime.fromisoformat(one) for details in rows for one in details.get("tries", ()))
    return sum(at > now - WINDOW for at in tries)
