"""Making, changing, versioning, assigning and deleting templates. Who may is asked by the surfaces."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.configuration_templates.content import (
    Content,
    TemplateRefused,
    content_of,
    storable,
    version_of,
)
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateVersion,
)
from roomkeeper.devices import registry
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems.inventory import folder_label
from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _

NAME_LIMIT: Final = 100
DESCRIPTION_LIMIT: Final = 2_000
NOTE_LIMIT: Final = 255
ORDER_LIMIT: Final = 32_000


def create_template(
    name: str,
    folder: Folder,
    content: Content,
    *,
    user: Person,
    now: datetime,
    description: str = "",
    enforcement: str = Enforcement.AUTOMATIC,
    is_first_contact: bool = False,
    families: Iterable[str] = (),
    note: str = "",
) -> ConfigurationTemplate:
    """A template with its first version. Raises `TemplateRefused`."""
    with transaction.atomic():
        template = ConfigurationTemplate(folder=folder, created_at=now)
        change_template(
            template,
            now=now,
            name=name,
            description=description,
            enforcement=enforcement,
            is_first_contact=is_first_contact,
            families=families,
        )
        add_version(template, content, user=user, now=now, note=note)
    return template


def change_template(
    template: ConfigurationTemplate,
    *,
    now: datetime,
    name: str | None = None,
    description: str | None = None,
    folder: Folder | None = None,
    enforcement: str | None = None,
    is_first_contact: bool | None = None,
    families: Iterable[str] | None = None,
) -> None:
    """Change what is not versioned; None leaves it. Raises `TemplateRefused` with a sentence by field."""
    errors: dict[str, str] = {}
    if name is not None:
        template.name = " ".join(storable(name).split())
        if not 0 < len(template.name) <= NAME_LIMIT:
            errors["name"] = _("A template needs a name of 1 to {limit} characters.", limit=NAME_LIMIT)
    if description is not None:
        template.description = storable(description).strip()[:DESCRIPTION_LIMIT]
    if folder is not None:
        template.folder = folder
    if enforcement is not None:
        template.enforcement = enforcement
        if enforcement not in list(Enforcement):
            errors["enforcement"] = _("It must be one of {enforcement}.", enforcement=", ".join(Enforcement))
    if is_first_contact is not None:
        template.is_first_contact = is_first_contact
    if families is not None:
        template.families = sorted(set(families))
        unknown = sorted(set(template.families) - set(family_names()))
        if unknown:
            errors["families"] = _(
                "There is no family {unknown}; there are {family_names}.",
                unknown=unknown[0],
                family_names=", ".join(family_names()),
            )
    if errors:
        raise TemplateRefused(errors)
    template.changed_at = now
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise TemplateRefused(
            {"name": _("A template named {name} already exists.", name=template.name)}
        ) from error


def add_version(
    template: ConfigurationTemplate, content: Content, *, user: Person, now: datetime, note: str = ""
) -> TemplateVersion:
    """The content as the version in force from now on; where nothing differs, the version that is."""
    with transaction.atomic():
        locked = ConfigurationTemplate.objects.select_for_update().get(pk=template.pk)
        newest = newest_version(locked)
        if newest is not None and content_of(newest) == content:
            return newest
        version = version_of(
            content,
            template=template,
            number=locked.newest + 1,
            note=storable(note).strip()[:NOTE_LIMIT],
            created_at=now,
            created_by=find_account(user),
        )
        version.save()
        template.newest, template.changed_at = version.number, now
        template.save(update_fields=["newest", "changed_at"])
    return version


def newest_version(template: ConfigurationTemplate) -> TemplateVersion | None:
    """The version in force."""
    return template.versions.filter(number=template.newest).first()


def newest_content(template: ConfigurationTemplate) -> Content:
    """What the version in force holds, secrets in clear."""
    return content_of(newest_version(template))


def delete_template(template: ConfigurationTemplate) -> None:
    """Delete it with its versions; what it set stays as it is on the systems, and is not wanted any more."""
    template.delete()


def assign(
    template: ConfigurationTemplate,
    *,
    user: Person,
    now: datetime,
    system: System | None = None,
    tag: str = "",
    folder: Folder | None = None,
    order: int = 100,
) -> TemplateAssignment:
    """Keep the template's settings so on a system, on those with a tag, or in a folder. Raises `TemplateRefused`."""
    made = assignment_to(template, system=system, tag=tag, folder=folder, order=order)
    made.created_at, made.created_by = now, find_account(user)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise TemplateRefused(_("{template} is already assigned there.", template=template)) from error
    return made


def assignment_to(
    template: ConfigurationTemplate,
    *,
    system: System | None = None,
    tag: str = "",
    folder: Folder | None = None,
    order: int = 100,
) -> TemplateAssignment:
    """The assignment that this would make, not stored. Raises `TemplateRefused`."""
    tag = storable(tag).strip()
    if sum((system is not None, bool(tag), folder is not None)) != 1:
        raise TemplateRefused(_("Choose a folder, a tag or a system. Only one at a time."))
    if not 0 <= order <= ORDER_LIMIT:
        raise TemplateRefused({"order": _("It must be a number from 0 to {limit}.", limit=ORDER_LIMIT)})
    if len(tag) > 50:
        raise TemplateRefused({"tag": _("A tag has at most 50 characters.")})
    target = folder or (system.folder if system else None)
    if target is not None:
        _demand_reach(template, target)
    return TemplateAssignment(template=template, system=system, tag=tag, folder=folder, order=order)


def assign_to_systems(
    template: ConfigurationTemplate, systems: Iterable[System], *, user: Person, now: datetime
) -> list[TemplateAssignment]:
    """Make the template persistent on each of these systems; those that have it so already are left as they are.
    Raises `TemplateRefused` where it reaches one of them not, and then assigns it to none."""
    chosen = list(systems)
    for system in chosen:
        _demand_reach(template, system.folder)
    account = find_account(user)
    with transaction.atomic():
        held = set(template.assignments.exclude(system=None).values_list("system_id", flat=True))
        return TemplateAssignment.objects.bulk_create(
            TemplateAssignment(template=template, system=system, created_at=now, created_by=account)
            for system in chosen
            if system.pk not in held
        )


def _demand_reach(template: ConfigurationTemplate, target: Folder) -> None:
    if not target.path.startswith(template.folder.path):
        raise TemplateRefused(
            _(
                "{template} belongs to {folder_label} and cannot be used for systems outside that "
                "folder. Move the template to a folder above.",
                template=template,
                folder_label=folder_label(template.folder),
            )
        )


def unassign(assignment: TemplateAssignment) -> None:
    """Stop keeping it so; what was set stays as it is on the systems."""
    assignment.delete()


def family_names() -> list[str]:
    """The families that a first-contact template can be for."""
    return sorted(registry.load_families())
