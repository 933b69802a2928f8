"""Which objects a caller reaches: those in folders on which a permission holds; all others are not found."""

from collections.abc import Sequence

from django.db.models import QuerySet

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.api.problems import Conflict, NotFound
from roomkeeper.operations.filters import LARGEST_ID as LARGEST_ID
from roomkeeper.operations.filters import Identifier as Identifier
from roomkeeper.systems.models import Folder, State, System
from roomkeeper.words import gettext as _

_CHUNK = 500


def visible_systems(user: User, permission: Permission = Permission.VIEW) -> QuerySet[System]:
    """The systems on whose folder the permission holds; of the inbox only for whom may view that."""
    grants = grants_of(user)
    rows = System.objects.filter(grants.folders(permission))
    if not grants.may(Permission.VIEW_INBOX):
        rows = rows.exclude(state=State.PENDING)
    return rows


def get_system(user: User, system_id: int, permission: Permission = Permission.VIEW) -> System:
    """The system; `NotFound` where the caller cannot see it, `PermissionDenied` where that is all."""
    system = visible_systems(user).select_related("folder", "contact").filter(pk=_within(system_id)).first()
    if system is None:
        raise NotFound("system", system_id)
    demand(user, permission, system.folder.path)
    return system


def get_managed(user: User, system_id: int, permission: Permission) -> System:
    """The system, which must be managed: only then is there a route to it."""
    system = get_system(user, system_id, permission)
    if system.state != State.MANAGED:
        raise Conflict(
            _("{system} is {state}, not managed.", system=system, state=system.get_state_display().lower()),
            hint=_("Approve it first."),
        )
    return system


def systems_by_id(user: User, ids: Sequence[int]) -> dict[int, System]:
    """Those of the systems that the caller can see, with their folders, by id."""
    found: dict[int, System] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = visible_systems(user).select_related("folder").filter(pk__in=ids[start : start + _CHUNK])
        found.update({system.pk: system for system in rows})
    return found


def visible_folders(user: User) -> QuerySet[Folder]:
    """The folders on which the caller may view."""
    return Folder.objects.filter(grants_of(user).folders(Permission.VIEW, "path"))


def get_folder(user: User, folder_id: int, permission: Permission = Permission.VIEW) -> Folder:
    """The folder; raises as `get_system` does."""
    folder = visible_folders(user).select_related("parent").filter(pk=_within(folder_id)).first()
    if folder is None:
        raise NotFound("folder", folder_id)
    demand(user, permission, folder.path)
    return folder


def _within(key: int) -> int:
    return key if 0 < key <= LARGEST_ID else 0
