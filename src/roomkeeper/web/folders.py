"""Folders: the tree with its counts, roles and maintenance windows; the acts are declared."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper.accounts.models import RoleAssignment
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations.lists import ListRefused
from roomkeeper.systems.inventory.folder_tree import tree_of
from roomkeeper.systems.inventory.folders_surface import FOLDERS
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of, acts_for
from roomkeeper.web.derived_lists import refused
from roomkeeper.web.derived_reading import read_list
from roomkeeper.words import gettext as _


@needs(Permission.VIEW, anywhere=True)
def folders(request: HttpRequest) -> HttpResponse:
    """The tree, or what a filter leaves of it, with the roles given on each folder and what may be done with it."""
    held, actor = grants(request), actor_of(request)
    try:
        listed = read_list(FOLDERS, actor, request.GET, moment())
    except ListRefused as refusal:
        return refused(request, FOLDERS, refusal)
    roles: dict[int, list[str]] = {}
    if held.may(Permission.MANAGE_PEOPLE):
        given = RoleAssignment.objects.select_related("user", "group").order_by("role")
        for assignment in given:
            name = (
                assignment.user.username if assignment.user else _("{group} (group)", group=assignment.group)
            )
            roles.setdefault(assignment.folder_id, []).append(f"{name}: {assignment.role}")
    tree = tree_of(held, None, None, is_whole=True)
    known = {node["folder"].pk: node["folder"] for node in tree}
    if listed.is_narrowed:
        shown = set(listed.rows.values_list("pk", flat=True))
        tree = [node for node in tree if node["folder"].pk in shown]
    for node in tree:
        folder = node["folder"]
        if folder.parent_id in known:
            folder.parent = known[folder.parent_id]
        node["may_create"] = held.may(Permission.MANAGE_FOLDERS, folder.path)
        node["acts"] = acts_for(FOLDERS, folder, actor)
        node["roles"] = roles.get(folder.pk, [])
    return render(request, "folders/folders.html", {"tree": tree})
