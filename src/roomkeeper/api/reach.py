"""Which objects a caller reaches: those in folders on which a permission holds; all others are not found."""

from collections.abc import Collection, Iterable
from typing import Annotated

from django.db.models import QuerySet
from pydantic import Field

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.api.problems import NotFound
from roomkeeper.systems.models import Folder, State, System

LARGEST_ID = 2**63 - 1
Identifier = Annotated[int, Field(ge=1, le=LARGEST_ID)]


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


def labels_of(paths: Collection[str]) -> dict[str, str]:
    """Each folder path in words (`Oslo / HQ`), with one query for all; the root's is its own name."""
    ids = {int(part) for path in paths for part in path.split("/") if part}
    names = dict(Folder.objects.filter(pk__in=ids).values_list("pk", "name"))
    if "/" in paths:
        root = Folder.objects.filter(parent__isnull=True).first()
        names[0] = root.name if root else ""
    return {path: " / ".join(_names(path, names)) for path in paths}


def _names(path: str, names: dict[int, str]) -> Iterable[str]:
    return [names.get(int(part), "?") for part in path.split("/") if part] or [names.get(0, "")]


def _within(key: int) -> int:
    return key if 0 < key <= LARGEST_ID else 0
