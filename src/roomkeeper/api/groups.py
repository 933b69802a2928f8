"""`groups`: accounts that share roles."""

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import Conflict, Invalid, NotFound
from roomkeeper.api.reach import LARGEST_ID, Identifier
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.systems import refuse_nulls
from roomkeeper.api.users import RoleOnFolder, Roles, keep_an_administrator, roles_of, set_roles

routes = Routes("groups")
_SORTS = {"id": "id", "name": "name"}


class GroupOut(Schema):
    """A group, its members and its roles."""

    id: int
    name: str
    users: list[int]
    roles: list[RoleOnFolder]


class GroupIn(Schema, extra="forbid"):
    """A new group."""

    name: str = Field(min_length=1, max_length=150)
    users: list[Identifier] = Field([], max_length=10_000)
    roles: list[RoleOnFolder] = Field([], max_length=1000)


class GroupPatch(Schema, extra="forbid"):
    """What can be changed of a group; `users` are all its members from then on."""

    name: str | None = Field(None, min_length=1, max_length=150)
    users: list[Identifier] | None = Field(None, max_length=10_000)


class GroupFilters(ListParameters):
    """Filters on groups."""

    name: str | None = None
    user: Identifier | None = None


@routes.get("", response=Page[GroupOut])
@needs(Permission.MANAGE_PEOPLE)
def list_groups(request: HttpRequest, filters: Query[GroupFilters]) -> Page[GroupOut]:
    """List groups."""
    rows = Group.objects.prefetch_related("user_set", "role_assignments")
    if filters.name is not None:
        rows = rows.filter(name__iexact=filters.name)
    if filters.user is not None:
        rows = rows.filter(user=filters.user)
    return page_of(GroupOut, searched(rows, filters.search, "name"), filters, _SORTS, "name", _told)


@routes.post("", response={201: GroupOut})
@needs(Permission.MANAGE_PEOPLE)
def create_group(request: HttpRequest, details: GroupIn, response: HttpResponse) -> Status[GroupOut]:
    """Make a group."""
    user = user_of(request)
    try:
        with transaction.atomic():
            group = Group.objects.create(name=details.name)
            group.user_set.set(_members(details.users))
            set_roles(user, details.roles, group_id=group.pk)
            audit.record(user, "api", "create group", group, roles=[one.dict() for one in details.roles])
    except IntegrityError as error:
        raise Conflict(f"There is already a group named {details.name}.") from error
    response["Location"] = f"/api/v1/groups/{group.pk}"
    return Status(201, _told(_get(group.pk)))


@routes.get("/{int:group_id}", response=GroupOut)
@needs(Permission.MANAGE_PEOPLE)
def show_group(request: HttpRequest, group_id: int) -> GroupOut:
    """Show one group."""
    return _told(_get(group_id))


@routes.patch("/{int:group_id}", response=GroupOut)
@needs(Permission.MANAGE_PEOPLE)
def change_group(request: HttpRequest, group_id: int, patch: GroupPatch) -> GroupOut:
    """Rename a group or set its members."""
    group = _get(group_id)
    values = patch.dict(exclude_unset=True)
    refuse_nulls(values, allowed=set())
    try:
        with transaction.atomic():
            if "name" in values:
                group.name = values["name"]
                group.save(update_fields=["name"])
            if "users" in values:
                group.user_set.set(_members(values["users"]))
                keep_an_administrator()
            audit.record(user_of(request), "api", "change group", group, **values)
    except IntegrityError as error:
        raise Conflict(f"There is already a group named {values.get('name')}.") from error
    return _told(_get(group_id))


@routes.put("/{int:group_id}/roles", response=GroupOut)
@needs(Permission.MANAGE_PEOPLE)
def set_group_roles(request: HttpRequest, group_id: int, details: Roles) -> GroupOut:
    """Set all roles of a group."""
    user = user_of(request)
    group = _get(group_id)
    with transaction.atomic():
        set_roles(user, details.roles, group_id=group.pk)
        keep_an_administrator()
        audit.record(user, "api", "set roles", group, roles=[one.dict() for one in details.roles])
    return _told(_get(group_id))


@routes.delete("/{int:group_id}", response={204: None})
@needs(Permission.MANAGE_PEOPLE)
def delete_group(request: HttpRequest, group_id: int) -> HttpResponse:
    """Delete a group with its roles; its members stay."""
    group = _get(group_id)
    with transaction.atomic():
        audit.record(user_of(request), "api", "delete group", group)
        group.delete()
        keep_an_administrator()
    return HttpResponse(status=204)


def _members(user_ids: list[int]) -> list[User]:
    found = {user.pk: user for user in User.objects.filter(pk__in=user_ids)}
    missing = [
        (f"body.users.{place}", f"there is no user {key}")
        for place, key in enumerate(user_ids)
        if key not in found
    ]
    if missing:
        raise Invalid("Some users do not exist.", errors=missing)
    return list(found.values())


def _get(group_id: int) -> Group:
    rows = Group.objects.prefetch_related("user_set", "role_assignments")
    found = rows.filter(pk=min(group_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("group", group_id)
    return found


def _told(group: Group) -> GroupOut:
    return GroupOut(
        id=group.pk,
        name=group.name,
        users=sorted(user.pk for user in group.user_set.all()),
        roles=roles_of(group),
    )
