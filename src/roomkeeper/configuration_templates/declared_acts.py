"""The acts on templates, declared: permission, where it is needed, what is taken, asked, told and noted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field as Described

from roomkeeper.accounts.permissions import Permission
from roomkeeper.configuration_templates import acting
from roomkeeper.configuration_templates.acting import FromSystem, SettingIn, TemplateCommandIn
from roomkeeper.configuration_templates.content import TemplateRefused
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.pasted_text import TEXT_LIMIT
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.provisioning.planning import PlanRefused
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems import inventory

_REFUSED: Final = (TemplateRefused, PlanRefused)


# On which folders


def _into(row: ConfigurationTemplate | None, taken: Mapping[str, Any]) -> Sequence[str]:
    """The folder that it stands in, and the one that it is to stand in; without one that is the root."""
    here = [row.folder.path] if row is not None else []
    if "folder" not in taken:
        return here
    return [*here, (taken["folder"] or inventory.root_folder()).path]


def _assigned(row: ConfigurationTemplate, taken: Mapping[str, Any]) -> Sequence[str]:
    system, folder = taken.get("system"), taken.get("folder")
    target = folder or (system.folder if system is not None else row.folder)
    return row.folder.path, target.path


def _all_of(row: ConfigurationTemplate, taken: Mapping[str, Any]) -> Sequence[str]:
    return sorted({system.folder.path for system in taken.get("systems") or ()})


def _both(row: ConfigurationTemplate, taken: Mapping[str, Any]) -> Sequence[str]:
    return row.folder.path, *_all_of(row, taken)


# What is told, and what is noted


def _nothing(taken: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _given(taken: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in taken.items() if value}


def _version_made(template: ConfigurationTemplate) -> dict[str, Any]:
    return {"version": template.newest}


def _version(result: Any) -> dict[str, Any]:
    return {"version": result[1]["version"].number}


def _applied(result: Any) -> dict[str, Any]:
    told = result[1]
    return {
        **_version(result),
        "change_set": acting.change_set_of(told),
        "systems": told["systems"],
        "actions": told["applied"].commands,
    }


_CHANGE_SET: Final = Field(
    name="change_set",
    type=int | None,
    meaning="The change set that brings it to the systems, if any.",
    read=acting.change_set_of,
)

# What is taken

_RULES: Final = (
    Input(name="description", default="", most=2000),
    Input(
        name="folder",
        type=Identifier | None,
        default=None,
        meaning="Default: the root folder.",
        refers="folders",
    ),
    Input(
        name="enforcement",
        type=Enforcement,
        default=Enforcement.AUTOMATIC,
        meaning="What happens on drift where assigned: automatic, window or by_hand.",
    ),
    Input(
        name="first_contact",
        type=bool,
        default=False,
        meaning="Apply it once to systems admitted to its folder.",
    ),
    Input(
        name="families",
        type=list[str],
        default=[],
        most=50,
        meaning="First contact only for these families; empty: all.",
        option="family",
    ),
)
_NAME: Final = Input(name="name", least=1, most=100)
_CONTENT: Final = (
    Input(
        name="settings",
        type=Annotated[dict[str, str | None] | list[SettingIn], Described(max_length=500)],
        default={},
        meaning="Path to value, or a list. Values may name variables: `Room {room}`.",
        option="set",
    ),
    Input(
        name="commands",
        type=list[TemplateCommandIn],
        default=[],
        most=50,
        meaning="As in `Audio Volume Set Level: 40`.",
        option="run",
    ),
    Input(
        name="text",
        default="",
        most=TEXT_LIMIT,
        meaning="xConfiguration and xCommand lines, or what a file of JSON, TOML or XML holds.",
        option="file",
        is_file=True,
    ),
    Input(name="from_system", type=FromSystem | None, default=None),
    Input(name="note", default="", most=255, meaning="Why this version."),
)
_SYSTEMS: Final = Input(name="systems", type=list[Identifier], least=1, most=20_000, refers="systems")


def _act(name: str, run: Any, summary: str, *, rest: Rest | None = None, **values: Any) -> Act:
    values = {"needs": Permission.CHANGE_SETTINGS, "refused": _REFUSED, **values}
    return Act(name=name, run=run, summary=summary, rest=replace(rest or Rest(), status=422), **values)


CREATE: Final = _act(
    "create",
    acting.create,
    "Make a template: from settings and commands, pasted text, what a system has now, or several of these.",
    on="all",
    places=_into,
    button="New template",
    done="{row} is stored. Nothing was sent to any system.",
    takes=(_NAME, *_CONTENT, *_RULES),
    trail=Trail(given=_nothing, result=_version_made),
)
IMPORT: Final = _act(
    "import",
    acting.bring_in,
    "Make a template of an exported one. Its secrets are not in it.",
    on="all",
    places=_into,
    page=Page(is_asked=False),
    takes=(
        Input(name="template", type=dict[str, Any], meaning="What `export` answered.", is_file=True),
        Input(name="name", type=str | None, default=None, least=1, most=100, meaning="A new name."),
        _RULES[1],
    ),
    trail=Trail(given=_nothing, result=_version_made),
)
CHANGE: Final = _act(
    "change",
    acting.change,
    "Change a template's name, folder or rules. What it holds is changed by a new version.",
    command="set",
    rest=Rest(method="PATCH"),
    places=_into,
    button="Change",
    undo="It can be changed back.",
    done="{row} is changed.",
    takes=(
        replace(_NAME, default=""),
        *(replace(one, type=Identifier) if one.name == "folder" else one for one in _RULES),
    ),
)
EDIT: Final = _act(
    "edit",
    acting.edit,
    "Give a template a new version, in force from now on: systems it is assigned to are asked for it, as its "
    "enforcement says. A secret given as null stays what it was.",
    rest=Rest(at="versions"),
    trail=Trail(word="change template", given=_nothing, result=_version),
    has_portions=True,
    takes=_CONTENT,
    tells=(_CHANGE_SET,),
)
DELETE: Final = _act(
    "delete",
    acting.delete,
    "Delete a template. What it set stays as it is on the systems and is no longer enforced.",
    rest=Rest(method="DELETE", answers="nothing"),
    title="Delete {row}?",
    what="{row.kept_words}What it set stays as it is on the systems and is no longer enforced. All its versions are "
    "deleted.",
    undo="It cannot be undone; export it first.",
    button="Delete",
    done="{row} is deleted.",
    is_dangerous=True,
)
ASSIGN: Final = _act(
    "assign",
    acting.assign,
    "Make a template persistent on a system, on those with a tag, or in a folder: they are asked for at once, or in "
    "maintenance windows, as its enforcement says.",
    rest=Rest(at="assignments"),
    places=_assigned,
    has_portions=True,
    undo="Enforcing can be stopped; what was set stays as it is on the systems.",
    button="Make it persistent",
    takes=(
        Input(name="system", type=Identifier | None, default=None, refers="systems"),
        Input(name="tag", default="", most=50),
        Input(name="folder", type=Identifier | None, default=None, refers="folders"),
        Input(
            name="order",
            type=int,
            default=100,
            least=0,
            most=32_000,
            meaning="Among equals, the lower number wins.",
        ),
    ),
    tells=(_CHANGE_SET,),
    trail=Trail(given=_given),
)
MAKE_PERSISTENT: Final = _act(
    "make persistent",
    acting.make_persistent,
    "Make a template persistent on each of these systems.",
    trail=Trail(word="assign template"),
    places=_both,
    has_portions=True,
    undo="Enforcing can be stopped; what was set stays as it is on the systems.",
    button="Make it persistent",
    takes=(_SYSTEMS,),
    tells=(_CHANGE_SET,),
)
APPLY: Final = _act(
    "apply",
    acting.apply,
    "Apply a template once. What a system cannot accept is left out.",
    rest=Rest(status=422, chooses=True),
    places=_all_of,
    has_portions=True,
    undo="It can be cancelled until it is sent; afterwards it is undone on its own page.",
    button="Apply it once",
    takes=(
        _SYSTEMS,
        Input(name="version", type=Identifier | None, default=None, meaning="Default: the one in force."),
        Input(
            name="commands",
            type=bool,
            default=True,
            meaning="Also run its commands; they do not wait for a window.",
        ),
        Input(name="during_calls", type=bool, default=False, meaning="Also while a system is in a call."),
        Input(
            name="only_in_window",
            type=bool,
            default=False,
            meaning="Only in each system's maintenance window.",
        ),
        Input(
            name="failure_limit",
            type=int | None,
            default=None,
            least=0,
            most=1_000_000,
            meaning="Stop once more have failed.",
        ),
    ),
    tells=(_CHANGE_SET,),
    trail=Trail(given=_nothing, result=_applied),
)
UNASSIGN: Final = _act(
    "delete",
    acting.unassign,
    "Stop enforcing a template somewhere. What it set stays as it is on the systems.",
    trail=Trail(word="unassign template"),
    rest=Rest(method="DELETE", answers="nothing"),
    for_many=True,
    title="Stop enforcing {row.template} on {row.to}?",
    what="What it set stays as it is on the systems; from now on they may differ.",
    undo="Assign it again to make it persistent again.",
    button="Stop enforcing it",
    done="It is no longer enforced.",
)
