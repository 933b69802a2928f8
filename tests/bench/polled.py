"""A fleet that can be reached, and a round of polls over it. Runs inside an installation (`inside.py`)."""

import asyncio
import resource
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db.models import Q
from django.utils import timezone

from roomkeeper import keys
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.polling import upkeep
from roomkeeper.polling.models import Poll
from roomkeeper.polling.pump import Poller
from roomkeeper.serving import first_start
from roomkeeper.serving.background import TICK
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Connectivity, Contact, NetworkSettings, State, StoredDocument, System
from tests.bench import endpoints
from tests.bench.posts import SOFTWARE, Endpoint

AT_ONCE = 500
DEAD_FROM = 100_001
LOGIN = ("admin", "roomkeeper")


def seed_reachable(living: str, dead: str, http_port: str, https_port: str) -> dict[str, Any]:
    """So many managed systems at the addresses of `endpoints`, with their login, and configurations already read."""
    first_start.prepare(["127.0.0.1:80"])
    network_settings.get()
    NetworkSettings.objects.update(
        contactable_networks=["127.0.0.0/8"],
        device_http_port=int(http_port),
        device_https_port=int(https_port),
    )
    _add([(Endpoint(number), endpoints.address_of(number)) for number in range(1, int(living) + 1)])
    _add(
        [
            (Endpoint(DEAD_FROM + number), endpoints.dead_address_of(number))
            for number in range(1, int(dead) + 1)
        ]
    )
    while upkeep.sweep(now=timezone.now()):
        pass
    return {"polls": Poll.objects.count()}


def _add(members: list[tuple[Endpoint, str]]) -> None:
    folder, now = inventory.root_folder(), timezone.now()
    password = keys.load(django_settings.OPTIONS.data).encrypt(LOGIN[1])
    for start in range(0, len(members), AT_ONCE):
        part = members[start : start + AT_ONCE]
        systems = System.objects.bulk_create(
            System(
                name=member.name,
                folder=folder,
                state=State.MANAGED,
                family="roomos",
                software_version=SOFTWARE,
                serial_number=member.serial,
                mac_address=member.mac,
                connectivity=Connectivity.REACHABLE_ON_LAN,
                host=address,
                username=LOGIN[0],
                password_ciphertext=password,
                login_worked_at=now,
            )
            for member, address in part
        )
        Contact.objects.bulk_create(
            Contact(system=system, configuration_at=now, overdue_at=now + timedelta(days=1), is_alive=True)
            for system in systems
        )


def poll_rounds(road: str) -> dict[str, dict[str, Any]]:
    """Ask every system, as a worker does that lives on from one round to the next; `road` is https, or http: then
    nothing listens for HTTPS, and the login may go in the clear.

    `first`: the living only, whose logins this process has not seen to work yet. `living`: the same again. `whole`:
    the dead ones too.
    """
    System.objects.update(password_may_use_http=road == "http", https_port=1 if road == "http" else None)
    if road == "http":
        System.objects.update(pinned_key="")
    return asyncio.run(_rounds())


async def _rounds() -> dict[str, dict[str, Any]]:
    living = System.objects.filter(serial_number__lt=Endpoint(DEAD_FROM).serial)
    told = {}
    async with device_access.open_transport():
        for name, systems in (("first", living), ("living", living), ("whole", System.objects.all())):
            mark = await off_loop(_make_due, systems)
            started, busy = time.monotonic(), time.process_time()
            most_held = await _poll_all(mark)
            told[name] = {
                "seconds": time.monotonic() - started,
                "processor": time.process_time() - busy,
                "most_held": most_held,
                **await off_loop(_result, mark),
            }
    return told


def _make_due(systems: Any) -> datetime:
    now = timezone.now()
    Poll.objects.update(due_at=None)
    Poll.objects.filter(system__in=systems).update(due_at=now, in_a_row=0, outcomes=0, counted=0)
    return now


def _result(mark: datetime) -> dict[str, Any]:
    """What became of a round that began then."""
    answered = Poll.objects.filter(last_ok_at__gte=mark)
    durations = sorted(answered.values_list("duration_ms", flat=True)) or [0]
    kinds = Poll.objects.filter(last_at__gte=mark).exclude(error_kind="").values_list("error_kind", flat=True)
    return {
        "answered": answered.count(),
        "errors": dict(Counter(kinds)),
        "kept": StoredDocument.objects.filter(kind="status", received_at__gte=mark).count(),
        "p95": durations[len(durations) * 95 // 100],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


async def _poll_all(mark: datetime) -> int:
    """Poll until each was asked once; what is due again meanwhile does not count."""
    poller = Poller()
    waiting = Poll.objects.filter(Q(last_at__isnull=True) | Q(last_at__lt=mark), due_at__isnull=False)
    working = asyncio.create_task(_keep_polling(poller))
    while await off_loop(waiting.exists):
        await asyncio.sleep(0.2)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return poller.most_held


async def _keep_polling(poller: Poller) -> None:
    while True:
        await poller.run()
        await asyncio.sleep(TICK)
