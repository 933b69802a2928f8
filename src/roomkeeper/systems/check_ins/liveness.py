"""Alive or not, why, and when the next contact is due: rules on the contact row."""

from datetime import datetime, timedelta

from django.db.models import Q

from roomkeeper.systems.findings import Finding
from roomkeeper.systems.models import Contact, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# Rule R1: overdue after twice the interval and a minute.
OVERDUE_FACTOR = 2
OVERDUE_GRACE = timedelta(seconds=60)
FLAPPING_FLIPS = 4
FLAPPING_WINDOW = timedelta(hours=1)
WORDS = ("yes", "no", "unknown", "flapping")
# The finding of a system that gives no sign of life.
NO_CONTACT = "no contact"
POSTS = noop("It posts")
POSTS_AGAIN = noop("It posts again")
FIRST_POST = noop("First post")


def overdue_at(last_seen_at: datetime, interval_seconds: int) -> datetime:
    """From when on a system with that interval counts as not alive."""
    return last_seen_at + OVERDUE_FACTOR * timedelta(seconds=interval_seconds) + OVERDUE_GRACE


def alive_word(contact: Contact | None, now: datetime) -> str:
    """`yes`, `no`, `unknown` (never seen) or `flapping` (came and went four times within an hour)."""
    if contact is None or contact.overdue_at is None:
        return "unknown"
    if contact.flapping_until is not None and contact.flapping_until > now:
        return "flapping"
    return "yes" if contact.overdue_at > now else "no"


def why(contact: Contact | None, now: datetime) -> str:
    """Why the system has its `alive_word`, as a sentence for people."""
    word = alive_word(contact, now)
    if contact is None or word == "unknown":
        return _("It has never shown a sign of life: nothing was posted, and no poll was answered.")
    if word == "no":
        # Between the moment and the sweep that notes it, the kept reason is that of its life.
        reason = contact.alive_reason if not contact.is_alive else ""
        return f"{_(reason) or silence(contact)}."
    reason = contact.alive_reason if contact.is_alive else ""
    if word == "flapping":
        return _("It came and went several times within an hour; now: {reason}.", reason=_(reason or POSTS))
    return f"{_(reason or POSTS)}."


def silence(contact: Contact) -> str:
    """Since when nothing was heard of the system."""
    if contact.last_seen_at is None:
        return _("It stopped answering and never posted")
    return _(
        "No sign of life; last post {last_seen_at:%Y-%m-%d %H:%M:%S} UTC", last_seen_at=contact.last_seen_at
    )


def no_contact(system: System, reason: str, claimed: str = "", where: str = "") -> Finding:
    """The finding of a system that gives no sign of life; `claimed` says who else says to be it since."""
    advice = _(
        "See its Connection tab: power, network, and {where}.", where=where or "the manager address it has"
    )
    if claimed:
        advice = _(
            "If that is the device after a factory reset, admit the system again for that "
            "address. If not, find out what posts from there."
        )
    return Finding(NO_CONTACT, system.pk, " ".join(part for part in (f"{reason}.", claimed) if part), advice)


def alive_filter(word: str, now: datetime) -> Q:
    """A filter on systems for one of the words of `alive_word`; raises ValueError for another word."""
    flapping = Q(contact__flapping_until__gt=now, contact__overdue_at__isnull=False)
    if word == "unknown":
        return Q(contact__isnull=True) | Q(contact__overdue_at__isnull=True)
    if word == "flapping":
        return flapping
    steady = Q(contact__flapping_until__isnull=True) | Q(contact__flapping_until__lte=now)
    if word == "yes":
        return Q(contact__overdue_at__gt=now) & steady
    if word == "no":
        return Q(contact__overdue_at__lte=now) & steady
    raise ValueError(_("alive is one of {words}, not {word!r}.", words=", ".join(WORDS), word=word))


def is_in_call(system: System, contact: Contact | None, now: datetime) -> bool:
    """Whether a system is in a call (rule R11): of one that gave no sign of life past its limit that is not known."""
    return system.in_call and alive_word(contact, now) != "no"


def in_call_filter(wanted: bool, now: datetime) -> Q:
    """A filter on systems by `is_in_call`."""
    calling = Q(in_call=True) & (~Q(contact__overdue_at__lte=now) | Q(contact__flapping_until__gt=now))
    return calling if wanted else ~calling


def next_contact_due(contact: Contact | None, now: datetime) -> datetime | None:
    """When the system's next post is due, by the interval it was last told.

    Never in the past of a system that is alive: where a post did not come, or others came in its place, the next one
    is due, and at the latest when it would count as silent. Of one that is not alive it says since when it is late.
    """
    due = contact.next_contact_due_at if contact else None
    if contact is None or due is None or due >= now:
        return due
    if contact.overdue_at is None or contact.overdue_at <= now:
        return due
    interval = timedelta(seconds=max(contact.interval, 1))
    return min(due + ((now - due) // interval + 1) * interval, contact.overdue_at)
