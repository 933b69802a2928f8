"""`secure-only-moves`: planning and beginning a move, and the systems of one; lists and steering are declared."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Schema, Status
from pydantic import Field, create_model

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.api.choosing import SystemChoice, choose
from roomkeeper.api.derived_lists import actor_of, told_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.operations.taking import fields_of
from roomkeeper.secure_only import planning
from roomkeeper.secure_only.surface import HOW, MOVES, START

routes = Routes("secure-only-moves")
MoveIn: Any = create_model(
    "MoveIn",
    __base__=SystemChoice,
    __doc__="A move of the chosen systems.",
    **fields_of(HOW),
    dry_run=(bool, Field(False, description="Only plan: answers 200 with the outcome for each system.")),
)


class PlannedMemberOut(Schema):
    """The outcome for one system."""

    system: int = Field(validation_alias="system.pk")
    system_name: str = Field(validation_alias="system.name")
    verdict: Literal["move", "already", "cannot"]
    reason: str


class MovePlanOut(Schema):
    """What a move would do; nothing was changed."""

    counts: dict[str, int]
    members: list[PlannedMemberOut]


@routes.post("", response={200: MovePlanOut, 202: told_of(MOVES).schema})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def start_secure_only_move(request: HttpRequest, details: MoveIn, response: HttpResponse) -> Status[Any]:
    """Move systems to Secure-Only or back; with `dry_run` only plan. A system that cannot is told and left as it is."""
    user, actor = user_of(request), actor_of(request)
    ids = choose(user, details, Permission.MANAGE_SYSTEMS)
    systems = list(visible_systems(user).filter(pk__in=ids).select_related("folder"))
    if details.systems is not None and (missing := set(ids) - {system.pk for system in systems}):
        raise NotFound("system", min(missing))
    for path in {system.folder.path for system in systems}:
        demand(user, Permission.MANAGE_SYSTEMS, path)
    plan = planning.plan(systems, is_secure=details.is_secure, trust=details.trust)
    if details.dry_run:
        return Status(200, plan)
    taken = {one.name: getattr(details, one.name) for one in HOW}
    move = do_act(MOVES, START, None, actor, taken | {"plan": plan})
    response["Location"] = f"/api/v1/secure-only-moves/{move.pk}"
    return Status(202, told_of(MOVES).one(move, actor))
