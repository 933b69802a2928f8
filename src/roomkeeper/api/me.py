"""`me`: who the caller is."""

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.routing import Routes, user_of

routes = Routes("me")


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
    user = user_of(request)
    grants = grants_of(user)
    return MeOut(
        id=user.pk,
        name=user.username,
        time_zone=user.time_zone,
        permissions=[one.value for one in Permission if grants.may_anywhere(one)],
    )
