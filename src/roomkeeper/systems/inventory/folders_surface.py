"""Folders as people and programs see them: the tree, and what is done to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder
from roomkeeper.systems.windows import TEXT_LIMIT, BadWindow


def _seen_by(grants: Grants) -> Q:
    return grants.folders(Permission.VIEW, "path")


def _with_counts(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    counted: QuerySet[Any] = rows.annotate(system_count=Count("systems"))
    return counted


def _look_up_places(rows: list[Folder], grants: Grants, now: datetime) -> None:
    labels = inventory.labels_of({row.path for row in rows})
    for row in rows:
        row.words = labels[row.path]  # type: ignore[attr-defined]  # for this page of rows


def _in_words(row: Any) -> str:
    return str(row.words)


def _named(value: str, grants: Grants, now: datetime) -> Q:
    """Folders with that place in words (`Oslo / HQ` or `Oslo/HQ`), else with that name."""
    parts = [part.strip().casefold() for part in value.split("/") if part.strip()]
    if not parts:
        return Q(pk__in=[])
    called = list(Folder.objects.filter(_seen_by(grants), name__iexact=parts[-1]))
    labels = inventory.folder_names({row.path for row in called})
    exact = [row for row in called if [name.casefold() for name in labels[row.path]] == parts]
    return Q(pk__in=[row.pk for row in exact or (called if len(parts) == 1 else [])])


# What is done


def _create(*, user: Person, now: datetime, name: str, parent: Folder | None) -> Folder:
    return inventory.create_folder(parent or inventory.root_folder(), name)


def _rename(row: Folder, *, user: Person, now: datetime, name: str) -> None:
    inventory.rename_folder(row, name)


def _move(row: Folder, *, user: Person, now: datetime, parent: Folder) -> None:
    if parent.pk != row.parent_id:
        inventory.move_folder(row, parent)


def _set_window(row: Folder, *, user: Person, now: datetime, maintenance_window: str) -> None:
    inventory.set_maintenance_window(row, maintenance_window)


def _delete(row: Folder, *, user: Person, now: datetime) -> None:
    inventory.delete_folder(row)


def _above(row: Folder, taken: Mapping[str, Any]) -> Sequence[str]:
    """Moving and deleting change the folder above, too: a role on the folder alone does not do."""
    into = taken.get("parent")
    if row.parent is None or (into is not None and into.pk == row.parent_id):
        return (row.path,)
    return (row.path, row.parent.path, *([into.path] if into is not None else []))


def _into(row: None, taken: Mapping[str, Any]) -> Sequence[str]:
    if not taken:
        return ()
    return ((taken["parent"] or inventory.root_folder()).path,)


_REFUSED = (inventory.FolderRefused,)
_NAME: dict[str, Any] = {"name": "name", "type": Text, "least": 1, "most": 100, "label": "Name"}

FOLDERS = register(
    Subject(
        noun="folder",
        plural="folders",
        model=Folder,
        meaning="One tree; each system is in exactly one folder. A role on a folder also applies to"
        " everything below it.",
        seen_by=_seen_by,
        place=lambda row: row.path,
        order="path",
        search=("name",),
        related=("parent",),
        annotate=_with_counts,
        prepare=_look_up_places,
        choice=_in_words,
        command_line=CommandLine(named_by="named"),
        topic="systems",
        pages=Pages(help="folders"),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, filter="one"),
            Field(
                name="parent",
                type=int | None,
                meaning="The folder above; as a filter: folders directly in this one. The root has none.",
                at="parent_id",
                filter="one",
                filter_type=Identifier,
                sort="",
            ),
            Field(
                name="path",
                type=str,
                meaning="In words: `Oslo / HQ`.",
                read=_in_words,
                sort="path",
                heading="Folder",
            ),
            Field(
                name="system_count",
                type=int,
                meaning="Systems directly in this folder.",
                heading="Systems",
                cell="amount",
            ),
            Field(
                name="maintenance_window",
                type=str,
                meaning="As in `Mon-Fri 20:00-06:00`; empty: as for the folder above.",
                sort="",
                heading="Maintenance window",
            ),
            Field(
                name="named",
                type=str,
                meaning="A place in words as in `Oslo / HQ`, or a name.",
                filter="own",
                narrow=_named,
                sort="",
                is_told=False,
                in_csv=False,
            ),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.MANAGE_FOLDERS,
                places=_into,
                run=_create,
                refused=_REFUSED,
                summary="Create a folder.",
                title="A new folder",
                what="Roles on the folders above apply to it too.",
                undo="An empty folder can be deleted again.",
                button="New folder",
                done="{row.name} is created.",
                takes=(
                    Input(**_NAME),
                    Input(
                        name="parent",
                        type=Identifier | None,
                        default=None,
                        meaning="The folder above; by default the root folder.",
                        label="In",
                        refers="folders",
                    ),
                ),
            ),
            Act(
                name="rename",
                needs=Permission.MANAGE_FOLDERS,
                run=_rename,
                refused=_REFUSED,
                summary="Rename a folder.",
                title="Rename {row.name}",
                what="Systems and roles stay as they are.",
                undo="Rename it back at any time.",
                button="Rename",
                done="Renamed to {row.name}.",
                rest=Rest(method="PATCH"),
                takes=(Input(**_NAME),),
            ),
            Act(
                name="move",
                needs=Permission.MANAGE_FOLDERS,
                places=_above,
                run=_move,
                refused=_REFUSED,
                summary="Move a folder with all below it.",
                title="Move {row.name}",
                what="It moves with its {row.system_count} systems and everything below it. Roles on the folders above "
                "it change for them.",
                undo="Move it back at any time.",
                button="Move",
                done="{row.name} is moved.",
                rest=Rest(method="PATCH"),
                offered=lambda row: row.parent_id is not None,
                takes=(
                    Input(
                        name="parent",
                        type=Identifier,
                        meaning="The new parent folder.",
                        label="Into",
                        refers="folders",
                    ),
                ),
            ),
            Act(
                name="set window of",
                command="window",
                needs=Permission.MANAGE_FOLDERS,
                run=_set_window,
                refused=(BadWindow,),
                rest=Rest(status=422, method="PATCH"),
                summary="Set when systems in a folder and below it may be disturbed.",
                title="Maintenance window of {row.name}",
                what="Changes that wait for it are sent while it is open, in each system's own time zone. It"
                " applies to all folders below that have no window of their own.",
                undo="Change it back at any time.",
                button="Set window",
                done="The maintenance window of {row.name} is set.",
                takes=(
                    Input(
                        name="maintenance_window",
                        most=TEXT_LIMIT,
                        meaning="As in Mon-Fri 20:00-06:00; empty: as for the folder above.",
                        label="Open",
                        hint="For example Mon-Fri 20:00-06:00, Sat-Sun 00:00-24:00. Empty: the window of the folder"
                        " above, or else of Network settings.",
                    ),
                ),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_FOLDERS,
                places=_above,
                run=_delete,
                refused=_REFUSED,
                summary="Delete an empty folder.",
                title="Delete {row.name}?",
                what="Only an empty folder can be deleted; roles on it are deleted too.",
                undo="It cannot be undone; create a new one instead.",
                button="Delete",
                done="{row.name} is deleted.",
                is_dangerous=True,
                offered=lambda row: row.parent_id is not None,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
