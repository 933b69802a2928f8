"""What is told of change sets beside what stands in their rows, of the systems that somebody sees."""

from collections import Counter
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Count, Min, Prefetch, Q, QuerySet
from pydantic import BaseModel, Field

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.provisioning import states
from roomkeeper.provisioning.models import Change, ChangeItem, DeliveryState
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

DeliveryWord = Literal["waiting", "delivered", "confirmed", "failed", "expired", "cancelled", "superseded"]
ENDED_BADLY: Final = ("failed", "expired", "cancelled")
_IN_ORDER: Final = [state.value for state in DeliveryState]


class ChangeItemOut(BaseModel):
    """One setting of one system. `value` and `previous` are `***` where they are secrets."""

    path: str
    value: str | None
    previous: str | None = Field(description="The value before: `***` if hidden, null if unknown.")
    state: DeliveryWord
    reason: str
    rounds: int
    delivered_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None


class ChangeOut(BaseModel):
    """The part of a change set that concerns one system."""

    id: int
    system: int
    system_name: str
    state: DeliveryWord
    updated_at: datetime
    items: list[ChangeItemOut]


def visible_changes(grants: Grants) -> QuerySet[Change]:
    """The changes of systems in folders that somebody may see."""
    return Change.objects.filter(grants.folders(Permission.VIEW, "system__folder__path"))


def seen_by(grants: Grants) -> Q:
    """Change sets that ask for anything of a system that somebody may see."""
    return Q(pk__in=visible_changes(grants).values("change_set"))


def by_system(value: int, grants: Grants, now: datetime) -> Q:
    """Change sets that ask for something of that system."""
    return Q(pk__in=visible_changes(grants).filter(system=value).values("change_set"))


def by_state(value: str, grants: Grants, now: datetime) -> Q:
    """Change sets with at least one change in that state."""
    return Q(pk__in=visible_changes(grants).filter(state=value).values("change_set"))


def look_up(rows: list[Any], grants: Grants, now: datetime) -> None:
    """Give each set its counts by state, and its first change with the paths; three statements whatever their size."""
    keys = [row.pk for row in rows]
    seen = visible_changes(grants)
    counts: dict[int, Counter[str]] = {key: Counter() for key in keys}
    grouped = seen.filter(change_set__in=keys).order_by().values_list("change_set", "state")
    for key, state, number in grouped.annotate(number=Count("pk")):
        counts[key][state] = number
    firsts = seen.filter(change_set__in=keys).order_by().values("change_set").annotate(first=Min("pk"))
    changes = Change.objects.filter(pk__in=[one["first"] for one in firsts]).select_related("system")
    by_set = {change.change_set_id: change for change in changes}
    paths: dict[int, list[str]] = {}
    items = ChangeItem.objects.filter(change__in=by_set.values()).order_by("pk")
    for key, path in items.values_list("change__change_set", "path"):
        paths.setdefault(key, []).append(path)
    for row in rows:
        row.seen_with = grants
        row.found = {state: counts[row.pk].get(state, 0) for state in _IN_ORDER}
        row.filled = {state: number for state, number in row.found.items() if number}
        row.first, row.paths = by_set.get(row.pk), paths.get(row.pk, [])
        row.others = sum(row.found.values()) - 1
        waiting, ended = row.found["waiting"], sum(row.found[state] for state in ENDED_BADLY)
        row.waiting_words = (
            _("1 change that still waits")
            if waiting == 1
            else _("{waiting} changes that still wait", waiting=waiting)
        )
        row.ended_words = ngettext(
            "{count} change that failed, ran out or were cancelled",
            "{count} changes that failed, ran out or were cancelled",
            ended,
        )


def state_of(row: Any) -> str:
    """The state of all together."""
    return states.combined(row.filled)


def changes_of(row: Any) -> list[ChangeOut]:
    """Its changes, of the systems that are seen."""
    items = Prefetch("items", queryset=ChangeItem.objects.order_by("pk"))
    rows = (
        visible_changes(row.seen_with).filter(change_set=row).select_related("system").prefetch_related(items)
    )
    return [_told(change) for change in rows.order_by("pk")]


def _told(change: Any) -> ChangeOut:
    return ChangeOut(
        id=change.pk,
        system=change.system_id,
        system_name=str(change.system),
        state=change.state,
        updated_at=change.updated_at,
        items=[
            ChangeItemOut(
                path=item.path,
                value="***" if item.secret_value else item.value,
                previous=item.previous,
                state=item.state,
                reason=item.reason,
                rounds=item.rounds,
                delivered_at=item.delivered_at,
                ended_at=item.ended_at,
                expires_at=item.expires_at,
            )
            for item in change.items.all()
        ],
    )
