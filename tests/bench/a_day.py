"""Days of a fleet's posts through the same batch function as always, by a clock that is handed in. Runs inside."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import connection
from django.db.models import Sum

from roomkeeper.external_manager import batch
from roomkeeper.external_manager.posts import Post, Service
from roomkeeper.protocols.external_manager import decode_post_event
from roomkeeper.protocols.posted_document import decode_posted_document
from roomkeeper.systems import housekeeping, network_settings
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.systems.models import StoredDocument, TimelineEntry
from tests.bench import posts

STEP = timedelta(seconds=900)
STEPS_AN_HOUR = 4
# On the first day a database also makes the room in which it later writes rows anew.
DAYS = 2
AT_ONCE = 50
# A room is called into a few times a day and stands by in between; that is what changes facts.
BUSY_SHARE = 0.15


def live(number: str, hours: str, host: str) -> dict[str, Any]:
    """Beats and status documents at 900 s each, housekeeping as it is scheduled. Sizes are bytes of the database."""
    members = [posts.Endpoint(each) for each in range(1, int(number) + 1)]
    settings = network_settings.get()
    status, configuration = posts.captured("status.xml"), posts.captured("configuration.xml")
    assert status is not None
    assert configuration is not None
    now = datetime.now(UTC)
    empty = _size()
    chance = random.Random(1)
    for part in _parts(members):
        first = [_document(member, "/Status", status, host) for member in part]
        second = [_document(member, "/Configuration", configuration, host) for member in part]
        batch.handle([*first, *second], settings=settings, now=now)
    after_first = _size()
    before = _beats()
    sizes = []
    for step in range(DAYS * int(hours) * STEPS_AN_HOUR):
        for index, part in enumerate(_parts(members)):
            moment = now + STEP * (step + 1) + timedelta(seconds=index)
            batch.handle([_beat(member, host) for member in part], settings=settings, now=moment)
            documents = [
                _document(member, "/Status", _status_at(status, step, chance.random() < BUSY_SHARE), host)
                for member in part
            ]
            batch.handle(documents, settings=settings, now=moment + timedelta(seconds=2))
        for chore in (housekeeping.sweep_liveness, housekeeping.trim_exchanges):
            chore(now=now + STEP * (step + 1) + timedelta(seconds=60))
        if step % STEPS_AN_HOUR == 0:
            _size()  # autovacuum would have come by several times in an hour that passes here within seconds
        if (step + 1) % (int(hours) * STEPS_AN_HOUR) == 0:
            sizes.append(_size())
    return {
        "empty": empty,
        "first": after_first,
        "days": sizes,
        "beats": _beats() - before,
        "status": StoredDocument.objects.filter(kind="status").count(),
    }


def _status_at(status: str, step: int, is_busy: bool) -> str:
    text = posts.with_uptime(status, 86_400 + 900 * step)
    if is_busy:
        text = text.replace(
            "<NumberOfActiveCalls>0</NumberOfActiveCalls>", "<NumberOfActiveCalls>1</NumberOfActiveCalls>"
        )
        text = text.replace("<State>Standby</State>", "<State>Off</State>")
    return text


def _beat(member: posts.Endpoint, host: str) -> Post:
    raw = member.event("Beat")
    return Post(Service.EVENTS, member.secret, _arrival(posts.EVENTS, host), raw, decode_post_event(raw))


def _document(member: posts.Endpoint, location: str, document: str, host: str) -> Post:
    raw = member.document(location, document)
    arrival = _arrival(posts.DOCUMENTS, host)
    return Post(Service.DOCUMENTS, member.secret, arrival, raw, decode_posted_document(raw))


def _arrival(path: str, host: str) -> Arrival:
    return Arrival("127.0.0.1", host, "http", path.lower())


def _parts(members: list[posts.Endpoint]) -> Iterator[list[posts.Endpoint]]:
    return (members[start : start + AT_ONCE] for start in range(0, len(members), AT_ONCE))


def _beats() -> int:
    return TimelineEntry.objects.filter(kind="heartbeat").aggregate(sum=Sum("count"))["sum"] or 0


def _size() -> int:
    """Bytes of the database as they stand on disk once what is pending is written into it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM")
            cursor.execute("SELECT pg_database_size(current_database())")
            size: int = cursor.fetchone()[0]
            return size
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(path.stat().st_size for path in django_settings.OPTIONS.data.glob("roomkeeper.sqlite3*"))
