"""What was asked and not done in time: expiry after seven days, restarts that never came back (rule R7)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from roomkeeper.provisioning import states
from roomkeeper.provisioning.actions import RESTART_TIME, restarts
from roomkeeper.provisioning.confirmation import UNKNOWN_WHETHER_IT_RAN
from roomkeeper.provisioning.models import OPEN_STATES, Action, Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.words import gettext as _

# A short transaction each: no writer may hold SQLite long (rule R9).
AT_ONCE = 500


def expire(*, now: datetime) -> int:
    """End what ran out; returns how many items and actions ended. Called by the schedule until it returns 0."""
    with transaction.atomic():
        open_items = ChangeItem.objects.filter(state__in=OPEN_STATES, expires_at__lte=now)
        due = list(open_items.only("state", "change")[:AT_ONCE])
        states.move(due, DeliveryState.EXPIRED, _("not done within seven days"), now)
        actions = list(
            Action.objects.filter(
                # A password that was handed over is proven by a login, whenever that may be.
                Q(state=DeliveryState.WAITING) | Q(state=DeliveryState.DELIVERED, has_secret=False),
                expires_at__lte=now,
            ).only("state", "system")[:AT_ONCE]
        )
        unfetched = [action for action in actions if action.state == DeliveryState.WAITING]
        states.move(unfetched, DeliveryState.EXPIRED, _("not fetched within seven days"), now)
        lost = [action for action in actions if action.state == DeliveryState.DELIVERED]
        states.move(lost, DeliveryState.FAILED, _(UNKNOWN_WHETHER_IT_RAN), now)
        missed = Action.objects.filter(
            restarts(), state=DeliveryState.DELIVERED, delivered_at__lte=now - RESTART_TIME
        )
        words = _("unknown whether it ran: no boot post came within ten minutes")
        number = states.move(missed, DeliveryState.FAILED, words, now)
    return len(due) + len(actions) + number


def change_sets_ended_before(limit: datetime) -> QuerySet[ChangeSet]:
    """Change sets made before then in which nothing is open; those that persist are kept."""
    is_open = Change.objects.filter(change_set=OuterRef("pk"), state__in=OPEN_STATES)
    return ChangeSet.objects.filter(~Exists(is_open), created_at__lt=limit, is_persistent=False)


def actions_ended_before(limit: datetime) -> QuerySet[Action]:
    """Actions that ended before then."""
    return Action.objects.filter(ended_at__lt=limit)
