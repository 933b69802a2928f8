"""Addresses of ours that were changed: still ours until every system has come over, and who has not yet."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from roomkeeper.systems.models import FormerAddress, NetworkSettings, State, System

SIDES = {
    "internal": ("internal_ipv4", "internal_ipv6", "internal_fqdn", "outside_internal_host"),
    "public": ("public_ipv4", "public_ipv6", "public_fqdn", "outside_public_host"),
}
# Who was away for longer than this when the address changed is listed; the address is kept at least as long.
KEPT_AT_LEAST = timedelta(days=30)


def note(before: Mapping[str, str], now_in_force: NetworkSettings, *, now: datetime) -> None:
    """Remember the addresses that are no longer in force; inside the caller's transaction. `before` by field."""
    current = {str(getattr(now_in_force, field)) for fields in SIDES.values() for field in fields}
    FormerAddress.objects.filter(host__in=current).delete()
    for side, fields in SIDES.items():
        for field in fields:
            host = before.get(field, "")
            if host and host not in current:
                FormerAddress.objects.update_or_create(
                    host=host.lower(), defaults={"side": side, "replaced_at": now}
                )


def by_side() -> dict[str, list[str]]:
    """The former addresses that still count, by side."""
    found: dict[str, list[str]] = {side: [] for side in SIDES}
    for side, host in FormerAddress.objects.order_by("host").values_list("side", "host"):
        found[side].append(host)
    return found


def stragglers() -> QuerySet[System]:
    """Managed systems whose last post still called a former address."""
    wanted = Q(pk__in=[])
    for host in FormerAddress.objects.values_list("host", flat=True):
        shown = f"[{host}]" if ":" in host else host
        wanted |= Q(contact__used_host__iexact=shown) | Q(contact__used_host__istartswith=f"{shown}:")
    return System.objects.filter(wanted, state=State.MANAGED).select_related("folder", "contact")


def forget_unused(*, now: datetime) -> int:
    """Scheduled: former addresses that nobody calls any more are forgotten after a month. How many were."""
    if stragglers().exists():
        return 0
    number, _ = FormerAddress.objects.filter(replaced_at__lt=now - KEPT_AT_LEAST).delete()
    return number
