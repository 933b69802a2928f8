"""The filters on systems that are more than a comparison: life, mode, login, silence, drift, tickets, tags."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from roomkeeper.accounts.permissions import Grants
from roomkeeper.operations.lists import ListRefused
from roomkeeper.systems import inventory
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import Connectivity, System, Tag
from roomkeeper.systems.surface import visible
from roomkeeper.tickets.models import Ticket

UNDECIDED: Final = "undecided"
MODES: Final = {
    "traditional": Q(is_secure_only=False) & ~Q(connectivity=Connectivity.BEHIND_FIREWALL),
    "behind_firewall": Q(connectivity=Connectivity.BEHIND_FIREWALL),
    "secure_only": Q(is_secure_only=True),
}
SILENCES: Final = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
_HAS_LOGIN: Final = ~Q(username="") & ~Q(password_ciphertext=b"")
LOGINS: Final = {
    "missing": ~_HAS_LOGIN,
    "refused": Q(login_refused_at__isnull=False),
    "works": Q(login_refused_at=None, login_worked_at__isnull=False),
    "untried": Q(login_refused_at=None, login_worked_at=None),
}
OPTIONS_SHOWN: Final = 200


def by_life(value: str, grants: Grants, now: datetime) -> Q:
    """Systems with that word of life."""
    return liveness.alive_filter(value, now)


def by_call(value: bool, grants: Grants, now: datetime) -> Q:
    """Systems in a call, or not (rule R11)."""
    return liveness.in_call_filter(value, now)


def by_mode(value: str, grants: Grants, now: datetime) -> Q:
    """Systems managed in that mode."""
    return MODES[value]


def by_login(value: str, grants: Grants, now: datetime) -> Q:
    """Systems whose stored login is like that, or missing."""
    return LOGINS[value]


def by_having_login(value: bool, grants: Grants, now: datetime) -> Q:
    """Systems with a login to try, or without."""
    return _HAS_LOGIN if value else ~_HAS_LOGIN


def by_silence(value: str, grants: Grants, now: datetime) -> Q:
    """Systems of which nothing was heard for that long; `never`: not at all."""
    if value == "never":
        return Q(contact__last_seen_at__isnull=True)
    return Q(contact__last_seen_at__lt=now - SILENCES[value])


def by_connectivity(value: Sequence[str], grants: Grants, now: datetime) -> Q:
    """Systems with one of these connectivities."""
    return Q(connectivity__in=["" if one == UNDECIDED else one for one in value])


def by_mac(value: str, grants: Grants, now: datetime) -> Q:
    """The system with that MAC address, however it is written."""
    try:
        return Q(mac_address=inventory.normalize_mac(value))
    except ValueError as error:
        raise ListRefused(str(error), "mac_address") from error


def by_tags(value: Sequence[str], grants: Grants, now: datetime) -> Q:
    """Systems that have all of these tags."""
    carried = System.tags.through.objects
    found = Q()
    for name in value:
        found &= Q(pk__in=carried.filter(tag__name=name).values("system_id"))
    return found


def by_drift(value: bool, grants: Grants, now: datetime) -> Q:
    """Systems that differ from what is wanted, or not."""
    return Q(drift_count__gt=0) if value else Q(drift_count=0)


def _open_tickets() -> Any:
    return Ticket.objects.filter(system=OuterRef("pk")).exclude(state=Ticket.State.CLOSED)


def by_tickets(value: bool, grants: Grants, now: datetime) -> Q:
    """Systems with tickets that are not closed, or without."""
    found = Q(Exists(_open_tickets()))
    return found if value else ~found


def ticket_count() -> Combinable:
    """How many tickets of a system are not closed."""
    counted = _open_tickets().order_by().values("system").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def by_ticket_count(value: int, grants: Grants, now: datetime) -> Q:
    """Systems with exactly so many tickets that are not closed."""
    return Q(Exact(ticket_count(), value))


def values_of(lookup: str) -> Any:
    """The different values that visible systems have there, for a filter to choose from."""

    def options(grants: Grants) -> list[str]:
        rows = visible(grants).exclude(**{lookup: ""}).order_by(lookup)
        return list(rows.values_list(lookup, flat=True).distinct()[:OPTIONS_SHOWN])

    return options


def tag_names(grants: Grants) -> list[str]:
    """The tags that visible systems carry."""
    seen = visible(grants).values("pk")
    rows = Tag.objects.filter(systems__in=seen).order_by("name").values_list("name", flat=True)
    return list(rows.distinct()[:OPTIONS_SHOWN])
