"""`templates`: named settings and commands with versions, what they are assigned to, and files of them."""

from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.paging import ListParameters, Page, cut, searched
from roomkeeper.api.problems import Invalid, NotFound
from roomkeeper.api.reach import LARGEST_ID, Identifier, get_folder, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.systems import refuse_nulls
from roomkeeper.api.template_fields import (
    ContentIn,
    DifferenceOut,
    TemplateIn,
    TemplateOut,
    TemplatePatch,
    TemplateSummary,
    VersionOut,
    VersionSummary,
    content_of_body,
    label_of,
    tell_commands,
    tell_difference,
    tell_settings,
    tell_template,
    tell_version,
    told_refusals,
)
from roomkeeper.configuration_templates import comparing, editing
from roomkeeper.configuration_templates.applying import bring_into_force
from roomkeeper.configuration_templates.content import Content, content_of
from roomkeeper.configuration_templates.files import FORMAT, about_template, encode_template, read_structure
from roomkeeper.configuration_templates.making import content_from_reading
from roomkeeper.configuration_templates.models import ConfigurationTemplate, TemplateVersion
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems import inventory
from roomkeeper.systems.inventory import labels_of
from roomkeeper.systems.models import Folder, System

routes = Routes("templates")
_SORTS = {
    "id": "id",
    "name": "name",
    "created_at": "created_at",
    "changed_at": "changed_at",
    "folder": "folder__path",
}
_VERSION_SORTS = {"number": "number", "created_at": "created_at"}


class TemplateFilters(ListParameters):
    """Filters on templates."""

    name: str | None = None
    folder: Identifier | None = Field(None, description="Templates of this folder and of those below it.")
    first_contact: bool | None = None
    enforcement: Enforcement | None = None


class ImportIn(Schema, extra="forbid"):
    """An exported template. Its secrets are not in it; they are typed into the new one."""

    template: dict[str, Any] = Field(description="What `export` answered.")
    name: str | None = Field(None, min_length=1, max_length=100, description="A new name.")
    folder: Identifier | None = Field(None, description="Default: the root folder.")


class VersionMade(Schema):
    """The version in force, and the change set that brings it to the systems it is assigned to, if any."""

    version: VersionOut
    change_set: int | None


@routes.get("", response=Page[TemplateSummary])
@needs(Permission.VIEW, anywhere=True)
def list_templates(request: HttpRequest, filters: Query[TemplateFilters]) -> Page[TemplateSummary]:
    """List the templates of the folders on which you may view."""
    user = user_of(request)
    rows = _rows(user)
    if filters.name is not None:
        rows = rows.filter(name__iexact=filters.name)
    if filters.folder is not None:
        rows = rows.filter(folder__path__startswith=get_folder(user, filters.folder).path)
    if filters.first_contact is not None:
        rows = rows.filter(is_first_contact=filters.first_contact)
    if filters.enforcement is not None:
        rows = rows.filter(enforcement=filters.enforcement)
    found, following = cut(searched(rows, filters.search, "name", "description"), filters, _SORTS, "name")
    labels = labels_of({template.folder.path for template in found})
    newest = TemplateVersion.objects.filter(template__in=found, number=F("template__newest"))
    versions = {version.template_id: version for version in newest}
    items = [
        TemplateSummary(**tell_template(one, labels[one.folder.path], versions.get(one.pk))) for one in found
    ]
    return Page[TemplateSummary](items=items, next=following)


@routes.post("", response={201: TemplateOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def create_template(request: HttpRequest, details: TemplateIn, response: HttpResponse) -> Status[TemplateOut]:
    """Make a template: from settings and commands, pasted text, what a system has now, or several of these."""
    user = user_of(request)
    folder = _folder(user, details.folder)
    system = _source(user, details)
    with transaction.atomic(), told_refusals():
        template = editing.create_template(
            details.name,
            folder,
            content_of_body(details, system),
            user=user,
            now=timezone.now(),
            description=details.description,
            enforcement=details.enforcement,
            is_first_contact=details.first_contact,
            families=details.families,
            note=details.note,
        )
        audit.record(user, "api", "create template", template)
    return _made(user, template, response)


@routes.post("/import", response={201: TemplateOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def import_template(request: HttpRequest, details: ImportIn, response: HttpResponse) -> Status[TemplateOut]:
    """Make a template of an exported one."""
    user = user_of(request)
    folder = _folder(user, details.folder)
    found = details.template
    if found.get("format") != FORMAT:
        raise Invalid(
            "This is not an exported template.", errors=[("body.template.format", f"has to be {FORMAT!r}")]
        )
    reading = read_structure(found)
    name = details.name or found.get("name")
    families = found.get("families") or []
    if reading.problems or not isinstance(name, str) or not isinstance(families, list):
        errors = [("body.template", problem.sentence) for problem in reading.problems[:100]]
        raise Invalid("The exported template cannot be read.", errors=errors)
    with transaction.atomic(), told_refusals():
        template = editing.create_template(
            name,
            folder,
            content_from_reading(reading),
            user=user,
            now=timezone.now(),
            description=str(found.get("description") or ""),
            enforcement=str(found.get("enforcement") or Enforcement.AUTOMATIC),
            is_first_contact=found.get("first_contact") is True,
            families=[str(one) for one in families],
            note="Imported",
        )
        audit.record(user, "api", "import template", template)
    return _made(user, template, response)


@routes.get("/{int:template_id}", response=TemplateOut)
@needs(Permission.VIEW, anywhere=True)
def show_template(request: HttpRequest, template_id: int) -> TemplateOut:
    """Show a template with what its newest version holds."""
    return _tell(get_template(user_of(request), template_id))


@routes.patch("/{int:template_id}", response=TemplateOut)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def change_template(request: HttpRequest, template_id: int, patch: TemplatePatch) -> TemplateOut:
    """Change a template's name, folder or rules. What it holds is changed by a new version."""
    user = user_of(request)
    template = get_template(user, template_id, Permission.CHANGE_SETTINGS)
    values: dict[str, Any] = patch.dict(exclude_unset=True)
    refuse_nulls(values, allowed=set())
    audited = dict(values)
    if "folder" in values:
        values["folder"] = get_folder(user, values["folder"], Permission.CHANGE_SETTINGS)
    if "first_contact" in values:
        values["is_first_contact"] = values.pop("first_contact")
    with transaction.atomic(), told_refusals():
        editing.change_template(template, now=timezone.now(), **values)
        audit.record(user, "api", "change template", template, **audited)
    return _tell(get_template(user, template_id))


@routes.delete("/{int:template_id}", response={204: None})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def delete_template(request: HttpRequest, template_id: int) -> HttpResponse:
    """Delete a template. What it set stays as it is on the systems and is no longer enforced."""
    user = user_of(request)
    template = get_template(user, template_id, Permission.CHANGE_SETTINGS)
    with transaction.atomic():
        audit.record(user, "api", "delete template", template)
        editing.delete_template(template)
    return HttpResponse(status=204)


@routes.get("/{int:template_id}/versions", response=Page[VersionSummary])
@needs(Permission.VIEW, anywhere=True)
def list_versions(
    request: HttpRequest, template_id: int, filters: Query[ListParameters]
) -> Page[VersionSummary]:
    """List the versions of a template, newest first."""
    rows = get_template(user_of(request), template_id).versions.select_related("created_by")
    found, following = cut(searched(rows, filters.search, "note"), filters, _VERSION_SORTS, "-number")
    return Page[VersionSummary](items=[VersionSummary(**tell_version(one)) for one in found], next=following)


@routes.post("/{int:template_id}/versions", response={201: VersionMade})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def create_version(
    request: HttpRequest, template_id: int, details: ContentIn, response: HttpResponse
) -> Status[VersionMade]:
    """Give a template a new version, in force from now on: systems it is assigned to are asked for it, as its
    enforcement says. A secret given as null stays what it was."""
    user = user_of(request)
    template = get_template(user, template_id, Permission.CHANGE_SETTINGS)
    system = _source(user, details)
    before = editing.newest_content(template)
    with transaction.atomic(), told_refusals():
        content = content_of_body(details, system, before)
        version = editing.add_version(template, content, user=user, now=timezone.now(), note=details.note)
        audit.record(user, "api", "change template", template, version=version.number)
    applied = bring_into_force(template, user=user, now=timezone.now()) if content != before else None
    response["Location"] = f"/api/v1/templates/{template.pk}/versions/{version.number}"
    change_set = applied.change_set.pk if applied and applied.change_set else None
    return Status(201, VersionMade(version=_tell_version(version), change_set=change_set))


@routes.get("/{int:template_id}/versions/{int:number}", response=VersionOut)
@needs(Permission.VIEW, anywhere=True)
def show_version(request: HttpRequest, template_id: int, number: int) -> VersionOut:
    """Show what a version of a template held."""
    return _tell_version(get_version(get_template(user_of(request), template_id), number))


@routes.get("/{int:template_id}/differences", response=list[DifferenceOut])
@needs(Permission.VIEW, anywhere=True)
def list_differences(
    request: HttpRequest, template_id: int, old: Identifier, new: Identifier | None = None
) -> list[DifferenceOut]:
    """List what differs between two versions of a template; without `new` the one in force."""
    template = get_template(user_of(request), template_id)
    sides = [content_of(get_version(template, number)) for number in (old, new or template.newest)]
    return [tell_difference(one) for one in comparing.compare(*sides)]


@routes.get("/{int:template_id}/export", response=dict[str, Any])
@needs(Permission.VIEW, anywhere=True)
def export_template(
    request: HttpRequest, template_id: int, version: Identifier | None = None
) -> dict[str, Any]:
    """Export a template as JSON, without its secrets; `POST templates/import` takes it."""
    template = get_template(user_of(request), template_id)
    content = content_of(get_version(template, version or template.newest))
    return encode_template(about_template(template), content)


def get_template(
    user: User, template_id: int, permission: Permission = Permission.VIEW
) -> ConfigurationTemplate:
    """The template; `NotFound` where the caller cannot see its folder, `PermissionDenied` where that is all."""
    template = _rows(user).filter(pk=min(template_id, LARGEST_ID)).first()
    if template is None:
        raise NotFound("template", template_id)
    demand(user, permission, template.folder.path)
    return template


def get_version(template: ConfigurationTemplate, number: int) -> TemplateVersion:
    """A version of the template."""
    found = template.versions.select_related("created_by").filter(number=min(number, 2**31 - 1)).first()
    if found is None:
        raise NotFound("version", number)
    return found


def _rows(user: User) -> QuerySet[ConfigurationTemplate]:
    seen = grants_of(user).folders(Permission.VIEW)
    rows = ConfigurationTemplate.objects.filter(seen).select_related("folder")
    return rows.annotate(assignment_count=Count("assignments"))


def _folder(user: User, folder_id: int | None) -> Folder:
    if folder_id:
        return get_folder(user, folder_id, Permission.CHANGE_SETTINGS)
    root = inventory.root_folder()
    demand(user, Permission.CHANGE_SETTINGS, root.path)
    return root


def _source(user: User, details: ContentIn) -> System | None:
    return get_system(user, details.from_system.system) if details.from_system else None


def _made(user: User, template: ConfigurationTemplate, response: HttpResponse) -> Status[TemplateOut]:
    response["Location"] = f"/api/v1/templates/{template.pk}"
    return Status(201, _tell(get_template(user, template.pk)))


def _tell(template: ConfigurationTemplate) -> TemplateOut:
    version = editing.newest_version(template)
    content = content_of(version)
    return TemplateOut(
        **tell_template(template, label_of(template), version),
        settings=tell_settings(content.settings),
        commands=tell_commands(content.commands),
        variables=sorted(content.variables()),
    )


def _tell_version(version: TemplateVersion) -> VersionOut:
    content: Content = content_of(version)
    return VersionOut(
        **tell_version(version),
        settings=tell_settings(content.settings),
        commands=tell_commands(content.commands),
    )
