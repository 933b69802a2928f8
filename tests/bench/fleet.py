"""A fleet of proven systems in the database, and what became of it. Runs inside an installation (`inside.py`)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from roomkeeper import keys
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.serving import first_start
from roomkeeper.systems import inventory
from roomkeeper.systems.models import (
    Connectivity,
    Contact,
    FactChange,
    State,
    StoredDocument,
    System,
    SystemSecret,
    TimelineEntry,
)
from tests.bench.posts import SOFTWARE, Endpoint

INTERVAL = 900
AT_ONCE = 500


def seed(count: str, host: str) -> dict[str, Any]:
    """Grow the fleet to so many managed, proven systems that are in the midst of their heartbeats.

    `host` is the Host header of their posts; nothing of theirs is different from what they last said.
    """
    first_start.prepare([host])
    folder = inventory.root_folder()
    store = keys.load(django_settings.OPTIONS.data)
    have = System.objects.count()
    now = timezone.now()
    for start in range(have, int(count), AT_ONCE):
        members = [Endpoint(number) for number in range(start + 1, min(start + AT_ONCE, int(count)) + 1)]
        with transaction.atomic():
            systems = System.objects.bulk_create(
                System(
                    name=member.name,
                    reported_name=member.name,
                    folder=folder,
                    state=State.MANAGED,
                    family="roomos",
                    product="Cisco TelePresence Room Kit",
                    software_version=SOFTWARE,
                    serial_number=member.serial,
                    mac_address=member.mac,
                    connectivity=Connectivity.REACHABLE_ON_LAN,
                )
                for member in members
            )
            runs = TimelineEntry.objects.bulk_create(
                TimelineEntry(
                    system=system,
                    kind="heartbeat",
                    summary="Heartbeat",
                    first_at=now,
                    last_at=now,
                    source_address="127.0.0.1",
                )
                for system in systems
            )
            Contact.objects.bulk_create(
                Contact(
                    system=system,
                    first_seen_at=now,
                    last_seen_at=now,
                    next_contact_due_at=now + timedelta(seconds=INTERVAL),
                    overdue_at=now + timedelta(days=1),
                    interval=INTERVAL,
                    last_event="heartbeat",
                    reported_address=member.address,
                    source_address="127.0.0.1",
                    used_host=host,
                    scheme="http",
                    software_version=SOFTWARE,
                    reported_name=member.name,
                    beat_entry_id=run.pk,
                    status_at=now,
                    configuration_at=now,
                    is_alive=True,
                )
                for member, system, run in zip(members, systems, runs, strict=True)
            )
            SystemSecret.objects.bulk_create(
                SystemSecret(
                    system=system,
                    stage=SystemSecret.Stage.CURRENT,
                    digest=store.digest(member.secret),
                    ciphertext=store.encrypt(member.secret),
                    proven_at=now,
                )
                for member, system in zip(members, systems, strict=True)
            )
    return {"systems": System.objects.count()}


def settle(scheme: str = "http", host: str = "", state: str = "") -> dict[str, Any]:
    """Between two runs: all were heard right now, documents are fresh, the database has swept, and a mark for `moved`.

    `state` is "due" where documents are old, "away" where nobody was heard for an hour, which a server that starts
    takes for an outage of its own: the first answer to each brings more than plain heartbeats get.
    """
    now = datetime.now(UTC)
    long_ago = now - timedelta(hours=1)
    values: dict[str, Any] = {
        "last_seen_at": long_ago if state == "away" else now,
        "status_at": long_ago if state == "due" else now,
        "configuration_at": now,
        "documents_asked_at": None,
        "overdue_at": now + timedelta(days=1),
        "scheme": scheme,
    }
    if host:
        values["used_host"] = host
    Contact.objects.update(**values)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {"mark": datetime.now(UTC).isoformat(), **counts()}


def counts() -> dict[str, Any]:
    """How many beats the timelines count in all, and how often something was sent with an answer."""
    beats = TimelineEntry.objects.filter(kind="heartbeat").aggregate(sum=Sum("count"))["sum"] or 0
    sent = TimelineEntry.objects.filter(kind="sent").count()
    return {"systems": System.objects.count(), "beats": beats, "sent": sent}


def moved(mark: str) -> dict[str, Any]:
    """What the posts since the mark have moved: contacts, beats counted, changes handed over."""
    since = datetime.fromisoformat(mark)
    return {
        **counts(),
        "contacts": Contact.objects.filter(last_seen_at__gt=since).count(),
        "due": Contact.objects.filter(last_seen_at__gt=since, next_contact_due_at__gt=since).count(),
        "delivered": ChangeItem.objects.filter(state=DeliveryState.DELIVERED).count(),
        "asked": Contact.objects.filter(documents_asked_at__gt=since).count(),
        # Rows that only what is no plain heartbeat begins.
        "begun": TimelineEntry.objects.filter(kind__in=("heartbeat", "sent"), first_at__gt=since).count(),
        "by_number": {
            int(serial[3:]): count
            for serial, count in TimelineEntry.objects.filter(kind="heartbeat", last_at__gt=since)
            .values_list("system__serial_number")
            .annotate(sum=Sum("count"))
            if count > 1
        }
        if System.objects.count() <= 1000
        else {},
    }


def documents() -> dict[str, Any]:
    """What is kept of posted documents."""
    kept = StoredDocument.objects.aggregate(
        status=Count("id", filter=Q(kind="status")), size=Sum("size", filter=Q(kind="status"))
    )
    posted = TimelineEntry.objects.filter(kind="document").aggregate(sum=Sum("count"))["sum"] or 0
    registered = TimelineEntry.objects.filter(kind="register").count()
    configurations = (
        System.objects.filter(configuration_versions__isnull=False).values("id").distinct().count()
    )
    return {
        **kept,
        "posted": posted,
        "registered": registered,
        "configurations": configurations,
        "facts": FactChange.objects.count(),
    }


def make_changes(one_in: str) -> dict[str, Any]:
    """A change waits for one in so many systems."""
    ids = list(System.objects.order_by("id").values_list("id", flat=True))[:: int(one_in)]
    now = timezone.now()
    asked = ChangeSet.objects.create(description="Bench")
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        with transaction.atomic():
            changes = Change.objects.bulk_create(Change(change_set=asked, system_id=pk) for pk in part)
            ChangeItem.objects.bulk_create(
                ChangeItem(
                    change=change,
                    system_id=change.system_id,
                    path="Audio/DefaultVolume",
                    match_key="audio[1]/defaultvolume[1]",
                    value="60",
                    expires_at=now + timedelta(days=7),
                )
                for change in changes
            )
            Contact.objects.filter(system_id__in=part).update(has_work=True)
    return {"changes": len(ids)}
