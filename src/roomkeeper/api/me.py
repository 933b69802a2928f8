"""`me`: who the caller is."""

from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.operations.taking import model_of
from roomkeeper.people.own_surface import OWN_ACCOUNT, SET_TIME_ZONE

routes = Routes("me")
MeIn: Any = model_of(OWN_ACCOUNT, SET_TIME_ZONE)


class MeOut(Schema):
    """The caller and what is permitted anywhere."""

    id: int
    name: str
    time_zone: str
    permissions: list[str] = Field(description="What you may do on at least one folder.")


@routes.get("", response=MeOut)
@needs(Permission.OWN_ACCOUNT)
def show_me(request: HttpRequest) -> MeOut:
    """Show who you are and what you may do."""
    return _told(user_of(request))


@routes.patch("", response=MeOut)
@needs(Permission.OWN_ACCOUNT)
def change_me(request: HttpRequest, details: MeIn) -> MeOut:
    """Set the zone in which times are shown to you on pages."""
    user = user_of(request)
    do_act(OWN_ACCOUNT, SET_TIME_ZONE, user, actor_of(request), {"time_zone": details.time_zone})
    return _told(user)


def _told(user: User) -> MeOut:
    grants = grants_of(user)
    return MeOut(
        id=user.pk,
        name=user.username,
        time_zone=user.time_zone,
        permissions=[one.value for one in Permission if grants.may_anywhere(one)],
    )
