"""What is done with templates, as acts: made, changed, given a version, assigned, applied. The services behind are
`editing` and `applying`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.accounts.person import Person
from roomkeeper.configuration_templates import editing
from roomkeeper.configuration_templates.applying import AppliedTemplate, apply_template, bring_into_force
from roomkeeper.configuration_templates.content import Content, TemplateRefused, checked, content_of
from roomkeeper.configuration_templates.files import FORMAT, read_file, read_structure
from roomkeeper.configuration_templates.making import content_from_reading, content_from_system
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateVersion,
)
from roomkeeper.configuration_templates.pasted_text import PastedText
from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.filters import Identifier
from roomkeeper.provisioning.planning import Care
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, System
from roomkeeper.systems.surface import visible
from roomkeeper.words import gettext as _

Noted = Callable[[Any], None]
_Value = str | int | bool


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SettingIn(_Given):
    """A setting; null as the value of a secret keeps the one that is stored."""

    path: str = Described(max_length=600)
    value: str | None = Described(None, max_length=10_000)


class TemplateCommandIn(_Given):
    """A command: `Audio/Volume/Set` with arguments, or all in one text as devices take it."""

    command: str = Described(min_length=1, max_length=20_000)
    arguments: dict[str, _Value | list[_Value]] = Described({}, max_length=100)
    body: str | None = Described(None, max_length=1_000_000)


class FromSystem(_Given):
    """What a system has now."""

    system: Identifier
    paths: list[str] | None = Described(None, max_length=500, description="Default: all that it reported.")


def create(
    *,
    user: Person,
    now: datetime,
    name: str,
    folder: Folder | None,
    first_contact: bool,
    note: str,
    description: str,
    enforcement: Enforcement,
    families: Sequence[str],
    **given: Any,
) -> ConfigurationTemplate:
    """A template of what was given."""
    return editing.create_template(
        name,
        folder or inventory.root_folder(),
        _content(user, given),
        user=user,
        now=now,
        description=description,
        enforcement=enforcement,
        is_first_contact=first_contact,
        families=families,
        note=note,
    )


def bring_in(
    *, user: Person, now: datetime, template: Mapping[str, Any], name: str | None, folder: Folder | None
) -> ConfigurationTemplate:
    """A template of an exported one."""
    if template.get("format") != FORMAT:
        raise TemplateRefused(
            {"template.format": _("This is not an exported template: has to be {format!r}.", format=FORMAT)}
        )
    reading = read_structure(template)
    name, families = name or template.get("name"), template.get("families") or []
    if reading.problems or not isinstance(name, str) or not isinstance(families, list):
        sentences = [problem.sentence for problem in reading.problems[:100]]
        raise TemplateRefused(
            {"template": " ".join([_("The exported template cannot be read."), *sentences])}
        )
    return editing.create_template(
        name,
        folder or inventory.root_folder(),
        content_from_reading(reading),
        user=user,
        now=now,
        description=str(template.get("description") or ""),
        enforcement=str(template.get("enforcement") or Enforcement.AUTOMATIC),
        is_first_contact=template.get("first_contact") is True,
        families=[str(one) for one in families],
        note="Imported",
    )


def change(row: ConfigurationTemplate, *, user: Person, now: datetime, **values: Any) -> None:
    """Change what is not versioned."""
    if "first_contact" in values:
        values["is_first_contact"] = values.pop("first_contact")
    editing.change_template(row, now=now, **values)


def delete(row: ConfigurationTemplate, *, user: Person, now: datetime) -> None:
    """Delete it with its versions."""
    editing.delete_template(row)


def edit(
    row: ConfigurationTemplate, *, user: Person, now: datetime, noted: Noted, note: str, **given: Any
) -> tuple[ConfigurationTemplate, dict[str, Any]]:
    """Give it a version, and bring that into force where it is assigned."""
    before = editing.newest_content(row)
    with transaction.atomic():
        content = _content(user, given, before)
        version = editing.add_version(row, content, user=user, now=now, note=note)
        noted((row, {"version": version}))
    applied = bring_into_force(row, user=user, now=now) if content != before else None
    return row, {"version": version, "applied": applied}


def assign(
    row: ConfigurationTemplate, *, user: Person, now: datetime, noted: Noted, **target: Any
) -> tuple[ConfigurationTemplate, dict[str, Any]]:
    """Keep its settings so on a system, on those with a tag, or in a folder."""
    with transaction.atomic():
        made = editing.assign(row, user=user, now=now, **target)
        noted((row, {"assignment": made}))
    return row, {"assignment": made, "applied": bring_into_force(row, user=user, now=now)}


def make_persistent(
    row: ConfigurationTemplate, *, user: Person, now: datetime, noted: Noted, systems: Sequence[System]
) -> tuple[ConfigurationTemplate, dict[str, Any]]:
    """Keep its settings so on each of these systems."""
    with transaction.atomic():
        editing.assign_to_systems(row, systems, user=user, now=now)
        noted((row, {}))
    return row, {"applied": bring_into_force(row, user=user, now=now)}


def unassign(row: TemplateAssignment, *, user: Person, now: datetime) -> None:
    """Stop keeping it so."""
    editing.unassign(row)


def apply(
    row: ConfigurationTemplate,
    *,
    user: Person,
    now: datetime,
    noted: Noted,
    systems: Sequence[System],
    version: int | None,
    commands: bool,
    during_calls: bool,
    only_in_window: bool,
    failure_limit: int | None,
) -> tuple[ConfigurationTemplate, dict[str, Any]]:
    """Apply it once. What a system cannot take is left out."""
    held = get_version(row, version)
    content = content_of(held)
    if content.has_secrets:
        # Whoever may send a secret to a system of her own choice could read it there.
        demand(user, Permission.CHANGE_SETTINGS, row.folder.path)
    if content.commands and commands:
        for path in {system.folder.path for system in systems}:
            demand(user, Permission.RUN_ACTIONS, path)
    applied = apply_template(
        held,
        systems,
        user=user,
        now=now,
        with_commands=commands,
        care=Care(during_calls, only_in_window, failure_limit),
        note=lambda begun: noted((row, {"version": held, "applied": begun, "systems": len(systems)})),
    )
    return row, {"version": held, "applied": applied}


def get_version(template: ConfigurationTemplate, number: int | None = None) -> TemplateVersion:
    """A version of the template, or the one in force. Raises `NotSeen`."""
    wanted = min(number or template.newest, 2**31 - 1)
    found = template.versions.select_related("created_by").filter(number=wanted).first()
    if found is None:
        raise NotSeen("version", number)
    return found


def change_set_of(told: Mapping[str, Any]) -> int | None:
    """The change set that an act came to, if any."""
    applied: AppliedTemplate | None = told.get("applied")
    return applied.change_set.pk if applied and applied.change_set else None


def _content(user: Person, given: Mapping[str, Any], before: Content | None = None) -> Content:
    """What is to be held: settings and commands, pasted text, what a system has, or several of these. Raises
    `TemplateRefused`, `NotSeen`."""
    settings, text, source = given["settings"], given["text"], given["from_system"]
    reading = read_file(text.encode()) if text.strip() else PastedText()
    more = read_structure(
        {
            "settings": settings if isinstance(settings, dict) else [one.model_dump() for one in settings],
            "commands": [one.model_dump() for one in given["commands"]],
        }
    )
    if problems := [*reading.problems, *more.problems]:
        raise TemplateRefused(
            {f"text.{one.line}" if one.line else "": one.sentence for one in problems[:100]}
        )
    taken: list[tuple[str, str | None]] = []
    if source is not None:
        found = content_from_system(_source(user, source.system), source.paths)
        taken = [(one.path, one.value) for one in found.settings]
    together = PastedText([*taken, *reading.settings, *more.settings], [*reading.commands, *more.commands])
    if taken or reading.settings:
        return content_from_reading(together, before=before)
    return checked(together.settings, together.commands, before=before)


def _source(user: Person, key: int) -> System:
    system = visible(grants_of(user)).filter(pk=key).first()
    if system is None:
        raise NotSeen("system", key)
    return system
