"""One's own account: what everybody does with it."""

from datetime import datetime
from typing import Final

from django.db.models import Q

from roomkeeper.accounts import people
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import ROOT_PATH, Permission, grants_of
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Subject, register
from roomkeeper.people.users_surface import TimeZone


def _set_time_zone(row: User, *, user: Person, now: datetime, time_zone: str) -> None:
    people.change(row, by=user, time_zone=time_zone)


def _permissions(row: User) -> list[str]:
    grants = grants_of(row)
    return [one.value for one in Permission if grants.may_anywhere(one)]


def _change_password(row: User, *, user: Person, now: datetime, password: str) -> None:
    people.change(row, by=user, password=password, must_change_password=False)


SET_TIME_ZONE: Final = Act(
    name="set time zone of",
    trail=Trail(word="set time zone"),
    needs=Permission.OWN_ACCOUNT,
    owner=lambda row: row.pk,
    is_mounted=False,
    rest=Rest(method="PATCH"),
    run=_set_time_zone,
    refused=(people.PersonRefused,),
    summary="Set the zone in which times are shown to you.",
    takes=(Input(name="time_zone", type=TimeZone, most=64, meaning="As in Europe/Oslo."),),
)
CHANGE_PASSWORD: Final = Act(
    name="change password of",
    trail=Trail(word="change password"),
    needs=Permission.OWN_ACCOUNT,
    owner=lambda row: row.pk,
    is_mounted=False,
    rest=Rest(is_derived=False),
    run=_change_password,
    summary="Change your password; on the page alone, where you are signed in by it.",
    takes=(Input(name="password", is_secret=True),),
)
OWN_ACCOUNT: Final = register(
    Subject(
        noun="own account",
        plural="own account",
        model=User,
        meaning="What everybody does with the own account.",
        seen_by=lambda grants: Q(pk=grants.user_id),
        place=lambda row: ROOT_PATH,
        needs=Permission.OWN_ACCOUNT,
        anywhere=False,
        label=lambda row: row.username,
        address="me",
        only=lambda user: user,
        has_pages=False,
        has_api=False,
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, at="username"),
            Field(name="time_zone", type=str),
            Field(
                name="permissions",
                type=list[str],
                meaning="What you may do on at least one folder.",
                read=_permissions,
            ),
        ),
        acts=(SET_TIME_ZONE, CHANGE_PASSWORD),
    )
)
