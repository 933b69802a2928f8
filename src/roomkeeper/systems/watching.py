"""Somebody looks at a system: until the look ends, its heartbeat is asked to be short."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from roomkeeper.systems.models import Contact

WATCHED_FOR = timedelta(seconds=90)


def watch(system_ids: Iterable[int], *, now: datetime) -> None:
    """Note that a person looks at these systems for the next minute and a half."""
    Contact.objects.filter(system_id__in=list(system_ids)).update(watched_until=now + WATCHED_FOR)
