"""Phone books for the benchmark, filled. Runs inside an installation (`inside.py`)."""

import time
from typing import Any

from django.db import connection
from django.utils import timezone

from roomkeeper.phonebooks import editing, setting, writing
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.writing import Difference, Entry
from roomkeeper.systems import inventory
from tests.bench import people


def seed(count: str) -> dict[str, Any]:
    """So many entries in three books, set on the folder of all systems: people, rooms, and people from abroad."""
    top = inventory.root_folder()
    started = time.monotonic()
    for name, share, make in people.BOOKS:
        book = editing.create_book(name, top)
        source = Source.objects.create(book=book, kind="bench", name=name)
        number = int(int(count) * share)
        made = [Entry(str(one), *make(one)) for one in range(number)]
        writing.write(source, Difference(made, [], [], 0), now=timezone.now())
        setting.set_on_folder(book, top)
    seconds = time.monotonic() - started
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        size = cursor.fetchone()[0]
    return {"seconds": seconds, "megabytes": size / 1e6}
