"""`folders`: the one tree that systems stand in and roles are given on."""

from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.api.paging import ListParameters, Page, cut, searched
from roomkeeper.api.problems import refused_as
from roomkeeper.api.reach import Identifier, get_folder, visible_folders
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.systems import refuse_nulls
from roomkeeper.systems import inventory
from roomkeeper.systems.inventory import labels_of
from roomkeeper.systems.models import Folder
from roomkeeper.systems.windows import BadWindow

routes = Routes("folders")
_SORTS = {"id": "id", "name": "name", "path": "path", "system_count": "system_count"}


class FolderOut(Schema):
    """A folder. The root has no parent."""

    id: int
    name: str
    parent: int | None
    path: str = Field(description="In words: `Oslo / HQ`.")
    system_count: int = Field(description="Systems in this very folder.")
    maintenance_window: str = Field(
        description="As in `Mon-Fri 20:00-06:00`; empty: as the folder above says."
    )


class FolderIn(Schema, extra="forbid"):
    """A new folder."""

    name: str = Field(min_length=1, max_length=100)
    parent: Identifier | None = Field(None, description="Without it: the root folder.")


class FolderPatch(Schema, extra="forbid"):
    """What can be changed of a folder."""

    name: str | None = Field(None, min_length=1, max_length=100)
    parent: Identifier | None = Field(None, description="Moves the folder with all below it.")
    maintenance_window: str | None = Field(None, max_length=200)


class FolderFilters(ListParameters):
    """Filters on folders."""

    name: str | None = None
    parent: Identifier | None = Field(None, description="Folders directly in this one.")


@routes.get("", response=Page[FolderOut])
@needs(Permission.VIEW, anywhere=True)
def list_folders(request: HttpRequest, filters: Query[FolderFilters]) -> Page[FolderOut]:
    """List the folders on which you may view."""
    rows = _rows(user_of(request))
    if filters.name is not None:
        rows = rows.filter(name__iexact=filters.name)
    if filters.parent is not None:
        rows = rows.filter(parent=filters.parent)
    found, following = cut(searched(rows, filters.search, "name"), filters, _SORTS, "path")
    labels = labels_of({folder.path for folder in found})
    return Page[FolderOut](items=[_told(folder, labels) for folder in found], next=following)


@routes.post("", response={201: FolderOut})
@needs(Permission.MANAGE_FOLDERS, anywhere=True)
def create_folder(request: HttpRequest, details: FolderIn, response: HttpResponse) -> Status[FolderOut]:
    """Make a folder."""
    user = user_of(request)
    if details.parent:
        parent = get_folder(user, details.parent, Permission.MANAGE_FOLDERS)
    else:
        parent = inventory.root_folder()
        demand(user, Permission.MANAGE_FOLDERS, parent.path)
    with transaction.atomic(), refused_as(409, inventory.FolderRefused):
        folder = inventory.create_folder(parent, details.name)
        audit.record(user, "api", "create folder", folder)
    response["Location"] = f"/api/v1/folders/{folder.pk}"
    return Status(201, _tell(user, folder.pk))


@routes.get("/{int:folder_id}", response=FolderOut)
@needs(Permission.VIEW, anywhere=True)
def show_folder(request: HttpRequest, folder_id: int) -> FolderOut:
    """Show one folder."""
    return _tell(user_of(request), get_folder(user_of(request), folder_id).pk)


@routes.patch("/{int:folder_id}", response=FolderOut)
@needs(Permission.MANAGE_FOLDERS, anywhere=True)
def change_folder(request: HttpRequest, folder_id: int, patch: FolderPatch) -> FolderOut:
    """Rename or move a folder. Moving takes the permission on both places."""
    user = user_of(request)
    values: dict[str, Any] = patch.dict(exclude_unset=True)
    folder = get_folder(user, folder_id, Permission.MANAGE_FOLDERS)
    refuse_nulls(values, allowed=set())
    with transaction.atomic(), refused_as(409, inventory.FolderRefused):
        if "name" in values:
            inventory.rename_folder(folder, values["name"])
        if "parent" in values and values["parent"] != folder.parent_id:
            _demand_on_parent(user, folder)
            inventory.move_folder(folder, get_folder(user, values["parent"], Permission.MANAGE_FOLDERS))
        if "maintenance_window" in values:
            with refused_as(422, BadWindow, field="body.maintenance_window"):
                inventory.set_maintenance_window(folder, values["maintenance_window"])
        audit.record(user, "api", "change folder", folder, **values)
    return _tell(user, folder.pk)


@routes.delete("/{int:folder_id}", response={204: None})
@needs(Permission.MANAGE_FOLDERS, anywhere=True)
def delete_folder(request: HttpRequest, folder_id: int) -> HttpResponse:
    """Delete an empty folder."""
    user = user_of(request)
    folder = get_folder(user, folder_id, Permission.MANAGE_FOLDERS)
    _demand_on_parent(user, folder)
    with transaction.atomic(), refused_as(409, inventory.FolderRefused):
        audit.record(user, "api", "delete folder", folder)
        inventory.delete_folder(folder)
    return HttpResponse(status=204)


def _demand_on_parent(user: User, folder: Folder) -> None:
    """Moving and deleting change the folder above, too: a role on the folder alone does not do."""
    if folder.parent is not None:
        demand(user, Permission.MANAGE_FOLDERS, folder.parent.path)


def _rows(user: User) -> QuerySet[Folder]:
    return visible_folders(user).annotate(system_count=Count("systems"))


def _tell(user: User, folder_id: int) -> FolderOut:
    folder = _rows(user).get(pk=folder_id)
    return _told(folder, labels_of({folder.path}))


def _told(folder: Any, labels: dict[str, str]) -> FolderOut:
    return FolderOut(
        id=folder.pk,
        name=folder.name,
        parent=folder.parent_id,
        path=labels[folder.path],
        system_count=folder.system_count,
        maintenance_window=folder.maintenance_window,
    )
