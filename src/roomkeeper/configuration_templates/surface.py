"""Templates as people and programs see them: the list, versions, assignments, uses, and what is done with them."""

from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.configuration_templates import telling
from roomkeeper.configuration_templates.declared_acts import (
    APPLY,
    ASSIGN,
    CHANGE,
    CREATE,
    DELETE,
    EDIT,
    IMPORT,
    MAKE_PERSISTENT,
    UNASSIGN,
)
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateUse,
    TemplateVersion,
)
from roomkeeper.configuration_templates.readings import TEMPLATE_READINGS
from roomkeeper.configuration_templates.telling import TemplateCommandOut, TemplateSettingOut
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import CommandLine, Nested, Pages, Subject, register
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems.surface import folder_filter

ENFORCEMENT: Final = {
    "automatic": "restored automatically",
    "window": "restored in the maintenance window",
    "by_hand": "restored by a person",
}
_FOLDER: Final = folder_filter("folder")


def _setting_count(row: Any) -> int:
    return len(row.settings)


def _command_count(row: Any) -> int:
    return len(row.commands)


def _in_force(count: Any) -> Any:
    return lambda row: count(row.in_force) if row.in_force else 0


_HELD: Final = (
    Field(
        name="settings",
        type=list[TemplateSettingOut],
        read=lambda row: telling.tell_settings(telling.held_by(row)),
        is_detail=True,
    ),
    Field(
        name="commands",
        type=list[TemplateCommandOut],
        read=lambda row: telling.tell_commands(telling.held_by(row)),
        is_detail=True,
    ),
)

TEMPLATES: Final = register(
    Subject(
        noun="template",
        plural="templates",
        model=ConfigurationTemplate,
        meaning="Settings and commands under a name, in versions.",
        seen_by=lambda grants: grants.folders(Permission.VIEW),
        place=lambda row: row.folder.path,
        order="name",
        search=("name", "description"),
        related=("folder",),
        annotate=telling.with_counts,
        prepare=telling.look_up,
        label=lambda row: str(row.name),
        command_line=CommandLine(named_by="name"),
        page="template",
        pages=Pages(help="templates", empty="templates/empty.html"),
        fields=(
            Field(name="id", type=int),
            Field(
                name="name",
                type=str,
                filter="one",
                heading="Name",
                cell="templates/cell_name.html",
                wraps=True,
            ),
            Field(name="description", type=str, sort=""),
            Field(
                name="folder",
                type=int,
                at="folder_id",
                filter_type=_FOLDER.filter_type,
                meaning="As a filter: this folder with all below it.",
                filter="own",
                narrow=_FOLDER.narrow,
                sort="folder__path",
            ),
            Field(
                name="folder_path",
                type=str,
                read=lambda row: row.folder_label,
                sort="folder__path",
                heading="Folder",
            ),
            Field(
                name="holds",
                type=str,
                read=lambda row: (
                    telling.held_words(row.in_force.settings, row.in_force.commands) if row.in_force else ""
                ),
                heading="Holds",
                cell="fit",
                is_told=False,
                in_csv=False,
            ),
            Field(
                name="persistent_on",
                type=list[str],
                read=lambda row: row.assigned,
                heading="Persistent on",
                cell="templates/cell_persistent_on.html",
                wraps=True,
                is_told=False,
            ),
            Field(
                name="enforcement",
                type=Enforcement,
                filter="one",
                choices=tuple(ENFORCEMENT.items()),
                heading="A difference is",
                cell="word",
            ),
            Field(name="first_contact", type=bool, at="is_first_contact", filter="one"),
            Field(name="families", type=list[str], sort=""),
            Field(
                name="version",
                type=int,
                at="newest",
                meaning="The version in force.",
                heading="Version",
                cell="fit",
            ),
            Field(name="setting_count", type=int, read=_in_force(_setting_count)),
            Field(name="command_count", type=int, read=_in_force(_command_count)),
            Field(name="assignment_count", type=int),
            Field(name="created_at", type=datetime),
            Field(name="changed_at", type=datetime, heading="Changed", cell="when"),
            Field(
                name="changed_by",
                type=str | None,
                meaning="Who made the version in force.",
                read=lambda row: (
                    row.in_force.created_by.username if row.in_force and row.in_force.created_by else None
                ),
                heading="By",
                cell="by",
            ),
            *_HELD,
            Field(
                name="variables",
                type=list[str],
                read=lambda row: sorted(telling.held_by(row).variables()),
                is_detail=True,
            ),
        ),
        acts=(CREATE, IMPORT, CHANGE, EDIT, APPLY, ASSIGN, MAKE_PERSISTENT, DELETE),
        readings=TEMPLATE_READINGS,
    )
)


def _of_seen(grants: Grants) -> Any:
    """What belongs to templates that she sees."""
    return grants.folders(Permission.VIEW, "template__folder__path")


def _place(row: Any) -> str:
    return str(row.template.folder.path)


VERSIONS: Final = register(
    Subject(
        noun="template version",
        plural="template versions",
        model=TemplateVersion,
        meaning="What a template held from some moment on.",
        seen_by=_of_seen,
        place=_place,
        order="-number",
        search=("note",),
        related=("template__folder", "created_by"),
        nested=Nested(within="templates", by="template", at="versions", key=("number", "number")),
        has_api=False,
        has_pages=False,
        fields=(
            Field(name="number", type=int, heading="Version"),
            Field(name="note", type=str, sort="", heading="Why"),
            Field(name="created_at", type=datetime, heading="Stored"),
            Field(name="created_by", type=str | None, at="created_by__username", sort="", heading="By"),
            Field(name="setting_count", type=int, read=_setting_count, heading="Settings"),
            Field(name="command_count", type=int, read=_command_count, heading="Commands"),
            *_HELD,
        ),
    )
)

USES: Final = register(
    Subject(
        noun="template use",
        plural="template uses",
        model=TemplateUse,
        meaning="That a template was applied.",
        seen_by=_of_seen,
        place=_place,
        related=("template__folder", "used_by"),
        nested=Nested(within="templates", by="template", at="uses"),
        has_api=False,
        has_pages=False,
        fields=(
            Field(name="id", type=int),
            Field(name="version", type=int, at="number", sort="", heading="Version"),
            Field(name="change_set", type=int | None, at="change_set_id", sort="", heading="Change set"),
            Field(name="systems", type=int, sort="", heading="Systems"),
            Field(name="commands", type=int, sort="", heading="Commands"),
            Field(name="first_contact", type=bool, at="is_first_contact", sort="", heading="First contact"),
            Field(name="used_at", type=datetime, heading="When"),
            Field(name="used_by", type=str | None, at="used_by__username", sort="", heading="By"),
        ),
    )
)

ASSIGNMENTS: Final = register(
    Subject(
        noun="template assignment",
        plural="template assignments",
        model=TemplateAssignment,
        meaning="Where a template is persistent: one system, those with a tag, or a folder.",
        seen_by=_of_seen,
        place=_place,
        order="order",
        search=("tag", "system__name", "folder__name", "template__name"),
        related=("template__folder", "system", "folder", "created_by"),
        prepare=telling.look_up_labels,
        label=lambda row: telling.assigned_to(row),
        about=lambda row: row.template,
        nested=Nested(within="templates", by="template", at="assignments", key=("assignment_id", "pk")),
        pages=Pages(help="templates", empty="No template is persistent anywhere."),
        fields=(
            Field(name="id", type=int),
            Field(
                name="template",
                type=int,
                at="template_id",
                filter="one",
                sort="template",
                heading="Template",
                cell="templates/cell_template.html",
            ),
            Field(name="system", type=int | None, at="system_id", filter="one"),
            Field(name="tag", type=str | None, read=lambda row: row.tag or None, filter="one"),
            Field(name="folder", type=int | None, at="folder_id", filter="one"),
            Field(name="to", type=str, meaning="In words.", read=lambda row: row.to, heading="On"),
            Field(name="order", type=int, heading="Order", cell="amount"),
            Field(name="created_at", type=datetime, heading="Since", cell="when"),
            Field(
                name="created_by",
                type=str | None,
                at="created_by__username",
                sort="",
                heading="By",
                cell="by",
            ),
        ),
        acts=(UNASSIGN,),
    )
)
