"""`tokens`: one's own API tokens, and who one is."""

from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit, tokens
from roomkeeper.accounts.models import ApiToken
from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import LARGEST_ID
from roomkeeper.api.routing import Routes, token_of, user_of

routes = Routes("tokens")
me_routes = Routes("me")
_SORTS = {
    "id": "id",
    "name": "name",
    "created_at": "created_at",
    "expires_at": "expires_at",
    "last_used_at": "last_used_at",
}


class TokenOut(Schema):
    """A token, by its beginning; the whole of it is shown once, when it is made."""

    id: int
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    is_read_only: bool = Field(description="Refused for everything that changes something.")


class NewTokenOut(TokenOut):
    """A token that was just made."""

    token: str = Field(description="Shown this once.")


class TokenIn(Schema, extra="forbid"):
    """A new token."""

    name: str = Field("", max_length=100)
    expires_in_days: int | None = Field(
        None,
        ge=1,
        le=3650,
        description="Without it as long as the server's setting says (90 days); never after the token it is made with.",
    )
    is_read_only: bool = Field(False, description="Refused for everything that changes something.")


class MeOut(Schema):
    """The caller and what is permitted anywhere."""

    id: int
    name: str
    time_zone: str
    permissions: list[str] = Field(description="What you may do on at least one folder.")


@me_routes.get("", response=MeOut)
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


@routes.get("", response=Page[TokenOut])
@needs(Permission.OWN_ACCOUNT)
def list_tokens(request: HttpRequest, parameters: Query[ListParameters]) -> Page[TokenOut]:
    """List your tokens."""
    rows = ApiToken.objects.filter(user=user_of(request))
    return page_of(
        TokenOut, searched(rows, parameters.search, "name", "prefix"), parameters, _SORTS, "id", _told
    )


@routes.post("", response={201: NewTokenOut})
@needs(Permission.OWN_ACCOUNT)
def create_token(request: HttpRequest, details: TokenIn, response: HttpResponse) -> Status[NewTokenOut]:
    """Make a token; it is shown this once."""
    user = user_of(request)
    lifetime = timedelta(days=details.expires_in_days) if details.expires_in_days else None
    with transaction.atomic():
        token, text = tokens.create_token(
            user,
            now=timezone.now(),
            name=details.name,
            lifetime=lifetime,
            is_read_only=details.is_read_only,
            made_with=token_of(request),
        )
        audit.record(user, "api", "create token", user, token=token.pk, name=token.name)
    response["Location"] = f"/api/v1/tokens/{token.pk}"
    return Status(201, NewTokenOut(**_told(token).dict(), token=text))


@routes.get("/{int:token_id}", response=TokenOut)
@needs(Permission.OWN_ACCOUNT)
def show_token(request: HttpRequest, token_id: int) -> TokenOut:
    """Show one of your tokens."""
    return _told(_get(request, token_id))


@routes.delete("/{int:token_id}", response={204: None})
@needs(Permission.OWN_ACCOUNT)
def delete_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Delete one of your tokens; it is void at once."""
    token = _get(request, token_id)
    with transaction.atomic():
        audit.record(
            user_of(request), "api", "delete token", user_of(request), token=token.pk, name=token.name
        )
        token.delete()
    return HttpResponse(status=204)


def _get(request: HttpRequest, token_id: int) -> ApiToken:
    found = ApiToken.objects.filter(user=user_of(request), pk=min(token_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("token", token_id)
    return found


def _told(token: ApiToken) -> TokenOut:
    return TokenOut(
        id=token.pk,
        name=token.name,
        prefix=token.prefix,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        is_read_only=token.is_read_only,
    )
