"""What becomes of change sets that were asked for: cancelled, tried again, stopped because too much of it failed."""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Left

from roomkeeper.accounts.person import Person
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import states
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.provisioning.planning import EXPIRES_AFTER, NAME_PATH
from roomkeeper.systems.inventory import NAME_LIMIT
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _


def cancel_change_set(change_set: ChangeSet, *, user: Person, now: datetime) -> int:
    """Cancel what still waits; what was delivered may have been obeyed already and stays. The number cancelled."""
    by = getattr(user, "username", "") or "the server"
    with transaction.atomic():
        ChangeSet.objects.filter(pk=change_set.pk).update(cancelled_at=now)
        return _cancel_waiting(change_set, _("cancelled by {by}", by=by), now)


def retry_failed(change_set: ChangeSet, *, user: Person, now: datetime) -> int:
    """Let what failed, expired or was cancelled wait again, with three fresh rounds; being asked for now, it replaces
    what else is open for the same setting (rule R7). The number that waits again."""
    ended = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.CANCELLED)
    with transaction.atomic():
        items = ChangeItem.objects.filter(change__change_set=change_set, state__in=ended)
        asked = list(items.values_list("change_id", "system_id", "match_key"))
        wanted = {(system, key) for _, system, key in asked}
        others = ChangeItem.objects.filter(
            system_id__in={system for system, _ in wanted},
            match_key__in={key for _, key in wanted},
            state__in=OPEN_STATES,
        ).exclude(change__change_set=change_set)
        replaced = [
            (pk, change)
            for pk, change, system, key in others.values_list("pk", "change_id", "system_id", "match_key")
            if (system, key) in wanted
        ]
        older = ChangeItem.objects.filter(pk__in=[pk for pk, _ in replaced])
        states.move(
            older, DeliveryState.SUPERSEDED, _("an earlier value was requested again"), now, tells=False
        )
        number = states.move(
            items,
            DeliveryState.WAITING,
            "",
            now,
            tells=False,
            rounds=0,
            other_values=0,
            absences=0,
            delivered_at=None,
            expires_at=now + EXPIRES_AFTER,
        )
        ChangeSet.objects.filter(pk=change_set.pk).update(cancelled_at=None)
        changes = {change for change, _, _ in asked} | {change for _, change in replaced}
        states.refresh_changes(changes, now=now)
        states.wake({system for system, _ in wanted})
    return number


def stop_failing(*, now: datetime) -> int:
    """Scheduled: cancel what still waits of change sets of which more failed than they may; how many were stopped."""
    failed = Count("changes", filter=Q(changes__state=DeliveryState.FAILED))
    found = (
        ChangeSet.objects.filter(
            failure_limit__isnull=False,
            cancelled_at=None,
            stopped_at=None,
            changes__state__in=(*OPEN_STATES, DeliveryState.FAILED),
        )
        .annotate(failed=failed)
        .filter(failed__gt=F("failure_limit"))
    )
    stopped = list(found[:50])
    for change_set in stopped:
        reason = _(
            "stopped: more than {failure_limit} systems failed", failure_limit=change_set.failure_limit
        )
        with transaction.atomic():
            ChangeSet.objects.filter(pk=change_set.pk).update(stopped_at=now, stop_reason=reason)
            _cancel_waiting(change_set, reason, now)
    return len(stopped)


def _cancel_waiting(change_set: ChangeSet, reason: str, now: datetime) -> int:
    """Inside the caller's transaction; the number of items cancelled."""
    waiting = ChangeItem.objects.filter(change__change_set=change_set, state=DeliveryState.WAITING)
    renamed = waiting.filter(match_key=match_key(NAME_PATH)).values_list("system_id", flat=True)
    # A rename that is taken back leaves the system with the name that it says it has.
    System.objects.filter(pk__in=list(renamed)).exclude(reported_name="").update(
        name=Left("reported_name", NAME_LIMIT)
    )
    return states.move(waiting, DeliveryState.CANCELLED, reason, now)
