"""Accounts as administrators see them: people and programs that sign in, their roles and passwords."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from pydantic import AfterValidator
from pydantic import Field as Described

from roomkeeper.accounts import people
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail, Variant
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.people import roles as held
from roomkeeper.words import gettext as _

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def _check_email(text: str) -> str:
    text = text.strip()
    if text and not _EMAIL.fullmatch(text):
        raise ValueError(_("enter an address as in kari@example.org"))
    return text


def _check_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(_("there is no such time zone: use a name such as Europe/Oslo or UTC"))
    return name


def _check_password(password: str) -> str:
    try:
        validate_password(password)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    return password


UserName = Annotated[
    str, AfterValidator(people.check_name), Described(json_schema_extra={"pattern": r"^[\w.@+-]+$"})
]
Email = Annotated[
    str, AfterValidator(_check_email), Described(json_schema_extra={"pattern": r"^([^@\s]+@[^@\s]+)?$"})
]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
Password = Annotated[str, AfterValidator(_check_password)]


def _with_roles(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    return rows.prefetch_related("groups", "role_assignments__folder")


def _kind(person: User) -> str:
    return _("service account") if person.is_service_account else _("person")


# What is done


def _create(*, user: Person, now: datetime, roles: Sequence[dict[str, Any]], **values: Any) -> Any:
    person, made = people.create(roles=held.given(roles), **values)
    return person, {"one_time_password": made or None}


def _change(row: User, *, user: Person, now: datetime, **values: Any) -> None:
    people.change(row, by=user, **values)


def _set_roles(row: Any, *, user: Person, now: datetime, roles: Sequence[dict[str, Any]]) -> None:
    people.set_roles(row, held.given(roles))


def _give_one_time_password(row: User, *, user: Person, now: datetime) -> Any:
    return row, {"one_time_password": people.give_one_time_password(row)}


def _deactivate(row: User, *, user: Person, now: datetime) -> None:
    people.deactivate(row, by=user)


def _activate(row: User, *, user: Person, now: datetime) -> None:
    people.activate(row)


def _delete(row: Any, *, user: Person, now: datetime) -> None:
    people.delete(row, by=user)


_REFUSED: Final = (people.PersonRefused,)
_ONE_TIME_PASSWORD: Final = Field(
    name="one_time_password",
    type=str | None,
    heading="One-time password",
    meaning="Told this once; it must be changed at the first sign-in.",
    read=lambda told: told["one_time_password"],
)
_EMAIL_INPUT: Final = Input(name="email", type=Email, default="", most=254, label="Mail")
_ZONE_INPUT: Final = Input(
    name="time_zone",
    type=TimeZone,
    default="UTC",
    most=64,
    meaning="As in Europe/Oslo.",
    label="Time zone",
    choices=tuple((zone, zone) for zone in sorted(available_timezones())),
)
_PASSWORD_INPUT: Final = Input(
    name="password",
    type=Password | None,
    default=None,
    most=1000,
    meaning="null: no sign-in by password.",
    is_secret=True,
    is_asked=False,
)


def _flag(name: str, meaning: str) -> Input:
    """What programs say; people press a button for it."""
    return Input(name=name, type=bool, default=False, meaning=meaning, is_asked=False)


USERS = register(
    Subject(
        noun="user",
        plural="users",
        model=User,
        meaning="A person or a service account. Passwords are written, never read back.",
        seen_by=held.seen_by,
        place=lambda row: ROOT_PATH,
        needs=Permission.MANAGE_PEOPLE,
        anywhere=False,
        order="name",
        search=("username", "email"),
        annotate=_with_roles,
        label=lambda person: person.username,
        page="user",
        pages=Pages(heading="People and roles", help="people"),
        command_line=CommandLine(named_by="name"),
        fields=(
            Field(name="id", type=int),
            Field(
                name="name",
                type=str,
                at="username",
                filter="one",
                heading="Name",
                cell="people/cell_name.html",
            ),
            Field(
                name="state",
                type=str,
                read=lambda person: person.is_active,
                heading="State",
                cell="people/cell_state.html",
                is_told=False,
                in_csv=False,
            ),
            *held.ROLE_FIELDS,
            Field(name="email", type=str, filter="one", heading="Mail"),
            Field(
                name="last_sign_in_at",
                type=datetime | None,
                at="last_login",
                heading="Last signed in",
                cell="when",
            ),
            Field(name="kind", type=str, read=_kind, heading="Kind", is_shown=False, is_told=False),
            Field(name="time_zone", type=str, sort="", heading="Time zone", is_shown=False),
            Field(
                name="created_at",
                type=datetime,
                at="date_joined",
                heading="Created",
                cell="when",
                is_shown=False,
            ),
            Field(
                name="groups",
                type=list[int],
                read=lambda person: sorted(group.pk for group in person.groups.all()),
                heading="Groups",
                cell="people/cell_groups.html",
                is_shown=False,
            ),
            Field(name="is_active", type=bool, filter="one"),
            Field(name="is_service_account", type=bool, sort="", filter="one"),
            Field(name="must_change_password", type=bool, sort=""),
            Field(name="has_password", type=bool, read=lambda person: person.has_usable_password()),
            Field(
                name="group",
                type=int,
                at="groups",
                filter="one",
                filter_type=Identifier,
                sort="",
                is_told=False,
                in_csv=False,
            ),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.MANAGE_PEOPLE,
                run=_create,
                refused=_REFUSED,
                summary="Make an account.",
                title="A new account",
                what="A person gets a one-time password, which is shown once. A service account is for programs: it "
                "signs in by token only (roomkeeper token create NAME).",
                undo="It can be deactivated or deleted.",
                button="Create",
                done="{row.username} has an account.",
                page=Page(
                    variants=(
                        Variant(label="Add person", given={"make_one_time_password": "1"}),
                        Variant(label="Add service account", given={"is_service_account": "1"}),
                    )
                ),
                takes=(
                    Input(
                        name="name",
                        type=UserName,
                        least=1,
                        most=150,
                        label="Name",
                        hint="To sign in with; no spaces.",
                    ),
                    _EMAIL_INPUT,
                    replace(held.ROLES, default=[]),
                    _ZONE_INPUT,
                    _PASSWORD_INPUT,
                    _flag(
                        "make_one_time_password",
                        "Make a password that is told this once and must be changed.",
                    ),
                    _flag("must_change_password", "Ask for another password at the first sign-in."),
                    _flag("is_service_account", "For a program."),
                ),
                tells=(_ONE_TIME_PASSWORD,),
            ),
            Act(
                name="change",
                command="set",
                needs=Permission.MANAGE_PEOPLE,
                run=_change,
                refused=_REFUSED,
                summary="Change an account; what is left out stays.",
                title="Change {row.username}",
                what="Times on pages are shown to each person in the account's own time zone.",
                undo="It can be changed back.",
                button="Change",
                done="{row.username} is changed.",
                rest=Rest(method="PATCH"),
                takes=(
                    _EMAIL_INPUT,
                    _ZONE_INPUT,
                    _PASSWORD_INPUT,
                    _flag("must_change_password", "Ask for another password at the next sign-in."),
                    _flag("is_active", "Whether it may sign in; without, its tokens are void for good."),
                    _flag("is_service_account", "For a program."),
                ),
            ),
            Act(
                name="roles",
                trail=Trail(word="set roles"),
                needs=Permission.MANAGE_PEOPLE,
                run=_set_roles,
                refused=_REFUSED,
                summary="Set all roles of an account.",
                title="Roles of {row.username}",
                what="Each holds on one folder and everything below it. Without a role the account may see nothing.",
                undo="It can be changed back.",
                button="Roles",
                done="The roles of {row.username} are set.",
                rest=Rest(method="PUT"),
                takes=(held.ROLES,),
            ),
            Act(
                name="one-time password",
                trail=Trail(word="give one-time password"),
                needs=Permission.MANAGE_PEOPLE,
                run=_give_one_time_password,
                refused=_REFUSED,
                summary="Give an account a one-time password; its password and its tokens are void at once.",
                title="Give {row.username} a one-time password?",
                what="The password of this one account is void at once, and so are its tokens. The new one is shown "
                "once and must be changed at the next sign-in.",
                undo="It cannot be undone.",
                button="One-time password",
                done="{row.username} has a one-time password.",
                is_dangerous=True,
                offered=lambda row: row.is_active and not row.is_service_account,
                tells=(_ONE_TIME_PASSWORD,),
            ),
            Act(
                name="deactivate",
                needs=Permission.MANAGE_PEOPLE,
                run=_deactivate,
                refused=_REFUSED,
                summary="Let an account sign in no longer; its tokens are void for good.",
                title="Deactivate {row.username}?",
                what="The account can no longer sign in, its sessions and tokens stop working. What it did stays in "
                "the audit trail.",
                undo="It can be activated again.",
                button="Deactivate",
                done="{row.username} may no longer sign in.",
                is_dangerous=True,
                offered=lambda row: row.is_active,
            ),
            Act(
                name="activate",
                needs=Permission.MANAGE_PEOPLE,
                run=_activate,
                summary="Let an account sign in again.",
                title="Activate {row.username}?",
                what="The account may sign in again, with the roles it had.",
                undo="It can be deactivated again.",
                button="Activate",
                done="{row.username} may sign in again.",
                offered=lambda row: not row.is_active,
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_PEOPLE,
                run=_delete,
                refused=_REFUSED,
                summary="Delete an account with its tokens and roles; what it did stays in the audit trail by name.",
                title="Delete {row.username}?",
                what="The account goes with its roles and tokens. What it did stays in the audit trail by name.",
                undo="It cannot be undone. Deactivate the account to keep it.",
                button="Delete",
                done="{row.username} is deleted.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
