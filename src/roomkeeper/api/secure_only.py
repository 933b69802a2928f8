"""`secure-only-moves`: moving systems to Secure-Only or back, guided, without losing one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.choosing import SystemChoice, choose
from roomkeeper.api.paging import ListParameters, Page, cut, page_of, searched
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.api.reach import LARGEST_ID, visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.secure_only import moving, planning, reading
from roomkeeper.secure_only.models import Member, Move

routes = Routes("secure-only-moves")
_SORTS = {"id": "id", "created_at": "created_at", "state": "state"}
_MEMBER_SORTS = {"id": "id", "wave": "wave", "state": "state", "system": "system__name"}
MoveWord = Literal["running", "paused", "done", "cancelled"]
MemberWord = Literal["waiting", "trusting", "proving", "asked", "moved", "held", "skipped"]


class MoveIn(SystemChoice):
    """A move of the chosen systems."""

    is_secure: bool = Field(True, description="false: back from Secure-Only.")
    trust: Literal["trusted", "install_ca", "no_verify"] = Field(
        "trusted",
        description="How a system comes to trust this server's certificate: it does already; our authority is "
        "installed on it; its checks of certificates are turned off.",
    )
    canary: int = Field(1, ge=1, le=1000, description="How many go first.")
    wave_size: int = Field(50, ge=1, le=10_000)
    dry_run: bool = Field(False, description="Only plan: answers 200 with the outcome for each system.")


class PlannedMemberOut(Schema):
    """The outcome for one system."""

    system: int
    system_name: str
    verdict: Literal["move", "already", "cannot"]
    reason: str


class MovePlanOut(Schema):
    """What a move would do; nothing was changed."""

    counts: dict[str, int]
    members: list[PlannedMemberOut]


class MoveOut(Schema):
    """A move and how far it is."""

    id: int
    is_secure: bool
    trust: str
    canary: int
    wave_size: int
    state: MoveWord
    reason: str
    created_at: datetime
    created_by: str | None
    ended_at: datetime | None
    counts: dict[str, int] = Field(description="Systems by state; every state is named.")


class MemberOut(Schema):
    """One system of a move."""

    system: int
    system_name: str
    wave: int = Field(description="0 are those that go first.")
    state: MemberWord
    since: datetime
    reason: str = Field(description="Why it is on hold.")


class MoveFilters(ListParameters):
    """Filters on moves."""

    state: MoveWord | None = None


class MemberFilters(ListParameters):
    """Filters on the systems of a move."""

    state: MemberWord | None = None


@routes.get("", response=Page[MoveOut])
@needs(Permission.VIEW, anywhere=True)
def list_secure_only_moves(request: HttpRequest, filters: Query[MoveFilters]) -> Page[MoveOut]:
    """List moves, newest first."""
    user = user_of(request)
    rows = _visible(user).select_related("created_by")
    if filters.state is not None:
        rows = rows.filter(state=filters.state)
    found, following = cut(rows, filters, _SORTS, "-id")
    counts = reading.counts((move.pk for move in found), grants_of(user))
    return Page[MoveOut](items=[_told(user, move, counts[move.pk]) for move in found], next=following)


@routes.post("", response={200: MovePlanOut, 202: MoveOut})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def start_secure_only_move(
    request: HttpRequest, details: MoveIn, response: HttpResponse
) -> Status[MovePlanOut] | Status[MoveOut]:
    """Move systems to Secure-Only or back; with `dry_run` only plan. A system that cannot is told and left as it is."""
    user = user_of(request)
    ids = choose(user, details, Permission.MANAGE_SYSTEMS)
    systems = list(visible_systems(user).filter(pk__in=ids).select_related("folder"))
    if details.systems is not None:
        missing = set(ids) - {system.pk for system in systems}
        if missing:
            raise NotFound("system", min(missing))
    for system in systems:
        demand(user, Permission.MANAGE_SYSTEMS, system.folder.path)
    plan = planning.plan(systems, is_secure=details.is_secure, trust=details.trust)
    if details.dry_run:
        return Status(200, _told_plan(plan))
    with transaction.atomic(), refused_as(409, moving.MoveRefused):
        move = moving.start(
            plan,
            is_secure=details.is_secure,
            trust=details.trust,
            canary=details.canary,
            wave_size=details.wave_size,
            user=user,
            now=timezone.now(),
        )
        count = len(plan.chosen("move"))
        audit.record(user, "api", "start secure-only move", None, move=move.pk, systems=count)
    response["Location"] = f"/api/v1/secure-only-moves/{move.pk}"
    return Status(202, _told(user, move))


@routes.get("/{int:move_id}", response=MoveOut)
@needs(Permission.VIEW, anywhere=True)
def show_secure_only_move(request: HttpRequest, move_id: int) -> MoveOut:
    """Show a move and how far it is."""
    user = user_of(request)
    return _told(user, _get(user, move_id))


@routes.get("/{int:move_id}/members", response=Page[MemberOut])
@needs(Permission.VIEW, anywhere=True)
def list_secure_only_members(
    request: HttpRequest, move_id: int, filters: Query[MemberFilters]
) -> Page[MemberOut]:
    """List the systems of a move, and why systems are on hold."""
    user = user_of(request)
    rows = _members(user, _get(user, move_id))
    if filters.state is not None:
        rows = rows.filter(state=filters.state)
    rows = searched(rows, filters.search, "system__name", "reason")
    return page_of(MemberOut, rows, filters, _MEMBER_SORTS, "wave", _told_member)


@routes.post("/{int:move_id}/pause", response=MoveOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def pause_secure_only_move(request: HttpRequest, move_id: int) -> MoveOut:
    """Begin nothing new."""
    return _steer(request, move_id, "pause", moving.pause)


@routes.post("/{int:move_id}/continue", response=MoveOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def continue_secure_only_move(request: HttpRequest, move_id: int) -> MoveOut:
    """Continue with the next wave; systems on hold stay as they are."""
    return _steer(request, move_id, "continue", moving.go_on)


@routes.post("/{int:move_id}/cancel", response=MoveOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def cancel_secure_only_move(request: HttpRequest, move_id: int) -> MoveOut:
    """End the move; who has moved stays moved, all others stay as they were."""
    return _steer(request, move_id, "cancel", moving.cancel)


@routes.post("/{int:move_id}/members/{int:system_id}/try-again", response=MemberOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def retry_secure_only_member(request: HttpRequest, move_id: int, system_id: int) -> MemberOut:
    """Try a system that is on hold once more."""
    return _decide(request, move_id, system_id, "try again", moving.try_again)


@routes.post("/{int:move_id}/members/{int:system_id}/skip", response=MemberOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def skip_secure_only_member(request: HttpRequest, move_id: int, system_id: int) -> MemberOut:
    """Leave a system as it is."""
    return _decide(request, move_id, system_id, "skip", moving.skip)


def _steer(request: HttpRequest, move_id: int, word: str, deed: Callable[..., None]) -> MoveOut:
    user = user_of(request)
    move = _get(user, move_id, Permission.MANAGE_SYSTEMS)
    with transaction.atomic(), refused_as(409, moving.MoveRefused):
        deed(move, now=timezone.now())
        audit.record(user, "api", f"{word} secure-only move", None, move=move.pk)
    move.refresh_from_db()
    return _told(user, move)


def _decide(
    request: HttpRequest, move_id: int, system_id: int, word: str, deed: Callable[..., None]
) -> MemberOut:
    user = user_of(request)
    member = _members(user, _get(user, move_id)).filter(system_id=min(system_id, LARGEST_ID)).first()
    if member is None:
        raise NotFound("system", system_id)
    demand(user, Permission.MANAGE_SYSTEMS, member.system.folder.path)
    with transaction.atomic(), refused_as(409, moving.MoveRefused):
        deed(member, now=timezone.now())
        audit.record(user, "api", f"{word} secure-only", member.system, move=move_id)
    return _told_member(member)


def _visible(user: User, permission: Permission = Permission.VIEW) -> QuerySet[Move]:
    mine = Member.objects.filter(grants_of(user).folders(permission, "system__folder__path"))
    return Move.objects.filter(pk__in=mine.values("move"))


def _get(user: User, move_id: int, permission: Permission = Permission.VIEW) -> Move:
    """The move; to steer it, the permission has to hold for every system in it."""
    found = _visible(user).select_related("created_by").filter(pk=min(move_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("move", move_id)
    if permission is not Permission.VIEW:
        for path in found.members.values_list("system__folder__path", flat=True).distinct():
            demand(user, permission, path)
    return found


def _members(user: User, move: Move) -> QuerySet[Member]:
    seen = grants_of(user).folders(Permission.VIEW, "system__folder__path")
    return move.members.filter(seen).select_related("system__folder", "move")


def _told(user: User, move: Move, counts: dict[str, int] | None = None) -> MoveOut:
    """A move; `counts` are its own, where those of many were taken together."""
    if counts is None:
        counts = reading.counts([move.pk], grants_of(user))[move.pk]
    fields: dict[str, Any] = {
        name: getattr(move, name)
        for name in MoveOut.model_fields
        if name not in ("id", "created_by", "counts")
    }
    by = move.created_by.username if move.created_by else None
    return MoveOut(id=move.pk, created_by=by, counts=counts, **fields)


def _told_member(member: Member) -> MemberOut:
    return MemberOut(
        system=member.system_id,
        system_name=member.system.name,
        wave=member.wave,
        state=member.state,  # type: ignore[arg-type]
        since=member.since,
        reason=member.reason,
    )


def _told_plan(plan: planning.MovePlan) -> MovePlanOut:
    verdicts = ("move", "already", "cannot")
    return MovePlanOut(
        counts={verdict: len(plan.chosen(verdict)) for verdict in verdicts},
        members=[
            PlannedMemberOut(
                system=one.system.pk,
                system_name=one.system.name,
                verdict=one.verdict,  # type: ignore[arg-type]
                reason=one.reason,
            )
            for one in plan.members
        ],
    )
