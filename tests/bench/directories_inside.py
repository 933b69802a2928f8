"""A phone book read from a directory, and searches beside it. Runs inside an installation (`inside.py`)."""

import statistics
import subprocess
import sys
import threading
import time
from typing import Any

from django.db import close_old_connections
from django.utils import timezone

from roomkeeper.phonebooks import editing, keeping, searching, sources, syncing
from roomkeeper.phonebooks.dialling import ALL
from roomkeeper.phonebooks.models import Contact, Source
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.phonebooks.sources import Reading, ldap
from roomkeeper.serving import first_start
from roomkeeper.serving.server import SWITCH_INTERVAL
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.models import NetworkSettings
from tests.slapd import ADMINISTRATOR, HOST, PASSWORD, SUFFIX

# As somebody types.
ASKED = ("a", "an", "ann", "anna", "anna b", "ber", "berg", "jurgen", "4712", "nunez 4", "solberg", "xyz")
PAGE = 50
# What is asked of a process that has nothing to do: its longest delay in milliseconds, until its input ends.
IDLE = """
import select, sys, time
longest = 0.0
while True:
    began = time.perf_counter()
    ended = select.select([sys.stdin], [], [], 0.005)[0]
    if ended:
        break
    longest = max(longest, time.perf_counter() - began - 0.005)
print(longest * 1000)
"""
ALONE = 200


def seed(port: str) -> dict[str, Any]:
    """A book with a directory as its source, read for the first time."""
    first_start.prepare(["127.0.0.1:80"])
    network_settings.get()
    NetworkSettings.objects.update(contactable_networks=["127.0.0.0/8"])
    given = {
        "directory": "other", "servers": HOST, "port": int(port), "security": "none", "user": ADMINISTRATOR,
        "password": PASSWORD, "base": f"ou=people,{SUFFIX}",
    }  # fmt: skip
    kind = sources.get_kind(ldap.NAME)
    now = timezone.now()
    source = keeping.add_source(kind, editing.create_book("People", inventory.root_folder()), given, now=now)
    began = time.monotonic()
    asked = frozenset(name for names in kind.mapping.values() for name in names)
    assert kind.read is not None
    sum(1 for _ in kind.read(Reading(keeping.settings_of(source, kind), asked)))
    told = time.monotonic() - began
    began = time.monotonic()
    syncing.read_now(source, now=now)
    seconds = time.monotonic() - began
    source.refresh_from_db()
    return {"told": told, "seconds": seconds, "entries": source.entry_count, "result": source.result}


def resync() -> dict[str, Any]:
    """Read it once more while a thread searches, with the interpreter set as the server sets it."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    source = Source.objects.get()
    before = source.generation
    scope = Scope(((source.pk, source.generation),), ALL)
    alone = [_search(scope, number) for number in range(ALONE)]
    waits: list[float] = []
    ended = threading.Event()

    def keep_searching() -> None:
        number = 0
        while not ended.is_set():
            waits.append(_search(scope, number))
            number += 1
            # A person's next key; without it the search itself would be what is measured.
            ended.wait(0.005)
        close_old_connections()

    thread = threading.Thread(target=keep_searching)
    idle = subprocess.Popen(
        [sys.executable, "-c", IDLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    thread.start()
    began = time.monotonic()
    try:
        syncing.read_now(source, now=timezone.now())
    finally:
        seconds = time.monotonic() - began
        ended.set()
        thread.join()
        pause = float(idle.communicate()[0])
    source.refresh_from_db()
    return {
        "seconds": seconds,
        "result": source.result,
        "entries": source.entry_count,
        "added": Contact.objects.filter(source=source, since__gt=before).count(),
        "searches": len(waits),
        "median": statistics.median(waits),
        "longest": max(waits),
        "pause": pause,
        "alone": statistics.median(alone),
    }


def _search(scope: Scope, number: int) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    searching.search(scope, ASKED[number % len(ASKED)], PAGE)
    return (time.perf_counter() - began) * 1000
