"""`users`: people and service accounts, and their roles on folders."""

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema, Status
from pydantic import Field, StringConstraints

from roomkeeper.accounts import audit, people, tokens
from roomkeeper.accounts.models import RoleAssignment, User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import Conflict, Invalid, NotFound
from roomkeeper.api.reach import LARGEST_ID, Identifier, get_folder
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.systems import refuse_nulls

routes = Routes("users")
_SORTS = {
    "id": "id",
    "name": "username",
    "email": "email",
    "is_active": "is_active",
    "last_sign_in_at": "last_login",
    "created_at": "date_joined",
}
RoleWord = Literal["viewer", "operator", "administrator"]
UserName = Annotated[str, StringConstraints(pattern=r"^[\w.@+-]+$", min_length=1, max_length=150)]
Email = Annotated[str, StringConstraints(pattern=r"^([^@\s]+@[^@\s]+)?$", max_length=254)]


class RoleOnFolder(Schema, extra="forbid"):
    """A role on a folder and everything below it."""

    folder: Identifier
    role: RoleWord


class UserOut(Schema):
    """A person or a service account. Passwords are written, never read back."""

    id: int
    name: str
    email: str
    time_zone: str
    is_active: bool
    is_service_account: bool
    must_change_password: bool
    has_password: bool
    groups: list[int]
    roles: list[RoleOnFolder]
    created_at: datetime
    last_sign_in_at: datetime | None


class UserIn(Schema, extra="forbid"):
    """A new account."""

    name: UserName
    password: str | None = Field(None, max_length=1000, description="Without it: no sign-in by password.")
    must_change_password: bool = False
    email: Email = ""
    time_zone: str = Field("UTC", max_length=64, description="As in `Europe/Oslo`.")
    is_service_account: bool = False
    roles: list[RoleOnFolder] = Field([], max_length=1000)


class UserPatch(Schema, extra="forbid"):
    """What can be changed of an account; what is left out stays."""

    password: str | None = Field(None, max_length=1000, description="null: no sign-in by password.")
    must_change_password: bool | None = None
    email: Email | None = None
    time_zone: str | None = Field(None, max_length=64)
    is_active: bool | None = None
    is_service_account: bool | None = None


class Roles(Schema, extra="forbid"):
    """All roles of an account or a group."""

    roles: list[RoleOnFolder] = Field(max_length=1000)


class UserFilters(ListParameters):
    """Filters on accounts."""

    name: str | None = None
    email: str | None = None
    is_active: bool | None = None
    is_service_account: bool | None = None
    group: Identifier | None = None


@routes.get("", response=Page[UserOut])
@needs(Permission.MANAGE_PEOPLE)
def list_users(request: HttpRequest, filters: Query[UserFilters]) -> Page[UserOut]:
    """List accounts."""
    rows = User.objects.prefetch_related("groups", "role_assignments")
    if filters.name is not None:
        rows = rows.filter(username__iexact=filters.name)
    if filters.email is not None:
        rows = rows.filter(email__iexact=filters.email)
    if filters.is_active is not None:
        rows = rows.filter(is_active=filters.is_active)
    if filters.is_service_account is not None:
        rows = rows.filter(is_service_account=filters.is_service_account)
    if filters.group is not None:
        rows = rows.filter(groups=filters.group)
    return page_of(
        UserOut, searched(rows, filters.search, "username", "email"), filters, _SORTS, "name", told
    )


@routes.post("", response={201: UserOut})
@needs(Permission.MANAGE_PEOPLE)
def create_user(request: HttpRequest, details: UserIn, response: HttpResponse) -> Status[UserOut]:
    """Make an account."""
    user = user_of(request)
    made = User(
        username=details.name,
        email=details.email,
        time_zone=details.time_zone,
        must_change_password=details.must_change_password,
        is_service_account=details.is_service_account,
    )
    _check_time_zone(details.time_zone)
    _set_password(made, details.password)
    try:
        with transaction.atomic():
            made.save()
            set_roles(user, details.roles, user_id=made.pk)
            audit.record(user, "api", "create user", made, roles=[one.dict() for one in details.roles])
    except IntegrityError as error:
        raise Conflict(f"There is already an account named {details.name}.") from error
    response["Location"] = f"/api/v1/users/{made.pk}"
    return Status(201, told(_get(made.pk)))


@routes.get("/{int:user_id}", response=UserOut)
@needs(Permission.MANAGE_PEOPLE)
def show_user(request: HttpRequest, user_id: int) -> UserOut:
    """Show one account."""
    return told(_get(user_id))


@routes.patch("/{int:user_id}", response=UserOut)
@needs(Permission.MANAGE_PEOPLE)
def change_user(request: HttpRequest, user_id: int, patch: UserPatch) -> UserOut:
    """Change an account."""
    found = _get(user_id)
    values = patch.dict(exclude_unset=True)
    refuse_nulls(values, allowed={"password"})
    if "time_zone" in values:
        _check_time_zone(values["time_zone"])
    with transaction.atomic():
        if "password" in values:
            _set_password(found, values["password"])
        if values.get("is_active") is False or ("password" in values and found != user_of(request)):
            tokens.revoke_all(found)
        for name in ("must_change_password", "email", "time_zone", "is_active", "is_service_account"):
            if name in values:
                setattr(found, name, values[name])
        found.save()
        keep_an_administrator()
        audit.record(user_of(request), "api", "change user", found, fields=sorted(values))
    return told(_get(user_id))


@routes.put("/{int:user_id}/roles", response=UserOut)
@needs(Permission.MANAGE_PEOPLE)
def set_user_roles(request: HttpRequest, user_id: int, details: Roles) -> UserOut:
    """Set all roles of an account."""
    user = user_of(request)
    found = _get(user_id)
    with transaction.atomic():
        set_roles(user, details.roles, user_id=found.pk)
        keep_an_administrator()
        audit.record(user, "api", "set roles", found, roles=[one.dict() for one in details.roles])
    return told(_get(user_id))


@routes.delete("/{int:user_id}", response={204: None})
@needs(Permission.MANAGE_PEOPLE)
def delete_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """Delete an account with its tokens and roles; what it did stays in the audit trail by name."""
    found = _get(user_id)
    with transaction.atomic():
        audit.record(user_of(request), "api", "delete user", found)
        found.delete()
        keep_an_administrator()
    return HttpResponse(status=204)


def set_roles(user: User, roles: list[RoleOnFolder], **holder: int) -> None:
    """Make these all roles of the holder (`user_id` or `group_id`); `Invalid` for a folder named twice."""
    folders = [one.folder for one in roles]
    if len(set(folders)) != len(folders):
        raise Invalid("A folder is named twice.", errors=[("body.roles", "one role a folder")])
    RoleAssignment.objects.filter(**holder).delete()
    for one in roles:
        RoleAssignment.objects.create(folder=get_folder(user, one.folder), role=one.role, **holder)


def keep_an_administrator() -> None:
    """Raise `Conflict` where no active account is administrator of everything any more."""
    if not people.has_administrator():
        raise Conflict(
            "Nobody would be administrator of everything any more.",
            hint="Give another account the role administrator on the root folder first.",
        )


def _get(user_id: int) -> User:
    rows = User.objects.prefetch_related("groups", "role_assignments")
    found = rows.filter(pk=min(user_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("user", user_id)
    return found


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            "The password cannot be used.", errors=[("body.password", message) for message in error.messages]
        ) from error
    user.set_password(password)


def _check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise Invalid(
            f"There is no time zone {name!r}.",
            errors=[("body.time_zone", "unknown time zone")],
            hint="Use a name such as Europe/Oslo or UTC.",
        )


def told(user: User) -> UserOut:
    """An account as the API tells it."""
    return UserOut(
        id=user.pk,
        name=user.username,
        email=user.email,
        time_zone=user.time_zone,
        is_active=user.is_active,
        is_service_account=user.is_service_account,
        must_change_password=user.must_change_password,
        has_password=user.has_usable_password(),
        groups=sorted(group.pk for group in user.groups.all()),
        roles=roles_of(user),
        created_at=user.date_joined,
        last_sign_in_at=user.last_login,
    )


def roles_of(holder: Any) -> list[RoleOnFolder]:
    """The roles of an account or a group."""
    found = sorted(holder.role_assignments.all(), key=lambda one: one.folder_id)
    return [RoleOnFolder(folder=one.folder_id, role=one.role) for one in found]
