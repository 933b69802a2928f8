"""What declarations of everything about systems share: whose rows somebody sees, where an act needs its permission."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.lists import ListRefused
from roomkeeper.operations.subjects import Field
from roomkeeper.systems.models import Folder


def is_on_visible_system(grants: Grants) -> Q:
    """Rows of systems in folders that somebody may view."""
    return grants.folders(Permission.VIEW, "system__folder__path")


def place_of_system(row: Any) -> str:
    """The folder of the row's system; the root for what is of the server itself."""
    return row.system.folder.path if row.system is not None else ROOT_PATH


def folder_filter(at: str) -> Field:
    """A filter by a folder with all below it; `at` is the lookup of the folder. Only a filter, never told."""

    def narrow(value: int, grants: Grants, now: datetime) -> Q:
        seen = Folder.objects.filter(grants.folders(Permission.VIEW, "path"))
        path = seen.filter(pk=value).values_list("path", flat=True).first()
        if path is None:
            raise ListRefused(f"There is no folder {value} that you may see.", "folder", is_missing=True)
        return Q(**{f"{at}__path__startswith": path})

    return Field(
        name="folder",
        type=int,
        filter_type=Identifier,
        meaning="A folder with all below it.",
        filter="own",
        narrow=narrow,
        sort="",
        is_told=False,
        in_csv=False,
    )
