"""The room of the inbox: a share for each source, and who leaves where it is full (rule R14)."""

from datetime import datetime

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import Coalesce

from roomkeeper.jobs.claims import unlocked
from roomkeeper.systems import findings, live
from roomkeeper.systems.addresses import payer_of
from roomkeeper.systems.models import Contact, State, System
from roomkeeper.words import gettext as _

NEARLY_FULL = "inbox nearly full"
SHARE_USED_UP = "inbox share used up"
# In a hundred of the limit: above the first a ticket opens, below the second it closes.
WARN_AT, CALM_AT = 80, 70
# Where it is full so many leave at once, so that making room does not cost as much as what comes in.
LEAVE_AT_ONCE = 50


def make_room(source: str, keep: set[int]) -> str:
    """Make room for one more unknown system that posts from `source`, inside the caller's transaction; "" or why there
    is none. Those of `keep` stay: the caller is at work on them."""
    options = settings.OPTIONS
    payer = payer_of(source)
    pending = System.objects.filter(state=State.PENDING)
    if pending.filter(first_source=payer).count() >= options.inbox_share:
        _tell_share(payer)
        return _("unknown, and its address has used up its share of the inbox")
    held = pending.count()
    leaving = min(LEAVE_AT_ONCE, max(1, options.inbox_limit // 100))
    if held >= options.inbox_limit and not (options.inbox_limit and _let_leave(leaving, keep)):
        return _("unknown, and the inbox is full")
    if (held + 1) * 100 >= options.inbox_limit * WARN_AT:
        findings.report(
            findings.Finding(
                NEARLY_FULL,
                None,
                _(
                    "The inbox holds {count:,} of {inbox_limit:,} unknown systems; when it is full, "
                    "those that have been silent longest are removed.",
                    count=min(held + 1, options.inbox_limit),
                    inbox_limit=options.inbox_limit,
                ),
                _(
                    "Admit, ignore or delete what is there. If it is a flood, find out where it comes "
                    "from and block that network from the device addresses."
                ),
            )
        )
    return ""


def check(*, now: datetime) -> int:
    """Scheduled: close the tickets of an inbox that has room again."""
    options = settings.OPTIONS
    pending = System.objects.filter(state=State.PENDING)
    if pending.count() * 100 < options.inbox_limit * CALM_AT:
        findings.clear(NEARLY_FULL, None, _("The inbox has room again."))
    crowded = pending.exclude(first_source="").values("first_source").annotate(number=Count("id"))
    if not crowded.filter(number__gte=options.inbox_share).exists():
        findings.clear(SHARE_USED_UP, None, _("Every address has room in the inbox again."))
    return 0


def _let_leave(number: int, keep: set[int]) -> int:
    """The unproven that were silent longest leave; whoever still posts stands there again with its next post."""
    rows = Contact.objects.filter(system__state=State.PENDING).exclude(pk__in=keep)
    rows = rows.order_by(Coalesce("last_seen_at", "system__created_at"), "pk")
    # Another door may be at work on some: those stay.
    oldest = list(unlocked(rows).values_list("pk", flat=True)[:number])
    System.objects.filter(pk__in=oldest, state=State.PENDING).delete()
    if oldest:
        live.publish_many([("inbox", None, "")])
    return len(oldest)


def _tell_share(payer: str) -> None:
    share = settings.OPTIONS.inbox_share
    findings.report(
        findings.Finding(
            SHARE_USED_UP,
            None,
            _(
                "{payer} has {share:,} unknown systems in the inbox, the most that one address may "
                "have; further ones from there are only counted as claims.",
                payer=payer,
                share=share,
            ),
            _(
                "If they are yours, as behind a router or a proxy, admit them, or raise inbox_share. "
                "If there cannot be that many, find out what posts from there. Behind your own "
                "proxy, see trusted_proxies."
            ),
        )
    )
