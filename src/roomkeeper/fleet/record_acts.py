"""The acts that change a system's record: its name, folder, tags, notes, and its end."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.systems import inventory
from roomkeeper.systems.inventory import records
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _


class NameRefused(ValueError):
    """The system cannot have that name."""

    field = "name"


def plainly(service: Callable[..., Any]) -> Callable[..., Any]:
    """The service as an act runs it, which does not ask who and when."""

    def run(row: System, *, user: Person, now: datetime, **taken: Any) -> Any:
        return service(row, **taken)

    return run


def _rename(row: System, *, user: Person, now: datetime, name: str) -> tuple[System, ChangeSet | None]:
    if name == row.name:
        return row, None
    try:
        made = planning.rename(row, name, user=user, now=now)
    except planning.PlanRefused as refusal:
        raise NameRefused(" ".join(refusal.errors.values())) from refusal
    row.refresh_from_db(fields=["name"])
    return row, made


def _tag(row: System, *, user: Person, now: datetime, add: Sequence[str], remove: Sequence[str]) -> None:
    held = set(row.tags.values_list("name", flat=True))
    inventory.set_tags(row, (held | set(add)) - set(remove))


def _check_tags(taken: Mapping[str, Any]) -> None:
    if not any(tag.strip() for tag in (*taken["add"], *taken["remove"])):
        raise ValueError(_("name a tag to add or to remove"))


def _from_and_into(row: System, taken: Mapping[str, Any]) -> Sequence[str]:
    into = taken.get("folder")
    return (row.folder.path,) if into is None else (row.folder.path, into.path)


def _tags(name: str, label: str, meaning: str, **more: Any) -> Input:
    return Input(
        name=name,
        type=list[str],
        most=50,
        is_line=True,
        label=label,
        hint="Words, separated by commas.",
        meaning=meaning,
        **more,
    )


RENAME: Final = Act(
    name="rename",
    needs=Permission.CHANGE_SETTINGS,
    rest=Rest(method="PATCH", status=422),
    run=_rename,
    refused=(NameRefused,),
    summary="Rename a system: its record at once, the device with the answer to its next post.",
    title="Rename {row}",
    what="The device is told with the answer to its next post.",
    undo="Rename it again at any time.",
    button="Rename",
    done="Renamed to {row}. The device is told with the answer to its next post.",
    takes=(
        Input(
            name="name",
            least=1,
            most=50,
            meaning="Also sent to the system as its `SystemUnit/Name`.",
        ),
    ),
    tells=(
        Field(
            name="change_set",
            type=int | None,
            read=lambda made: made.pk if made is not None else None,
            meaning="The change set that sends the new name to the system.",
        ),
    ),
)
MOVE: Final = Act(
    name="move",
    needs=Permission.MANAGE_SYSTEMS,
    places=_from_and_into,
    rest=Rest(method="PATCH"),
    for_many=True,
    run=plainly(records.move),
    summary="Move a system to another folder.",
    title="Move {row} to a folder",
    what="Roles on the new folder decide who may see and change it.",
    undo="Move it back at any time.",
    button="Move",
    done="{row} is moved.",
    takes=(Input(name="folder", type=Identifier, refers="folders", meaning="The new folder."),),
)
TAGS: Final = Act(
    name="tags",
    trail=Trail(word="set tags of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    run=plainly(lambda row, tags: inventory.set_tags(row, tags)),
    summary="Set the tags of a system.",
    title="Tags of {row}",
    undo="Change them at any time.",
    button="Save",
    done="The tags are saved.",
    takes=(_tags("tags", "Tags", "All its tags."),),
)
TAG: Final = Act(
    name="tag",
    needs=Permission.MANAGE_SYSTEMS,
    for_many=True,
    run=_tag,
    check=_check_tags,
    summary="Add tags to a system, or remove some.",
    title="Tag {row}",
    undo="You can change them back.",
    button="Tag",
    done="The tags are saved.",
    takes=(
        _tags("add", "Add these tags", "Tags to add.", default=()),
        _tags("remove", "Remove these", "Tags to remove.", default=()),
    ),
)
NOTES: Final = Act(
    name="notes",
    trail=Trail(word="set notes of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    run=plainly(records.set_notes),
    summary="Set the notes on a system.",
    title="Notes on {row}",
    what="For people; devices never see them.",
    undo="Change them at any time.",
    button="Save",
    done="The notes are saved.",
    takes=(
        Input(
            name="notes",
            most=records.NOTES_LIMIT,
            is_long=True,
            meaning="For people; devices never see them.",
        ),
    ),
)
DELETE: Final = Act(
    name="delete",
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="DELETE", answers="nothing"),
    for_many=True,
    run=plainly(inventory.delete_system),
    summary="Delete a system's record with all that is known of it; if it posts again, it appears in the inbox.",
    title="Delete {row}?",
    what="One record is deleted with all its data: timeline, changes, tickets, documents. The device itself is not "
    "touched; if it posts again, it appears in the inbox.",
    undo="It cannot be undone.",
    button="Delete",
    done="{row} is deleted.",
    is_dangerous=True,
    word="{row}",
)
RECORD_ACTS: Final = (RENAME, MOVE, TAGS, TAG, NOTES, DELETE)
