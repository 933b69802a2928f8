"""The one order in which rows of a system are locked, so that no two transactions wait for each other."""

from collections.abc import Collection

from django.db import connection

from roomkeeper.systems.models import Contact


def lock_contacts(system_ids: Collection[int] | None = None) -> None:
    """Lock the contact rows of these systems (None: of all), lowest id first, inside the caller's transaction.

    Before anything else of a system is written: that is how the door's batches begin, and PostgreSQL ends one of
    two transactions that lock a system and its contact in different orders. SQLite has one writer at a time.
    """
    if connection.vendor != "postgresql":
        return
    rows = Contact.objects.select_for_update().order_by("pk")
    if system_ids is not None:
        rows = rows.filter(pk__in=system_ids)
    list(rows.values_list("pk"))
