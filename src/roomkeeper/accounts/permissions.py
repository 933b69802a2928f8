"""The one place that decides who may do what (roles on folders, inherited downwards).

A route states the permission it needs with `@needs(...)`, and the scope: the folder of the object in hand,
or the root for what concerns the whole server. Nothing else in the product compares roles.
"""

import enum
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from roomkeeper.accounts.models import Role, RoleAssignment, User
from roomkeeper.accounts.person import Person
from roomkeeper.words import gettext as _

ROOT_PATH = "/"


class Permission(enum.StrEnum):
    """What can be permitted. Those of the server are only ever granted by a role on the root folder."""

    VIEW = "view"
    CHANGE_SETTINGS = "change settings"
    RUN_ACTIONS = "run actions"
    WORK_ON_TICKETS = "work on tickets"
    ADMIT = "admit systems"
    MANAGE_SYSTEMS = "manage systems"
    MANAGE_FOLDERS = "manage folders"
    VIEW_INBOX = "view the inbox"
    VIEW_SERVER = "view the server"
    MANAGE_SERVER = "manage the server"
    MANAGE_PEOPLE = "manage people"
    OWN_ACCOUNT = "use one's own account"


SERVER_WIDE = frozenset(
    {Permission.VIEW_INBOX, Permission.VIEW_SERVER, Permission.MANAGE_SERVER, Permission.MANAGE_PEOPLE}
)
_VIEWER = frozenset({Permission.VIEW})
_OPERATOR = _VIEWER | {
    Permission.CHANGE_SETTINGS,
    Permission.RUN_ACTIONS,
    Permission.WORK_ON_TICKETS,
    Permission.VIEW_INBOX,
}
_ADMINISTRATOR = frozenset(Permission)
GRANTED: dict[str, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
}


class Grants:
    """What one user may do: for each permission, the folder paths on which it was granted. Read once a request."""

    def __init__(self, user: Person) -> None:
        self._paths: dict[Permission, set[str]] = {}
        self.user_id: int | None = getattr(user, "pk", None)
        self.is_known = bool(getattr(user, "is_authenticated", False) and getattr(user, "is_active", False))
        if not self.is_known:
            return
        held: Iterable[tuple[str, str]] = RoleAssignment.objects.filter(
            Q(user=user) | Q(group__user=user)
        ).values_list("role", "folder__path")
        for role, path in held:
            for permission in GRANTED.get(role, ()):
                if permission not in SERVER_WIDE or path == ROOT_PATH:
                    self._paths.setdefault(permission, set()).add(path)

    def is_same(self, other: "Grants") -> bool:
        """Whether exactly the same is permitted on the same folders."""
        return self.is_known == other.is_known and self._paths == other._paths

    def may(self, permission: Permission, folder_path: str = ROOT_PATH) -> bool:
        """Whether the permission holds on the folder with that path (by default: on everything)."""
        if permission is Permission.OWN_ACCOUNT:
            return self.is_known
        return any(folder_path.startswith(path) for path in self._paths.get(permission, ()))

    def may_anywhere(self, permission: Permission) -> bool:
        """Whether the permission holds on at least one folder."""
        return self.is_known if permission is Permission.OWN_ACCOUNT else bool(self._paths.get(permission))

    def folders(self, permission: Permission, field: str = "folder__path") -> Q:
        """A filter on `field` for the objects in folders on which the permission holds."""
        paths = self._paths.get(permission, set())
        if ROOT_PATH in paths:
            return Q()
        found = Q(pk__in=[])
        for path in paths:
            found |= Q(**{f"{field}__startswith": path})
        return found


def grants_of(user: Person) -> Grants:
    """The user's grants; kept on the user object, so that one request asks the database once."""
    found: Grants | None = getattr(user, "_roomkeeper_grants", None)
    if found is None:
        found = Grants(user)
        if user is not None:
            setattr(user, "_roomkeeper_grants", found)  # noqa: B010
    return found


def demand(user: Person, permission: Permission, folder_path: str = ROOT_PATH) -> None:
    """Raise `PermissionDenied` where the permission does not hold."""
    if not grants_of(user).may(permission, folder_path):
        raise PermissionDenied(
            _(
                "You may not {act} here. Ask an administrator for a role on this folder.",
                act=_(permission.value),
            )
        )


View = TypeVar("View", bound=Callable[..., Any])


def needs(permission: Permission, *, anywhere: bool = False) -> Callable[[View], View]:
    """State a route's rule: `permission` on the root, or with `anywhere` on at least one folder, the view itself
    then narrowing to the folders in question by `Grants.folders` or `demand`. The rule is kept as `view.rule`."""

    def mark(view: View) -> View:
        view.rule = (permission, anywhere)  # type: ignore[attr-defined]
        return view

    return mark


def check_rule(user: Person, rule: tuple[Permission, bool]) -> None:
    """Enforce a route's stated rule before its view runs."""
    permission, anywhere = rule
    grants = grants_of(user)
    if not (grants.may_anywhere(permission) if anywhere else grants.may(permission)):
        raise PermissionDenied(
            _("You may not {act}. Ask an administrator for a role.", act=_(permission.value))
        )


def assign(user: User, folder: Any, role: str) -> RoleAssignment:
    """Give the user a role on a folder, replacing the one held there."""
    found, _rest = RoleAssignment.objects.update_or_create(user=user, folder=folder, defaults={"role": role})
    return found
