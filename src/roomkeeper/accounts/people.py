"""People and service accounts: made, given roles and one-time passwords, deactivated."""

import re
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import Role, RoleAssignment, User
from roomkeeper.accounts.permissions import assign
from roomkeeper.accounts.person import Person

_NAME = re.compile(r"[\w.@+-]{1,150}")
# Letters and digits that nobody confuses when reading them to somebody.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class PersonRefused(ValueError):
    """The account cannot be made or changed like that."""


def one_time_password() -> str:
    """A password to be read to somebody and changed at the first sign-in; about 80 bits."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def create_person(name: str, *, email: str = "", is_service_account: bool = False) -> tuple[User, str]:
    """A new account and its one-time password, empty for a service account. Raises `PersonRefused`."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise PersonRefused("A name has 1 to 150 letters, digits or any of . @ + - _ and no spaces.")
    user = User(username=name, email=email.strip(), is_service_account=is_service_account)
    password = "" if is_service_account else one_time_password()
    _set_password(user, password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise PersonRefused(f"There is already an account named {name}.") from error
    return user, password


def give_one_time_password(user: User) -> str:
    """A new one-time password in place of the old one, which is void from now on; sessions and tokens end."""
    if user.is_service_account:
        raise PersonRefused(f"{user} is a service account: it has tokens and no password.")
    password = one_time_password()
    _set_password(user, password)
    user.save(update_fields=["password", "must_change_password"])
    # Whoever knew the old password may have made some.
    tokens.revoke_all(user)
    return password


def set_active(user: User, is_active: bool, *, by: Person) -> None:
    """Let somebody sign in, or no longer, which ends sessions and tokens for good. Refused for oneself and for the last
    administrator of the server."""
    if not is_active:
        if user == by:
            raise PersonRefused("You cannot deactivate your own account.")
        _keep_an_administrator(without_person=user)
        tokens.revoke_all(user)
    user.is_active = is_active
    user.save(update_fields=["is_active"])


def give_role(user: User, folder: Any, role: str) -> RoleAssignment:
    """Give a role on a folder in place of the one held there; the last administrator of the server keeps hers."""
    with transaction.atomic():
        held = RoleAssignment.objects.select_related("folder").filter(user=user, folder=folder).first()
        if held is not None and held.role == Role.ADMINISTRATOR != role and folder.path == "/":
            _keep_an_administrator(without_role=held)
        return assign(user, folder, role)


def take_role(assignment: RoleAssignment) -> None:
    """Take a role away; refused for the last administrator of the server."""
    with transaction.atomic():
        if assignment.role == Role.ADMINISTRATOR and assignment.folder.path == "/":
            _keep_an_administrator(without_role=assignment)
        assignment.delete()


def _set_password(user: User, password: str) -> None:
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.must_change_password = bool(password)


def has_administrator(
    *, without_person: User | None = None, without_role: RoleAssignment | None = None
) -> bool:
    """Whether an active account is administrator of everything, that person or that role left out."""
    held = RoleAssignment.objects.filter(role=Role.ADMINISTRATOR, folder__path="/")
    if without_role is not None:
        held = held.exclude(pk=without_role.pk)
    remaining = User.objects.filter(
        Q(role_assignments__in=held) | Q(groups__role_assignments__in=held), is_active=True
    )
    if without_person is not None:
        remaining = remaining.exclude(pk=without_person.pk)
    return remaining.exists()


def _keep_an_administrator(
    *, without_person: User | None = None, without_role: RoleAssignment | None = None
) -> None:
    if not has_administrator(without_person=without_person, without_role=without_role):
        raise PersonRefused("The server would be left without an administrator.")
