"""Regular upkeep: who fell silent, what is kept how long (rules R1, R8). Short transactions only (rule R9)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from roomkeeper.jobs.retention import register_kind
from roomkeeper.systems import findings, live
from roomkeeper.systems.admission import claimants
from roomkeeper.systems.check_ins.liveness import (
    FLAPPING_FLIPS,
    FLAPPING_WINDOW,
    no_contact,
    overdue_at,
    silence,
)
from roomkeeper.systems.documents import calls
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import (
    ChangeEvent,
    Claim,
    ConfigurationVersion,
    ConnectivityChange,
    Contact,
    FactChange,
    Flip,
    Probe,
    State,
    System,
    TimelineEntry,
)

AT_ONCE = 500
# Each silent system costs a few statements; a transaction stays under 50 ms (rule R9).
SILENT_AT_ONCE = 50
CLAIMS_KEPT = 50_000


def sweep_liveness(*, now: datetime) -> int:
    """Note the systems that have become overdue, and those that come and go. Returns how many fell silent."""
    with transaction.atomic():
        overdue = Contact.objects.filter(is_alive=True, overdue_at__lte=now, system__state=State.MANAGED)
        ids = list(overdue.values_list("pk", flat=True)[:SILENT_AT_ONCE])
        # Read again under the lock: whoever posted in between is not silent.
        lock_contacts(ids)
        silent = list(overdue.filter(pk__in=ids).select_related("system__folder"))
        for contact in silent:
            contact.is_alive, contact.alive_reason = False, silence(contact)
            # With its next sign of life the status is asked for at once: nothing is known of its calls (rule R11).
            contact.status_at = None
        Contact.objects.bulk_update(silent, ["is_alive", "alive_reason", "status_at"])
        _end_calls([contact.system for contact in silent])
        Flip.objects.bulk_create(
            Flip(system=contact.system, at=now, is_alive=False, reason=contact.alive_reason)
            for contact in silent
        )
        for contact in silent:
            claimed = claimants.newest_claim(contact.system)
            findings.report(no_contact(contact.system, contact.alive_reason, claimed))
        live.publish_many([("system", contact.pk, contact.system.folder.path) for contact in silent])
        _mark_flapping(now)
    return len(silent)


def _end_calls(silent: Sequence[System]) -> None:
    told = [system for system in silent if system.in_call or system.calls]
    for system in told:
        system.in_call, system.calls = False, calls.encode(calls.after_silence(calls.decode(system.calls)))
    System.objects.bulk_update(told, ["in_call", "calls"])


def forgive_downtime(*, since: datetime, now: datetime) -> int:
    """Nobody could post while no process of ours ran: those that became overdue meanwhile get their time anew."""
    number = 0
    while True:
        missed = Contact.objects.filter(is_alive=True, overdue_at__gt=since, overdue_at__lte=now)
        with transaction.atomic():
            given = _give_time_anew(list(missed[:AT_ONCE]), now)
        number += given
        if given < AT_ONCE:
            return number


def _give_time_anew(contacts: Sequence[Contact], now: datetime) -> int:
    for contact in contacts:
        contact.overdue_at = overdue_at(now, contact.interval)
    Contact.objects.bulk_update(contacts, ["overdue_at"], batch_size=500)
    return len(contacts)


def plan_contacts_anew(ids: Collection[int], *, now: datetime) -> None:
    """The clock was set back since these posted or were asked: they count as heard of now."""
    lock_contacts(list(ids))
    _give_time_anew(list(Contact.objects.filter(pk__in=ids).exclude(overdue_at=None)), now)


def plan_probes_anew(ids: Collection[int], *, now: datetime) -> None:
    """The clock was set back since these were asked for."""
    Probe.objects.filter(pk__in=ids).update(not_before=now)


def _mark_flapping(now: datetime) -> None:
    busy = (
        Flip.objects.filter(at__gt=now - FLAPPING_WINDOW)
        .values("system_id")
        .annotate(number=Count("id"))
        .filter(number__gte=FLAPPING_FLIPS)
        .values_list("system_id", flat=True)
    )
    Contact.objects.filter(system_id__in=list(busy[:AT_ONCE])).update(flapping_until=now + FLAPPING_WINDOW)


def trim_exchanges(*, now: datetime) -> int:
    """Keep the newest exchanges of each system. Returns how many went."""
    kept = django_settings.OPTIONS.exchanges_kept
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id FROM (SELECT entry_id, ROW_NUMBER() OVER (PARTITION BY system_id ORDER BY entry_id DESC)"
            " AS place FROM systems_exchange WHERE system_id IN (SELECT system_id FROM systems_exchange GROUP BY"
            " system_id HAVING COUNT(*) > %s)) ranked WHERE place > %s LIMIT %s",
            [kept, kept, AT_ONCE],
        )
        old = [row[0] for row in cursor.fetchall()]
        if old:
            marks = ",".join(["%s"] * len(old))
            cursor.execute(f"DELETE FROM systems_exchange WHERE entry_id IN ({marks})", old)  # noqa: S608 - marks only
    return len(old)


def register_retention() -> None:
    """The kinds of rows of this feature, for `jobs.retention`."""
    register_kind("timeline", lambda limit: TimelineEntry.objects.filter(last_at__lt=limit))
    register_kind("facts", lambda limit: FactChange.objects.filter(at__lt=limit))
    register_kind("flips", lambda limit: Flip.objects.filter(at__lt=limit))
    register_kind("connectivity", lambda limit: ConnectivityChange.objects.filter(at__lt=limit))
    register_kind("claims", lambda limit: Claim.objects.filter(last_at__lt=limit))
    register_kind(
        "inbox", lambda limit: System.objects.filter(state=State.PENDING, contact__last_seen_at__lt=limit)
    )
    register_kind("configurations", old_configurations)
    # Open pages that were away for longer look at everything anew.
    register_kind("live", lambda limit: ChangeEvent.objects.filter(at__lt=limit), days=1 / 24)


def old_configurations(limit: datetime) -> QuerySet[Any]:
    """Versions over their time; the newest of each system stays whatever its age."""
    newer = ConfigurationVersion.objects.filter(system=OuterRef("system"), last_at__gt=OuterRef("last_at"))
    return ConfigurationVersion.objects.filter(Exists(newer), last_at__lt=limit)


def cap_claims(*, now: datetime, kept: int = CLAIMS_KEPT) -> int:
    """Claims are written by anybody; however many come, only the newest are kept. Returns how many went."""
    surplus = min(Claim.objects.count() - kept, AT_ONCE)
    if surplus <= 0:
        return 0
    oldest = list(Claim.objects.order_by("last_at").values_list("pk", flat=True)[:surplus])
    Claim.objects.filter(pk__in=oldest).delete()
    return surplus
