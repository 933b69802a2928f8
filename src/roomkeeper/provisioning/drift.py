"""Drift as rows: where a system differs from what is wanted, since when, and what is done about it.

Noted with every configuration that is posted, read, or told by feedback; set-wise, inside the caller's transaction.
What somebody is about to change anyway is no drift.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem, Drift
from roomkeeper.provisioning.wanted import Difference
from roomkeeper.systems import live
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import System, TimelineEntry
from roomkeeper.words import gettext as _

# The layers of what makes a system do as it is told (`regaining`).
_TOLD: Final = ("management", "feedback")
# A setting that was set back and differs again within this time is being fought over.
MEMORY: Final = timedelta(hours=24)
TEXT_LIMIT: Final = 2000
# What stands on a timeline this long before a difference was noticed may tell who made it.
BEFORE: Final = timedelta(minutes=20)
_TELLING: Final = ("feedback", "change", "action", "management", "boot", "software", "document")


class DriftRefused(ValueError):
    """The drift cannot be handled like that."""


def note(
    found: Mapping[int, Sequence[Difference]],
    *,
    noticed_by: str,
    now: datetime,
    being_managed: set[int],
    layers: Collection[str] = (),
    but_not: Collection[str] = (),
) -> dict[int, int]:
    """Bring the rows of these systems in line with the differences found; how many stand open, by system id.

    `noticed_by` is report or feedback. `being_managed` are systems whose management settings are due: what is new there
    is on its way. Of other `layers` (none named: all, `but_not` these) nothing was looked at, and rows stay.
    """
    ids = list(found)
    in_flight = set(
        ChangeItem.objects.filter(system_id__in=ids, state__in=OPEN_STATES).values_list(
            "system_id", "match_key"
        )
    )
    rows = {
        (row.system_id, row.match_key): row for row in Drift.objects.filter(system_id__in=ids, ended_at=None)
    }
    current: dict[tuple[int, str], Difference] = {}
    for system_id, differences in found.items():
        for one in differences:
            key = (system_id, match_key(one.path))
            is_on_its_way = one.layer in _TOLD and system_id in being_managed and key not in rows
            if key in in_flight or is_on_its_way:
                continue
            current[key] = one
    new = [key for key in current if key not in rows]
    before = _rounds_of_today([key for key in new if not current[key].is_lost], now)
    Drift.objects.bulk_create(
        [_new_row(key, current[key], noticed_by, now, before.get(key, 0)) for key in new], batch_size=500
    )
    changed = [row for key, row in rows.items() if key in current and _take_over(row, current[key])]
    Drift.objects.bulk_update(
        changed, ["path", "wanted", "found", "layer", "why", "enforcement"], batch_size=200
    )
    looked_at = {
        key for key, row in rows.items() if row.layer not in but_not and (not layers or row.layer in layers)
    }
    gone = {key for key in looked_at if key not in current and key not in in_flight}
    Drift.objects.filter(pk__in=[rows[key].pk for key in gone]).update(ended_at=now)
    counts = dict.fromkeys(ids, 0)
    # What is in flight has its row still, and is no drift any more.
    still = {key for key in rows if key not in looked_at}
    for key in current.keys() | still:
        row = rows.get(key)
        if row is None or row.ignored_at is None:
            counts[key[0]] += 1
    return counts


def known_of_that_time(row: Drift) -> list[TimelineEntry]:
    """What the timeline holds of the minutes before the difference was noticed: it may tell who made it."""
    around = TimelineEntry.objects.filter(
        system=row.system_id, last_at__gte=row.since - BEFORE, first_at__lte=row.since, kind__in=_TELLING
    )
    return list(around.select_related("user").order_by("-last_at", "-id")[:20])


def ignore(row: Drift, *, user: Person, now: datetime) -> None:
    """Leave this difference alone until it ends or somebody changes what is wanted."""
    demand_open(row)
    with transaction.atomic():
        row.ignored_at, row.ignored_by = now, find_account(user)
        row.save(update_fields=["ignored_at", "ignored_by"])
        recount(row.system)


def resume(row: Drift, *, user: Person, now: datetime) -> None:
    """Take the ignoring back, and begin to count rounds anew. Who did it when is in the audit trail alone."""
    demand_open(row)
    with transaction.atomic():
        row.ignored_at, row.ignored_by, row.rounds, row.asked_at = None, None, 0, None
        row.save(update_fields=["ignored_at", "ignored_by", "rounds", "asked_at"])
        if row.layer in _TOLD:
            System.objects.filter(pk=row.system_id).update(management_rounds=0)
        recount(row.system)


def ended_before(limit: datetime) -> QuerySet[Drift]:
    """Drift that ended before then."""
    return Drift.objects.filter(ended_at__lt=limit)


def demand_open(row: Drift) -> None:
    """Raises `DriftRefused` where it has ended."""
    if row.ended_at is not None:
        raise DriftRefused(_("{system} no longer differs there.", system=row.system))


def recount(system: System) -> None:
    """Count the open drift of the system anew, inside the caller's transaction, and tell open pages."""
    lock_contacts([system.pk])
    number = Drift.objects.filter(system=system, ended_at=None, ignored_at=None).count()
    System.objects.filter(pk=system.pk).update(drift_count=number)
    live.publish("system", system)


def _rounds_of_today(keys: Sequence[tuple[int, str]], now: datetime) -> dict[tuple[int, str], int]:
    """How often each was set back within the memory, by rows that have ended since."""
    earlier = Drift.objects.filter(
        system_id__in={system_id for system_id, _ in keys},
        match_key__in={key for _, key in keys},
        ended_at__gt=now - MEMORY,
    )
    found: dict[tuple[int, str], int] = {}
    for row in earlier.order_by("ended_at"):
        found[row.system_id, row.match_key] = row.rounds
    return found


def _new_row(key: tuple[int, str], one: Difference, noticed_by: str, now: datetime, rounds: int) -> Drift:
    row = Drift(system_id=key[0], match_key=key[1][:255], since=now, noticed_by=noticed_by, rounds=rounds)
    _take_over(row, one)
    return row


def _take_over(row: Drift, one: Difference) -> bool:
    """Whether anything of the row is new."""
    values = {
        "path": one.path[:255],
        "wanted": one.wanted[:TEXT_LIMIT],
        "found": None if one.found is None else one.found[:TEXT_LIMIT],
        "layer": one.layer,
        "why": one.why[:255],
        "enforcement": one.enforcement.value,
    }
    is_new = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    return is_new
