"""`drift`: where systems differ from what is wanted of them, and what is done about it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.api.reach import LARGEST_ID, Identifier, get_folder
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.provisioning import drift, enforcement
from roomkeeper.provisioning.models import Drift

routes = Routes("drift")
_SORTS = {"id": "id", "since": "since", "path": "path", "system": "system__name", "layer": "layer"}


class DriftRowOut(Schema):
    """A setting of a system that differs from what is wanted."""

    id: int
    system: int
    system_name: str
    path: str
    wanted: str
    found: str | None = Field(description="null where the device lacks the setting.")
    layer: str = Field(description="`management`, `system`, `persistent` or `template`.")
    why: str
    enforcement: str = Field(description="`automatic`, `window` or `by_hand`.")
    since: datetime
    noticed_by: str = Field(description="`report`: in a whole configuration; `feedback`: as it was changed.")
    rounds: int = Field(description="How often it was set back within a day.")
    asked_at: datetime | None
    is_ignored: bool


class DriftFilters(ListParameters):
    """Filters on drift."""

    system: Identifier | None = None
    folder: Identifier | None = Field(None, description="A folder with all below it.")
    layer: Literal["management", "system", "persistent", "template", "default"] | None = None
    path: str | None = Field(None, description="A part of the path.")
    is_ignored: bool | None = None


class DriftChoice(Schema, extra="forbid"):
    """Which of them."""

    drift: list[Identifier] = Field(min_length=1, max_length=1000)


class Enforced(Schema):
    """How much was asked for."""

    enforced: int


@routes.get("", response=Page[DriftRowOut])
@needs(Permission.VIEW, anywhere=True)
def list_drift(request: HttpRequest, filters: Query[DriftFilters]) -> Page[DriftRowOut]:
    """List drift, newest first."""
    user = user_of(request)
    rows = _visible(user)
    if filters.system is not None:
        rows = rows.filter(system=filters.system)
    if filters.folder is not None:
        rows = rows.filter(system__folder__path__startswith=get_folder(user, filters.folder).path)
    if filters.layer is not None:
        rows = rows.filter(layer=filters.layer)
    if filters.path is not None:
        rows = rows.filter(path__icontains=filters.path)
    if filters.is_ignored is not None:
        rows = rows.filter(ignored_at__isnull=not filters.is_ignored)
    rows = searched(rows, filters.search, "path", "wanted", "found", "system__name")
    return page_of(DriftRowOut, rows, filters, _SORTS, "-since", _told)


@routes.post("/enforce", response=Enforced)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def enforce_drift(request: HttpRequest, choice: DriftChoice) -> Enforced:
    """Have the wanted values written again."""
    user = user_of(request)
    rows = list(_visible(user).filter(pk__in=choice.drift))
    for row in rows:
        demand(user, Permission.CHANGE_SETTINGS, row.system.folder.path)
    missing = set(choice.drift) - {row.pk for row in rows}
    if missing:
        raise NotFound("drift", min(missing))
    enforcement.enforce(rows, user=user, now=timezone.now())
    audit.record(user, "api", "enforce drift", None, drift=sorted(choice.drift))
    return Enforced(enforced=len(rows))


@routes.post("/{int:drift_id}/accept", response=DriftRowOut)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def accept_drift(request: HttpRequest, drift_id: int) -> DriftRowOut:
    """Take what was found as what is wanted, of this system alone."""
    return _decide(request, drift_id, "accept drift", enforcement.accept)


@routes.post("/{int:drift_id}/ignore", response=DriftRowOut)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def ignore_drift(request: HttpRequest, drift_id: int) -> DriftRowOut:
    """Leave this difference alone."""
    return _decide(request, drift_id, "ignore drift", drift.ignore)


@routes.post("/{int:drift_id}/take-up", response=DriftRowOut)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def take_up_drift(request: HttpRequest, drift_id: int) -> DriftRowOut:
    """Take the ignoring back, or let a setting that was fought over be set back again."""
    return _decide(request, drift_id, "take up drift", lambda row, *, user, now: drift.take_up(row))


def _decide(request: HttpRequest, drift_id: int, act: str, decide: Callable[..., Any]) -> DriftRowOut:
    user = user_of(request)
    row = _visible(user).filter(pk=min(drift_id, LARGEST_ID)).first()
    if row is None:
        raise NotFound("drift", drift_id)
    demand(user, Permission.CHANGE_SETTINGS, row.system.folder.path)
    with refused_as(409, drift.DriftRefused):
        decide(row, user=user, now=timezone.now())
    audit.record(user, "api", act, row.system, path=row.path)
    return _told(row)


def _visible(user: User) -> QuerySet[Drift]:
    rows = Drift.objects.filter(
        grants_of(user).folders(Permission.VIEW, "system__folder__path"), ended_at=None
    )
    return rows.select_related("system__folder")


def _told(row: Drift) -> DriftRowOut:
    return DriftRowOut(
        id=row.pk,
        system=row.system_id,
        system_name=row.system.name,
        path=row.path,
        wanted=row.wanted,
        found=row.found,
        layer=row.layer,
        why=row.why,
        enforcement=row.enforcement,
        since=row.since,
        noticed_by=row.noticed_by,
        rounds=row.rounds,
        asked_at=row.asked_at,
        is_ignored=row.ignored_at is not None,
    )
