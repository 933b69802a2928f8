"""API tokens as their owners see them: by their beginning; the whole of one is told once, when it is made."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Q

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import ApiToken, User
from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Pages, Subject, register
from roomkeeper.operations.taking import Text


def _seen_by(grants: Grants) -> Q:
    return Q(user_id=grants.user_id)


def _create(
    *, user: Person, now: datetime, name: str, expires_in_days: int | None, is_read_only: bool
) -> Any:
    # Only somebody with an account of her own may.
    owner = cast(User, user)
    token, text = tokens.create_token(
        owner,
        now=now,
        name=name,
        lifetime=timedelta(days=expires_in_days) if expires_in_days else None,
        is_read_only=is_read_only,
        made_with=owner.token_used,
    )
    return token, {"token": text}


def _delete(row: ApiToken, *, user: Person, now: datetime) -> None:
    row.delete()


TOKENS = register(
    Subject(
        noun="token",
        plural="tokens",
        model=ApiToken,
        meaning="One of your own tokens, by its beginning; programs send it as `Authorization: Bearer ...`.",
        seen_by=_seen_by,
        place=lambda row: ROOT_PATH,
        needs=Permission.OWN_ACCOUNT,
        anywhere=False,
        order="id",
        search=("name", "prefix"),
        related=("user",),
        label=lambda token: token.name or token.prefix,
        about=lambda token: token.user,
        pages=Pages(
            heading="Your API tokens",
            help="account",
            empty="No token yet. Programs and roomkeeper systems list use one; it may do what you may do.",
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, heading="Name"),
            Field(name="prefix", type=str, sort="", heading="Begins with", cell="value"),
            Field(name="created_at", type=datetime, heading="Made", cell="when"),
            Field(name="expires_at", type=datetime | None, heading="Ends", cell="when"),
            Field(name="last_used_at", type=datetime | None, heading="Last used", cell="when"),
            Field(
                name="is_read_only",
                type=bool,
                meaning="Read-only: refused for everything that changes something.",
                sort="",
                heading="Reads only",
                cell="yes",
            ),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.OWN_ACCOUNT,
                run=_create,
                summary="Make a token; it is told this once.",
                title="A new token",
                what="A program that sends it may do what you may do.",
                undo="It can be deleted at any time.",
                button="Make a token",
                done="Your new token is made.",
                takes=(
                    Input(name="name", type=Text, default="", most=100, label="What it is for"),
                    Input(
                        name="expires_in_days",
                        type=int | None,
                        default=None,
                        least=1,
                        most=3650,
                        meaning="Without it as long as the server's setting says (90 days); never after the token it "
                        "is made with.",
                        label="Lifetime",
                        choices=(
                            ("", "as the server says"),
                            ("30", "30 days"),
                            ("90", "90 days"),
                            ("365", "a year"),
                        ),
                    ),
                    Input(
                        name="is_read_only",
                        type=bool,
                        default=False,
                        meaning="Read-only: refused for everything that changes something.",
                        label="Reads only",
                    ),
                ),
                tells=(
                    Field(
                        name="token",
                        type=str,
                        meaning="Told this once.",
                        heading="Your new token",
                        read=lambda told: told["token"],
                    ),
                ),
            ),
            Act(
                name="delete",
                needs=Permission.OWN_ACCOUNT,
                run=_delete,
                summary="Delete one of your tokens; it is void at once.",
                title="Delete this token?",
                what="Programs that use {row.prefix}… are refused at once.",
                undo="It cannot be undone; make a new token instead.",
                button="Delete",
                done="The token is void.",
                is_dangerous=True,
                for_many=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
