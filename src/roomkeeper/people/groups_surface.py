"""Groups as administrators see them: accounts that share roles."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from roomkeeper.accounts import people
from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.people import roles as held


def _with_members(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    return rows.prefetch_related("user_set", "role_assignments__folder")


def _create(
    *, user: Person, now: datetime, name: str, users: list[Any], roles: Sequence[dict[str, Any]]
) -> Group:
    return people.create_group(name, users=users, roles=held.given(roles))


def _change(row: Group, *, user: Person, now: datetime, **values: Any) -> None:
    people.change_group(row, **values)


def _set_roles(row: Group, *, user: Person, now: datetime, roles: Sequence[dict[str, Any]]) -> None:
    people.set_roles(row, held.given(roles))


def _delete(row: Group, *, user: Person, now: datetime) -> None:
    people.delete(row, by=user)


_REFUSED: Final = (people.PersonRefused,)
_NAME: Final = Input(name="name", type=Text, least=1, most=150, label="Name")
_USERS: Final = Input(
    name="users",
    type=list[Identifier],
    default=[],
    most=10_000,
    meaning="All its members from then on.",
    label="Members",
    hint="Ctrl-click chooses several.",
    refers="users",
)

GROUPS = register(
    Subject(
        noun="group",
        plural="groups",
        model=Group,
        meaning="Accounts that share roles.",
        seen_by=held.seen_by,
        place=lambda row: ROOT_PATH,
        needs=Permission.MANAGE_PEOPLE,
        anywhere=False,
        order="name",
        search=("name",),
        annotate=_with_members,
        page="group",
        pages=Pages(
            help="people", empty="No groups yet. The members of a group have its roles beside their own."
        ),
        command_line=CommandLine(named_by="name"),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, filter="one", heading="Name", cell="link"),
            Field(
                name="users",
                type=list[int],
                read=lambda group: sorted(user.pk for user in group.user_set.all()),
                heading="Members",
                cell="people/cell_members.html",
                wraps=True,
            ),
            *held.ROLE_FIELDS,
            Field(
                name="user",
                type=int,
                meaning="Groups with this member.",
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
                summary="Make a group.",
                title="A new group",
                what="Its members have its roles beside their own.",
                undo="It can be deleted again.",
                button="Add group",
                done="{row.name} is created.",
                takes=(_NAME, _USERS, replace(held.ROLES, default=[])),
            ),
            Act(
                name="change",
                command="set",
                needs=Permission.MANAGE_PEOPLE,
                run=_change,
                refused=_REFUSED,
                summary="Rename a group or set its members.",
                title="Change {row.name}",
                what="People who are no longer members lose the group's roles.",
                undo="It can be changed back.",
                button="Change",
                done="{row.name} is changed.",
                rest=Rest(method="PATCH"),
                takes=(replace(_NAME, default=None), _USERS),
            ),
            Act(
                name="roles",
                trail=Trail(word="set roles"),
                needs=Permission.MANAGE_PEOPLE,
                run=_set_roles,
                refused=_REFUSED,
                summary="Set all roles of a group.",
                title="Roles of {row.name}",
                what="Each holds on one folder and everything below it, for all members.",
                undo="It can be changed back.",
                button="Roles",
                done="The roles of {row.name} are set.",
                rest=Rest(method="PUT"),
                takes=(held.ROLES,),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_PEOPLE,
                run=_delete,
                refused=_REFUSED,
                summary="Delete a group with its roles; its members stay.",
                title="Delete {row.name}?",
                what="Its members stay and lose the roles of the group.",
                undo="It cannot be undone; create a new one instead.",
                button="Delete",
                done="{row.name} is deleted.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
