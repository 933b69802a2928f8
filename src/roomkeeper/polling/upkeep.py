"""Which systems have a row in `Poll`, and which of them are asked sooner than was planned: set-wise, often."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from roomkeeper.devices import registry
from roomkeeper.polling import claiming
from roomkeeper.polling.models import Poll
from roomkeeper.polling.planning import LATE
from roomkeeper.systems import housekeeping, network_settings
from roomkeeper.systems.models import REACHABLE, NetworkSettings, State, System
from roomkeeper.words import gettext as _

AT_ONCE: Final = 500
SOON: Final = timedelta(seconds=60)


def families_that_are_read() -> list[str]:
    """The families whose status can be read."""
    return [name for name, manifest in registry.load_families().items() if manifest.can("read_status")]


def sweep(*, now: datetime) -> int:
    """Begin and end polling of systems as they change, and pull polls forward; returns how much was done."""
    # No transaction around it all: looking takes longer than a writer may hold up others (rule R9).
    settings = network_settings.get()
    done = _end(settings)
    if settings.polling:
        done += _begin(now) + _wake(now)
        _pull_forward(settings, now)
    return done


def _polled(prefix: str = "") -> Q:
    """The systems that are polled; `prefix` is the way to them."""
    has_address = ~Q(**{f"{prefix}host": ""}) | ~Q(**{f"{prefix}contact__source_address": ""})
    return has_address & Q(
        ~Q(**{f"{prefix}username": ""}),
        ~Q(**{f"{prefix}password_ciphertext": b""}),
        **{
            f"{prefix}state": State.MANAGED,
            f"{prefix}connectivity__in": REACHABLE,
            f"{prefix}family__in": families_that_are_read(),
            f"{prefix}contact__isnull": False,
        },
    )


def _begin(now: datetime) -> int:
    lacking = System.objects.filter(_polled(), poll__isnull=True).values_list("pk", flat=True)[:AT_ONCE]
    made = Poll.objects.bulk_create(
        [Poll(system_id=pk, due_at=now, due_because=_("it was not polled before")) for pk in lacking],
        ignore_conflicts=True,
    )
    return len(made)


def _end(settings: NetworkSettings) -> int:
    rows = Poll.objects.all()
    if settings.polling:
        rows = rows.exclude(pk__in=Poll.objects.filter(_polled("system__")).values("pk"))
    ended = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    Poll.objects.filter(pk__in=ended).delete()
    return len(ended)


def _wake(now: datetime) -> int:
    """A refused login was changed, or may be tried again."""
    waiting = Poll.objects.filter(due_at__isnull=True, system__login_refused_at__isnull=True)
    ids = list(waiting.values_list("pk", flat=True)[:AT_ONCE])
    return Poll.objects.filter(pk__in=ids).update(due_at=now, due_because=_("its login was changed"))


def _pull_forward(settings: NetworkSettings, now: datetime) -> None:
    """What has happened since a poll was planned makes some due at once."""
    contact = "system__contact__"
    watched, in_call = timedelta(seconds=settings.poll_watched), timedelta(seconds=settings.poll_in_call)
    answers = Q(in_a_row__gte=0)
    reasons = {
        "somebody looks": answers
        & Q(due_at__gt=now + watched * 1.2, **{f"{contact}watched_until__gt": now})
        & ~Q(due_because__startswith="somebody looks"),
        "a call has begun": answers
        & Q(due_at__gt=now + in_call * 1.2, system__in_call=True, due_because__startswith="idle"),
        "its heartbeat is late": Q(due_because__contains="feedback", due_at__gt=now)
        & Q(**{f"{contact}next_contact_due_at__lt": now - LATE}),
        "it posts again": Q(in_a_row__lt=0, due_at__gt=now + SOON)
        & Q(**{f"{contact}last_seen_at__gt": F("last_at")}),
    }
    if settings.posts_resumed_at is not None:
        # Its slot may be lost (rule R13), and nothing else would ask for an hour.
        reasons["this server was away"] = answers & Q(
            has_our_feedback=True, due_at__gt=now, last_at__lt=settings.posts_resumed_at
        )
    for because, rows in reasons.items():
        # What is being asked now is planned anew when it has answered; and its row is about to be written.
        wanted = Poll.objects.filter(rows, claiming.free(now)).order_by("due_at")
        ids = list(wanted.values_list("pk", flat=True)[:AT_ONCE])
        if ids:
            Poll.objects.filter(pk__in=ids).update(due_at=now, due_because=because)


def plan_anew(ids: Collection[int], *, now: datetime) -> None:
    """The clock was set back since these were polled: they are due now, and count as heard of now."""
    Poll.objects.filter(pk__in=ids, due_at__isnull=False).update(
        due_at=now, due_because=_("the clock was set")
    )
    housekeeping.plan_contacts_anew(
        list(Poll.objects.filter(pk__in=ids).values_list("system_id", flat=True)), now=now
    )
