"""To what templates are assigned: their settings are kept so there."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.paging import ListParameters, Page, cut, searched
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import LARGEST_ID, get_folder, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.template_fields import AssignmentIn, AssignmentOut, tell_assignment, told_refusals
from roomkeeper.api.templates import get_template
from roomkeeper.configuration_templates import editing
from roomkeeper.configuration_templates.applying import bring_into_force
from roomkeeper.systems.inventory import labels_of

routes = Routes("templates")
_SORTS = {"id": "id", "order": "order", "created_at": "created_at"}


class AssignedOut(Schema):
    """An assignment, and the change set that brings it into force, if any."""

    assignment: AssignmentOut
    change_set: int | None


@routes.get("/{int:template_id}/assignments", response=Page[AssignmentOut])
@needs(Permission.VIEW, anywhere=True)
def list_assignments(
    request: HttpRequest, template_id: int, filters: Query[ListParameters]
) -> Page[AssignmentOut]:
    """List to what a template is assigned."""
    rows = get_template(user_of(request), template_id).assignments.select_related(
        "system", "folder", "created_by"
    )
    found, following = cut(
        searched(rows, filters.search, "tag", "system__name", "folder__name"),
        filters,
        _SORTS,
        "order",
    )
    labels = labels_of({one.folder.path for one in found if one.folder})
    items = [tell_assignment(one, labels[one.folder.path] if one.folder else "") for one in found]
    return Page[AssignmentOut](items=items, next=following)


@routes.post("/{int:template_id}/assignments", response={201: AssignedOut})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def assign_template(request: HttpRequest, template_id: int, details: AssignmentIn) -> Status[AssignedOut]:
    """Keep a template's settings so on a system, on those with a tag, or in a folder: they are asked for at once, or
    in maintenance windows, as its enforcement says."""
    user = user_of(request)
    template = get_template(user, template_id, Permission.CHANGE_SETTINGS)
    system = get_system(user, details.system, Permission.CHANGE_SETTINGS) if details.system else None
    folder = get_folder(user, details.folder, Permission.CHANGE_SETTINGS) if details.folder else None
    with transaction.atomic(), told_refusals():
        made = editing.assign(
            template,
            user=user,
            now=timezone.now(),
            system=system,
            tag=details.tag,
            folder=folder,
            order=details.order,
        )
        audit.record(user, "api", "assign template", template, **details.dict(exclude_defaults=True))
    applied = bring_into_force(template, user=user, now=timezone.now())
    label = labels_of({folder.path})[folder.path] if folder else ""
    change_set = applied.change_set.pk if applied and applied.change_set else None
    return Status(201, AssignedOut(assignment=tell_assignment(made, label), change_set=change_set))


@routes.delete("/{int:template_id}/assignments/{int:assignment_id}", response={204: None})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def unassign_template(request: HttpRequest, template_id: int, assignment_id: int) -> HttpResponse:
    """Keep a template's settings so no longer. What was set stays as it is on the systems."""
    user = user_of(request)
    template = get_template(user, template_id, Permission.CHANGE_SETTINGS)
    found = template.assignments.filter(pk=min(assignment_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("assignment", assignment_id)
    with transaction.atomic():
        audit.record(user, "api", "unassign template", template, assignment=found.pk)
        editing.unassign(found)
    return HttpResponse(status=204)
