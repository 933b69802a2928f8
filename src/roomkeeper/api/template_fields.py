"""Templates as the API tells and takes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from roomkeeper.api.action_fields import Value
from roomkeeper.api.problems import Invalid
from roomkeeper.api.reach import Identifier
from roomkeeper.configuration_templates.comparing import TemplateDifference
from roomkeeper.configuration_templates.content import (
    Content,
    TemplateCommand,
    TemplateRefused,
    TemplateSetting,
    checked,
)
from roomkeeper.configuration_templates.files import read_file, read_structure
from roomkeeper.configuration_templates.making import content_from_reading, content_from_system
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateVersion,
)
from roomkeeper.configuration_templates.pasted_text import TEXT_LIMIT, PastedText
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems.inventory import labels_of
from roomkeeper.systems.models import System


class SettingIn(Schema, extra="forbid"):
    """A setting; null as the value of a secret keeps the one that is stored."""

    path: str = Field(max_length=600)
    value: str | None = Field(None, max_length=10_000)


class TemplateCommandIn(Schema, extra="forbid"):
    """A command: `Audio/Volume/Set` with arguments, or all in one text as devices take it."""

    command: str = Field(min_length=1, max_length=20_000)
    arguments: dict[str, Value | list[Value]] = Field({}, max_length=100)
    body: str | None = Field(None, max_length=1_000_000)


class FromSystem(Schema, extra="forbid"):
    """What a system has now."""

    system: Identifier
    paths: list[str] | None = Field(None, max_length=500, description="Default: all that it reported.")


class ContentIn(Schema, extra="forbid"):
    """What a template is to hold: settings and commands, pasted text, what a system has, or several of these."""

    settings: dict[str, str | None] | list[SettingIn] = Field(
        {}, max_length=500, description="Path to value, or a list. Values may name variables: `Room {room}`."
    )
    commands: list[TemplateCommandIn] = Field([], max_length=50)
    text: str = Field(
        "",
        max_length=TEXT_LIMIT,
        description="xConfiguration and xCommand lines, or what a file of JSON, TOML or XML holds.",
    )
    from_system: FromSystem | None = None
    note: str = Field("", max_length=255, description="Why this version.")


class TemplateIn(ContentIn):
    """A new template."""

    name: str = Field(min_length=1, max_length=100)
    description: str = Field("", max_length=2000)
    folder: Identifier | None = Field(None, description="Default: the root folder.")
    enforcement: Enforcement = Field(
        Enforcement.AUTOMATIC, description="What happens on drift where assigned."
    )
    first_contact: bool = Field(False, description="Apply it once to systems admitted to its folder.")
    families: list[str] = Field(
        [], max_length=50, description="First contact only for these families; empty: all."
    )


class TemplatePatch(Schema, extra="forbid"):
    """What can be changed of a template; what it holds is changed by a new version."""

    name: str | None = Field(None, min_length=1, max_length=100)
    description: str | None = Field(None, max_length=2000)
    folder: Identifier | None = None
    enforcement: Enforcement | None = None
    first_contact: bool | None = None
    families: list[str] | None = Field(None, max_length=50)


class TemplateSettingOut(Schema):
    """A setting. `value` is `***` where it is a secret; `is_typed` says whether the secret is known."""

    path: str
    value: str
    is_secret: bool
    is_typed: bool


class TemplateCommandOut(Schema):
    """A command, and how devices take it."""

    command: str
    arguments: dict[str, str | list[str]]
    body: str | None
    text: str


class TemplateSummary(Schema):
    """A template in a list."""

    id: int
    name: str
    description: str
    folder: int
    folder_path: str
    enforcement: Enforcement
    first_contact: bool
    families: list[str]
    version: int = Field(description="The version in force.")
    setting_count: int
    command_count: int
    assignment_count: int
    created_at: datetime
    changed_at: datetime


class TemplateOut(TemplateSummary):
    """A template with what it holds."""

    settings: list[TemplateSettingOut]
    commands: list[TemplateCommandOut]
    variables: list[str]


class VersionSummary(Schema):
    """A version in a list."""

    number: int
    note: str
    created_at: datetime
    created_by: str | None
    setting_count: int
    command_count: int


class VersionOut(VersionSummary):
    """A version with what it held."""

    settings: list[TemplateSettingOut]
    commands: list[TemplateCommandOut]


class DifferenceOut(Schema):
    """One difference between two versions; null where that side lacks it."""

    kind: str
    name: str
    word: str
    old: str | None
    new: str | None


class AssignmentIn(Schema, extra="forbid"):
    """To what a template is assigned: one of the three."""

    system: Identifier | None = None
    tag: str = Field("", max_length=50)
    folder: Identifier | None = None
    order: int = Field(100, ge=0, le=32_000, description="Among equals, the lower number wins.")


class AssignmentOut(Schema):
    """To what a template is assigned."""

    id: int
    system: int | None
    tag: str | None
    folder: int | None
    to: str = Field(description="In words.")
    order: int
    created_at: datetime
    created_by: str | None


class ProblemLine(Schema):
    """A line that could not be read; 0 is the whole."""

    line: int
    sentence: str


class RemarkOut(Schema):
    """What a known model has against a setting or command."""

    name: str
    model: str
    systems: int
    sentence: str


class ReadingOut(Schema):
    """What was read out of a text; nothing was stored."""

    settings: list[TemplateSettingOut]
    commands: list[TemplateCommandOut]
    problems: list[ProblemLine]
    remarks: list[RemarkOut]


@contextmanager
def told_refusals() -> Iterator[None]:
    """Tell what no template can be, path by path or field by field."""
    try:
        yield
    except TemplateRefused as refusal:
        errors = [(f"body.{name}" if name else "body", sentence) for name, sentence in refusal.errors.items()]
        raise Invalid(
            str(refusal)
            if len(errors) == 1
            else f"The template contains {len(errors)} values that cannot be used.",
            errors=errors[:100],
        ) from refusal


def content_of_body(details: ContentIn, system: System | None, before: Content | None = None) -> Content:
    """The content that a body asks for; raises `Invalid` for what cannot be read, `TemplateRefused` for the rest."""
    reading = read_file(details.text.encode()) if details.text.strip() else PastedText()
    given: Any = details.settings
    structure = {
        "settings": given if isinstance(given, dict) else [one.dict() for one in given],
        "commands": [one.dict() for one in details.commands],
    }
    more = read_structure(structure)
    if problems := [*reading.problems, *more.problems]:
        raise Invalid(
            "Not everything can be read; nothing was stored.",
            errors=[
                (f"body.text.{one.line}" if one.line else "body", one.sentence) for one in problems[:100]
            ],
        )
    taken: list[tuple[str, str | None]] = []
    if system is not None and details.from_system is not None:
        taken = [
            (one.path, one.value) for one in content_from_system(system, details.from_system.paths).settings
        ]
    together = PastedText([*taken, *reading.settings, *more.settings], [*reading.commands, *more.commands])
    if taken or reading.settings:
        return content_from_reading(together, before=before)
    return checked(together.settings, together.commands, before=before)


def tell_template(template: Any, label: str, version: TemplateVersion | None) -> dict[str, Any]:
    """The fields of `TemplateSummary`; the template carries `assignment_count`."""
    return {
        "id": template.pk,
        "name": template.name,
        "description": template.description,
        "folder": template.folder_id,
        "folder_path": label,
        "enforcement": template.enforcement,
        "first_contact": template.is_first_contact,
        "families": template.families,
        "version": template.newest,
        "setting_count": len(version.settings) if version else 0,
        "command_count": len(version.commands) if version else 0,
        "assignment_count": template.assignment_count,
        "created_at": template.created_at,
        "changed_at": template.changed_at,
    }


def label_of(template: ConfigurationTemplate) -> str:
    """The template's folder in words."""
    return labels_of({template.folder.path})[template.folder.path]


def tell_settings(settings: Sequence[TemplateSetting]) -> list[TemplateSettingOut]:
    """Settings as they may be seen."""
    return [
        TemplateSettingOut(
            path=one.path, value=one.shown, is_secret=one.is_secret, is_typed=one.value is not None
        )
        for one in settings
    ]


def tell_commands(commands: Sequence[TemplateCommand]) -> list[TemplateCommandOut]:
    """Commands as they may be seen."""
    return [
        TemplateCommandOut(
            command=one.command,
            arguments={
                name: list(value) if isinstance(value, tuple) else value for name, value in one.arguments
            },
            body=one.body,
            text=one.shown,
        )
        for one in commands
    ]


def tell_version(version: TemplateVersion) -> dict[str, Any]:
    """The fields of `VersionSummary`."""
    return {
        "number": version.number,
        "note": version.note,
        "created_at": version.created_at,
        "created_by": version.created_by.username if version.created_by else None,
        "setting_count": len(version.settings),
        "command_count": len(version.commands),
    }


def tell_difference(one: TemplateDifference) -> DifferenceOut:
    """A difference as it is told."""
    return DifferenceOut(kind=one.kind, name=one.name, word=one.word, old=one.old, new=one.new)


def tell_assignment(one: TemplateAssignment, label: str) -> AssignmentOut:
    """An assignment; `label` is its folder in words."""
    to = (
        f"system {one.system}"
        if one.system is not None
        else f"folder {label}"
        if one.folder_id
        else f"tag {one.tag}"
    )
    return AssignmentOut(
        id=one.pk,
        system=one.system_id,
        tag=one.tag or None,
        folder=one.folder_id,
        to=to,
        order=one.order,
        created_at=one.created_at,
        created_by=one.created_by.username if one.created_by else None,
    )
