"""People, service accounts and groups: made, given roles and passwords, deactivated; an administrator always stays."""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import Role, RoleAssignment, User
from roomkeeper.accounts.person import Person
from roomkeeper.words import gettext as _

_NAME = re.compile(r"[\w.@+-]{1,150}")
# Letters and digits that nobody confuses when reading them to somebody.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"

RolesGiven = Iterable[tuple[Any, str]]
"""Folders, each with the role held on it and on everything below it."""


class PersonRefused(ValueError):
    """The account or the group cannot be made or changed like that."""


def one_time_password() -> str:
    """A password to be read to somebody and changed at the first sign-in; about 80 bits."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def check_name(name: str) -> str:
    """The name without blanks at its ends. Raises `PersonRefused` where nobody can sign in with it."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise PersonRefused(_("A name has 1 to 150 letters, digits or any of . @ + - _ and no spaces."))
    return name


def create(
    name: str,
    *,
    password: str | None = None,
    make_one_time_password: bool = False,
    roles: RolesGiven = (),
    **values: Any,
) -> tuple[User, str]:
    """A new account and its one-time password, where one is to be made; without any password it signs in by other
    means only. Raises `PersonRefused`."""
    user = User(username=check_name(name), **values)
    if make_one_time_password and user.is_service_account:
        raise PersonRefused(_("A service account has tokens and no password."))
    made = one_time_password() if make_one_time_password else ""
    user.set_password(made or password)
    user.must_change_password = user.must_change_password or bool(made)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise PersonRefused(_("An account named {name} already exists.", name=name)) from error
    _write_roles(user, roles)
    return user, made


def change(person: User, *, by: Person, **values: Any) -> None:
    """Change an account; with `password` its password, None for none. A password that somebody else set, and a
    deactivation, end its tokens for good. Raises `PersonRefused`."""
    if values.get("is_active") is False:
        deactivate(person, by=by)
    with transaction.atomic():
        if "password" in values:
            person.set_password(values.pop("password"))
            if person != by:
                tokens.revoke_all(person)
        for name, value in values.items():
            setattr(person, name, value)
        person.save()


def give_one_time_password(person: User) -> str:
    """A new one-time password in place of the old one, which is void from now on; sessions and tokens end."""
    if person.is_service_account:
        raise PersonRefused(_("{person} is a service account: it has tokens but no password.", person=person))
    password = one_time_password()
    person.set_password(password)
    person.must_change_password = True
    person.save(update_fields=["password", "must_change_password"])
    # Whoever knew the old password may have made some.
    tokens.revoke_all(person)
    return password


def deactivate(person: User, *, by: Person) -> None:
    """Let somebody sign in no longer, which ends sessions and tokens for good. Refused for oneself and for the last
    administrator of the server."""
    if person == by:
        raise PersonRefused(_("You cannot deactivate your own account: ask another administrator."))
    with _an_administrator_stays():
        person.is_active = False
        person.save(update_fields=["is_active"])
        tokens.revoke_all(person)


def activate(person: User) -> None:
    """Let somebody sign in again, with the roles that the account had."""
    person.is_active = True
    person.save(update_fields=["is_active"])


def set_roles(holder: User | Group, roles: RolesGiven) -> None:
    """Make these all roles of the account or the group; the last administrator of the server keeps hers."""
    with _an_administrator_stays():
        _write_roles(holder, roles)


def delete(holder: User | Group, *, by: Person) -> None:
    """Delete an account with its tokens and roles, or a group, whose members stay; refused for oneself and for the last
    administrator of the server."""
    if holder == by:
        raise PersonRefused(_("You cannot delete your own account: ask another administrator."))
    with _an_administrator_stays():
        holder.delete()


def create_group(name: str, *, users: Iterable[User] = (), roles: RolesGiven = ()) -> Group:
    """A new group. Raises `PersonRefused`."""
    group = Group(name=name)
    _save_group(group)
    group.user_set.set(users)
    _write_roles(group, roles)
    return group


def change_group(group: Group, *, name: str | None = None, users: Iterable[User] | None = None) -> None:
    """Rename a group, or make these all its members. Raises `PersonRefused`."""
    with _an_administrator_stays():
        if name is not None:
            group.name = name
            _save_group(group)
        if users is not None:
            group.user_set.set(users)


def has_administrator() -> bool:
    """Whether an active account is administrator of everything, by itself or by a group."""
    held = RoleAssignment.objects.filter(role=Role.ADMINISTRATOR, folder__path="/")
    administrators = Q(role_assignments__in=held) | Q(groups__role_assignments__in=held)
    return User.objects.filter(administrators, is_active=True).exists()


@contextmanager
def _an_administrator_stays() -> Iterator[None]:
    """Do what is done meanwhile, or nothing of it where it takes the last who is administrator of everything."""
    with transaction.atomic():
        had_one = has_administrator()
        yield
        if had_one and not has_administrator():
            raise PersonRefused(
                _(
                    "The server would have no administrator left. Give another account the role "
                    "administrator on the root folder first."
                )
            )


def _write_roles(holder: User | Group, roles: RolesGiven) -> None:
    of = {"user": holder} if isinstance(holder, User) else {"group": holder}
    RoleAssignment.objects.filter(**of).delete()
    RoleAssignment.objects.bulk_create(
        RoleAssignment(folder=folder, role=role, **of) for folder, role in roles
    )


def _save_group(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise PersonRefused(_("There is already a group named {name}.", name=group.name)) from error
