"""`change-sets`: settings asked of one or many systems, planned or handed over with the next check-ins."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.action_fields import DeliveryWord
from roomkeeper.api.choosing import SystemChoice, choose_managed
from roomkeeper.api.paging import ListParameters, Moment, Page, cut, searched
from roomkeeper.api.problems import Conflict, Invalid, NotFound
from roomkeeper.api.reach import LARGEST_ID, Identifier
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.provisioning import change_sets as asked
from roomkeeper.provisioning import planning, states
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.systems.models import System

routes = Routes("change-sets")
_SORTS = {
    "id": "id",
    "created_at": "created_at",
    "description": "description",
    "created_by": "created_by__username",
}
_PLAIN = ("cancelled_at", "during_calls", "only_in_window", "failure_limit", "stopped_at", "stop_reason")


class ChangeSetIn(SystemChoice):
    """Settings asked of systems. A path may be spelled `SystemUnit/Name` or `SystemUnit Name`."""

    settings: dict[str, str | None] = Field(
        min_length=1,
        max_length=500,
        description='Path to value: "" sets empty, null removes an earlier request.',
    )
    persistent: bool = Field(
        False, description="Make it persistent: sent again whenever the system reports another value."
    )
    dry_run: bool = Field(False, description="Only plan: answers 200 with what would become of each system.")
    description: str = Field("", max_length=255)
    during_calls: bool = Field(
        False, description="Also while a system is in a call; else it waits for its end."
    )
    only_in_window: bool = Field(False, description="Only while a system's maintenance window is open.")
    failure_limit: int | None = Field(
        None, ge=0, description="Stop by itself once more systems than this have failed."
    )


class PlannedItemOut(Schema):
    """What would become of one setting of one system."""

    path: str
    value: str | None
    verdict: str = Field(description="`change`, `already` or `cannot`.")
    reason: str


class PlannedChangeOut(Schema):
    """What would become of one system."""

    system: int
    items: list[PlannedItemOut]


class PlanOut(Schema):
    """What a change set would do; nothing was recorded."""

    counts: dict[str, int] = Field(description="Systems by verdict: `change`, `already`, `cannot`.")
    changes: list[PlannedChangeOut]


class ChangeItemOut(Schema):
    """One setting of one system. `value` and `previous` are `***` where they are secrets."""

    path: str
    value: str | None
    previous: str | None = Field(
        description="What the system had before: `***` where it is hidden, null where nobody knows."
    )
    state: DeliveryWord
    reason: str
    rounds: int
    delivered_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None


class ChangeOut(Schema):
    """The part of a change set that concerns one system."""

    id: int
    system: int
    system_name: str
    state: DeliveryWord
    updated_at: datetime
    items: list[ChangeItemOut]


class ChangeSetSummary(Schema):
    """A change set in a list."""

    id: int
    description: str
    created_at: datetime
    created_by: str | None
    persistent: bool
    cancelled_at: datetime | None
    during_calls: bool
    only_in_window: bool
    failure_limit: int | None
    stopped_at: datetime | None
    stop_reason: str
    undoes: int | None = Field(description="The change set whose values before this one restores.")
    state: DeliveryWord = Field(description="`waiting`, `delivered` while anything is; then `failed`.")
    counts: dict[str, int] = Field(description="Changes by state, of the systems that you may see.")


class ChangeSetOut(ChangeSetSummary):
    """A change set with its changes, of the systems that you may see."""

    changes: list[ChangeOut]


class ChangeSetFilters(ListParameters):
    """Filters on change sets."""

    system: Identifier | None = None
    state: DeliveryWord | None = Field(
        None, description="Change sets with at least one change in this state."
    )
    created_by: str | None = None
    persistent: bool | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None


class Cancelled(Schema):
    """How much was cancelled."""

    cancelled: int = Field(description="Settings taken back before they were handed over.")
    change_set: ChangeSetOut


@routes.get("", response=Page[ChangeSetSummary])
@needs(Permission.VIEW, anywhere=True)
def list_change_sets(request: HttpRequest, filters: Query[ChangeSetFilters]) -> Page[ChangeSetSummary]:
    """List change sets, newest first."""
    seen = _visible_changes(user_of(request))
    if filters.system:
        seen = seen.filter(system=filters.system)
    if filters.state:
        seen = seen.filter(state=filters.state)
    rows = ChangeSet.objects.filter(pk__in=seen.values("change_set")).select_related("created_by")
    if filters.created_by is not None:
        rows = rows.filter(created_by__username=filters.created_by)
    if filters.persistent is not None:
        rows = rows.filter(is_persistent=filters.persistent)
    if filters.created_after is not None:
        rows = rows.filter(created_at__gt=filters.created_after)
    if filters.created_before is not None:
        rows = rows.filter(created_at__lt=filters.created_before)
    rows = searched(rows, filters.search, "description")
    found, following = cut(rows, filters, _SORTS, "-id")
    counts = _counts(user_of(request), [one.pk for one in found])
    items = [ChangeSetSummary(**_told(one, counts[one.pk])) for one in found]
    return Page[ChangeSetSummary](items=items, next=following)


@routes.post("", response={200: PlanOut, 202: ChangeSetSummary})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def create_change_set(
    request: HttpRequest,
    details: ChangeSetIn,
    response: HttpResponse,
) -> HttpResponse | Status[ChangeSetSummary]:
    """Ask settings of systems; with `dry_run` only plan.

    Answers 202 with the change set's address: it is done when its state is `confirmed`.
    """
    user = user_of(request)
    systems = choose_managed(user, details, [Permission.CHANGE_SETTINGS])
    if details.dry_run:
        with _told_refusals():
            plan = planning.plan_settings(systems, details.settings)
        return _told_plan(plan)

    def note(made: ChangeSet) -> None:
        audit.record(
            user,
            "api",
            "change settings",
            None,
            change_set=made.pk,
            paths=sorted(details.settings),
            systems=len(systems),
            persistent=details.persistent,
        )

    with _told_refusals():
        made = planning.create_change_set(
            systems,
            details.settings,
            user=user,
            now=timezone.now(),
            description=details.description,
            is_persistent=details.persistent,
            care=planning.Care(details.during_calls, details.only_in_window, details.failure_limit),
            note=note,
        )
    response["Location"] = f"/api/v1/change-sets/{made.pk}"
    return Status(202, ChangeSetSummary(**tell_change_set(user, made)))


@routes.get("/{int:change_set_id}", response=ChangeSetOut)
@needs(Permission.VIEW, anywhere=True)
def show_change_set(request: HttpRequest, change_set_id: int, changes: bool = True) -> ChangeSetOut:
    """Show a change set: its state, the counts by state, and (unless `changes=false`) its changes."""
    return _encode(user_of(request), get_change_set(user_of(request), change_set_id), with_changes=changes)


@routes.post("/{int:change_set_id}/cancel", response=Cancelled)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def cancel_change_set(request: HttpRequest, change_set_id: int) -> Cancelled:
    """Cancel what was not handed over yet."""
    user = user_of(request)
    change_set = get_changeable(user, change_set_id)
    with transaction.atomic():
        number = asked.cancel_change_set(change_set, user=user, now=timezone.now())
        audit.record(user, "api", "cancel change set", None, change_set=change_set.pk, settings=number)
    return Cancelled(cancelled=number, change_set=_encode(user, get_change_set(user, change_set_id)))


@routes.post("/{int:change_set_id}/retry", response={202: ChangeSetOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def retry_change_set(
    request: HttpRequest, change_set_id: int, response: HttpResponse
) -> Status[ChangeSetOut]:
    """Ask what failed, expired or was cancelled once more."""
    user = user_of(request)
    change_set = get_changeable(user, change_set_id)
    with transaction.atomic():
        number = asked.retry_failed(change_set, user=user, now=timezone.now())
        if not number:
            raise Conflict("Nothing of this change set failed, expired or was cancelled.")
        audit.record(user, "api", "retry change set", None, change_set=change_set.pk, settings=number)
    response["Location"] = f"/api/v1/change-sets/{change_set.pk}"
    return Status(202, _encode(user, get_change_set(user, change_set_id)))


def _visible_changes(user: User) -> QuerySet[Change]:
    return Change.objects.filter(grants_of(user).folders(Permission.VIEW, "system__folder__path"))


def get_change_set(user: User, change_set_id: int) -> ChangeSet:
    """The change set, if it asks for anything of a system that the user may see; raises `NotFound`."""
    seen = _visible_changes(user).filter(change_set=min(change_set_id, LARGEST_ID))
    found = ChangeSet.objects.select_related("created_by").filter(pk__in=seen.values("change_set")).first()
    if found is None:
        raise NotFound("change set", change_set_id)
    return found


def get_changeable(user: User, change_set_id: int) -> ChangeSet:
    """The change set, all of whose systems the caller may change: it is cancelled and retried as a whole."""
    change_set = get_change_set(user, change_set_id)
    paths = (
        System.objects.filter(changes__change_set=change_set)
        .values_list("folder__path", flat=True)
        .distinct()
    )
    for path in paths:
        demand(user, Permission.CHANGE_SETTINGS, path)
    return change_set


@contextmanager
def _told_refusals() -> Iterator[None]:
    """Tell what planning refuses, path by path."""
    try:
        yield
    except planning.PlanRefused as error:
        errors = [
            (f"body.settings.{path}" if path else "body.settings", sentence)
            for path, sentence in error.errors.items()
        ]
        raise Invalid("These settings cannot be asked for.", errors=errors) from error


def tell_change_set(user: User, change_set: ChangeSet) -> dict[str, Any]:
    """The fields of `ChangeSetSummary`, counting the systems that the user may see."""
    return _told(change_set, _counts(user, [change_set.pk])[change_set.pk])


def _told(change_set: ChangeSet, counts: Counter[str]) -> dict[str, Any]:
    return {
        "id": change_set.pk,
        "description": change_set.description,
        "created_at": change_set.created_at,
        "created_by": change_set.created_by.username if change_set.created_by else None,
        "persistent": change_set.is_persistent,
        **{name: getattr(change_set, name) for name in _PLAIN},
        "undoes": change_set.undoes_id,
        "state": states.combined(state for state, number in counts.items() if number),
        "counts": {state: counts.get(state, 0) for state in DeliveryState.values},
    }


def _counts(user: User, change_sets: list[int]) -> dict[int, Counter[str]]:
    """How many of each set's visible changes are in each state, with one query for all."""
    counts: dict[int, Counter[str]] = {key: Counter() for key in change_sets}
    rows = _visible_changes(user).filter(change_set__in=change_sets).order_by()
    for key, state, number in rows.values_list("change_set", "state").annotate(number=Count("pk")):
        counts[key][state] = number
    return counts


def _encode(user: User, change_set: ChangeSet, *, with_changes: bool = True) -> ChangeSetOut:
    told = tell_change_set(user, change_set)
    if not with_changes:
        return ChangeSetOut(**told, changes=[])
    items = Prefetch("items", queryset=ChangeItem.objects.order_by("pk"))
    rows = (
        _visible_changes(user).filter(change_set=change_set).select_related("system").prefetch_related(items)
    )
    return ChangeSetOut(**told, changes=[_told_change(change) for change in rows.order_by("pk")])


def _told_change(change: Any) -> ChangeOut:
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


def _told_plan(plan: planning.Plan) -> HttpResponse:
    """Written as it is: looking at it once more takes longer than planning for ten thousand systems."""
    told = encode_plan(plan)
    return HttpResponse(told.model_dump_json(), content_type="application/json; charset=utf-8")


def encode_plan(plan: planning.Plan) -> PlanOut:
    """A plan as the API tells it, unchecked."""
    return PlanOut.model_construct(
        counts=dict(plan.counts),
        changes=[
            PlannedChangeOut.model_construct(
                system=change.system.pk,
                items=[
                    PlannedItemOut.model_construct(
                        path=item.path, value=item.value, verdict=item.verdict, reason=item.reason
                    )
                    for item in change.items
                ],
            )
            for change in plan.per_system
        ],
    )
