"""Templates as they are told: what a page of rows needs, looked up at once, and the parts of a template as objects."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Self

from django.db.models import Count, F, QuerySet
from django.utils.functional import lazy
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from roomkeeper.accounts.permissions import Grants
from roomkeeper.configuration_templates import known_settings
from roomkeeper.configuration_templates.applying import systems_kept
from roomkeeper.configuration_templates.content import (
    Content,
    TemplateCommand,
    TemplateSetting,
    content_of,
)
from roomkeeper.configuration_templates.known_settings import KnownModel
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateVersion,
)
from roomkeeper.configuration_templates.pasted_text import PastedProblem
from roomkeeper.configuration_templates.variables import names_in
from roomkeeper.systems.inventory import labels_of
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext


class TemplateSettingOut(BaseModel):
    """A setting. `value` is `***` where it is a secret; `is_typed` says whether the secret is known."""

    path: str
    value: str
    is_secret: bool
    is_typed: bool

    @classmethod
    def of(cls, one: TemplateSetting) -> Self:
        """The setting as it may be seen."""
        return cls(path=one.path, value=one.shown, is_secret=one.is_secret, is_typed=one.value is not None)


class TemplateCommandOut(BaseModel):
    """A command, and how devices take it."""

    command: str
    arguments: dict[str, str | list[str]]
    body: str | None
    text: str

    @classmethod
    def of(cls, one: TemplateCommand) -> Self:
        """The command as it may be seen."""
        arguments = {
            name: list(value) if isinstance(value, tuple) else value for name, value in one.arguments
        }
        return cls(command=one.command, arguments=arguments, body=one.body, text=one.shown)


class DifferenceOut(BaseModel):
    """One difference between two versions; null where that side lacks it."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    name: str
    word: str
    old: str | None
    new: str | None


class RemarkOut(BaseModel):
    """What a known model has against a setting or command."""

    name: str
    model: str
    systems: int
    sentence: str


class ReadingOut(BaseModel):
    """What was read out of a text; nothing was stored. A problem's line 0 is the whole."""

    settings: list[TemplateSettingOut]
    commands: list[TemplateCommandOut]
    problems: list[PastedProblem]
    remarks: list[RemarkOut]


class SuggestionOut(BaseModel):
    """A setting or a command that managed systems have."""

    kind: str
    path: str
    type: str = ""
    values: list[str] = Described(default_factory=list)
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    parameters: list[str] = Described(default_factory=list)
    models: list[str] = Described(default_factory=list)


def tell_settings(content: Content) -> list[TemplateSettingOut]:
    """The settings as they may be seen."""
    return [TemplateSettingOut.of(one) for one in content.settings]


def tell_commands(content: Content) -> list[TemplateCommandOut]:
    """The commands as they may be seen."""
    return [TemplateCommandOut.of(one) for one in content.commands]


# Rows of lists


def with_counts(rows: QuerySet[Any], grants: Grants) -> QuerySet[Any]:
    """Each template with how often it is assigned."""
    counted: QuerySet[Any] = rows.annotate(assignment_count=Count("assignments"))
    return counted


def look_up(rows: list[ConfigurationTemplate], grants: Grants, now: datetime) -> None:
    """The version in force of each, its folder in words, and to what it is assigned, as `assigned`."""
    newest = TemplateVersion.objects.filter(template__in=rows, number=F("template__newest"))
    versions = {one.template_id: one for one in newest.select_related("created_by")}
    # Not prefetched: whoever assigns one of these rows asks for its assignments again.
    found = TemplateAssignment.objects.filter(template__in=rows).select_related("system", "folder")
    assigned: dict[int, list[TemplateAssignment]] = {row.pk: [] for row in rows}
    for one in found.order_by("order", "pk"):
        assigned[one.template_id].append(one)
    folders = {one.folder.path for uses in assigned.values() for one in uses if one.folder is not None}
    labels = labels_of(folders | {row.folder.path for row in rows})
    for row in rows:
        told: Any = row
        told.in_force, told.folder_label = versions.get(row.pk), labels[row.folder.path]
        told.assigned = [assigned_to(one, labels) for one in assigned[row.pk]]
        # Worked out only where it is asked before deleting.
        told.kept_words = lazy(partial(_kept_words, row), str)()


def _kept_words(row: ConfigurationTemplate) -> str:
    number = len(systems_kept(row))
    return _("It is persistent on {counted}. ", counted=counted(number, "system")) if number else ""


def held_by(row: Any) -> Content:
    """What the template, or the version, holds; unpacked once."""
    found: Content | None = getattr(row, "held", None)
    if found is None:
        found = row.held = content_of(row if isinstance(row, TemplateVersion) else row.in_force)
    return found


def look_up_labels(rows: list[TemplateAssignment], grants: Grants, now: datetime) -> None:
    """To what each of the assignments is one, in words, as `to`."""
    labels = labels_of({one.folder.path for one in rows if one.folder is not None})
    for row in rows:
        told: Any = row
        told.to = assigned_to(row, labels)


def assigned_to(one: TemplateAssignment, labels: Mapping[str, str] | None = None) -> str:
    """To what it is assigned; `labels` are those of many folders, where they were looked up together."""
    if one.system is not None:
        return _("system {system}", system=one.system)
    if one.folder is None:
        return _("tag {tag}", tag=one.tag)
    return _("folder {labels}", labels=(labels or labels_of({one.folder.path}))[one.folder.path])


_COUNTED: Final[dict[str, Callable[[int], str]]] = {
    "system": lambda number: ngettext("{count} system", "{count} systems", number),
    "more system": lambda number: ngettext("{count} more system", "{count} more systems", number),
    "setting": lambda number: ngettext("{count} setting", "{count} settings", number),
    "command": lambda number: ngettext("{count} command", "{count} commands", number),
}


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 system, 2 systems."""
    return _COUNTED[noun](number)


def held_words(settings: Sequence[Any], commands: Sequence[Any]) -> str:
    """How much stands in a template."""
    words = [counted(len(settings), "setting")]
    return ", ".join([*words, counted(len(commands), "command")] if commands else words)


# What the models of managed systems say


def remarks_on(content: Content, models: Sequence[KnownModel]) -> list[RemarkOut]:
    """What the known models have against the settings and commands."""
    told = []
    for one in content.settings:
        value = None if one.value is None or names_in(one.value) else one.value
        told += [(one.path, found) for found in known_settings.remarks_on_setting(models, one.path, value)]
    for command in content.commands:
        told += [(command.command, found) for found in known_settings.remarks_on_command(models, command)]
    return [
        RemarkOut(name=name, model=found.model, systems=found.systems, sentence=found.sentence)
        for name, found in told
    ]


def suggestions(models: Sequence[KnownModel], words: str, *, limit: int) -> list[SuggestionOut]:
    """Settings and commands that managed systems have, with what they may hold."""
    found = []
    for one in known_settings.suggest(models, words, limit=limit):
        told = SuggestionOut(kind="setting", path=one.path, models=one.models)
        if (space := one.space) is not None:
            told.type, told.values = space.type, list(space.values)
            told.minimum, told.maximum, told.max_length = space.minimum, space.maximum, space.max_length
        found.append(told)
    commands = known_settings.suggest_commands(models, words, limit=limit)
    return found + [
        SuggestionOut(kind="command", path=one.path, parameters=list(one.parameters)) for one in commands
    ]
