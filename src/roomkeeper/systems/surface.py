"""What declarations about systems share: whose rows somebody sees, where an act needs its permission; and tags."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from roomkeeper.accounts.permissions import ROOT_PATH, Grants, Permission
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.lists import ListRefused
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.systems import live
from roomkeeper.systems.inventory import tags
from roomkeeper.systems.models import Folder, State, System, Tag
from roomkeeper.words import gettext as _


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
            raise ListRefused(
                _("There is no folder {value} that you can see.", value=value), "folder", is_missing=True
            )
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


def visible(grants: Grants, permission: Permission = Permission.VIEW) -> QuerySet[System]:
    """The systems on whose folder the permission holds; of the inbox only for whom may view that."""
    rows = System.objects.filter(grants.folders(permission))
    return rows if grants.may(Permission.VIEW_INBOX) else rows.exclude(state=State.PENDING)


def _with_counts(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    seen = visible(grants).values("pk")
    counted: QuerySet[Any] = rows.annotate(system_count=Count("systems", filter=Q(systems__in=seen)))
    return counted


def _is_carried(grants: Grants) -> Q:
    """Tags of systems that somebody sees; those who may change any tag see all of them."""
    if grants.may(Permission.MANAGE_SYSTEMS):
        return Q()
    return Q(pk__in=Tag.objects.filter(systems__in=visible(grants).values("pk")).values("pk"))


TAGS = register(
    Subject(
        noun="tag",
        plural="tags",
        model=Tag,
        meaning="A label on systems in any folder; it exists as long as a system has it.",
        seen_by=_is_carried,
        place=lambda tag: ROOT_PATH,
        order="name",
        search=("name",),
        annotate=_with_counts,
        tell=lambda tag: live.publish("systems"),
        topic="systems",
        command_line=CommandLine(named_by="name"),
        pages=Pages(
            empty="No system has a tag. Add tags on a system's page, or to the systems selected in the list."
        ),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, filter="one", heading="Tag", cell="tags/cell_name.html"),
            Field(
                name="system_count",
                type=int,
                meaning="How many systems that you can see have it.",
                heading="Systems",
                cell="amount",
            ),
        ),
        acts=(
            Act(
                name="rename",
                needs=Permission.MANAGE_SYSTEMS,
                run=tags.rename,
                refused=(tags.TagRefused,),
                summary="Rename a tag on all systems that have it.",
                title="Rename the tag {row.name}?",
                undo="It can be renamed again.",
                button="Rename",
                done="The tag is now named {row.name}.",
                takes=(
                    Input(name="name", type=Text, least=1, most=50, meaning="The new name.", label="Name"),
                ),
                rest=Rest(method="PATCH"),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_SYSTEMS,
                run=tags.delete,
                summary="Remove a tag from all systems that have it.",
                title="Delete the tag {row.name}?",
                what="It is removed from {row.system_count} systems.",
                undo="It cannot be undone; add the tag to those systems again.",
                button="Delete",
                done="The tag is removed from all systems.",
                is_dangerous=True,
                for_many=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
