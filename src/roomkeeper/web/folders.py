"""Folders: create, rename, move, delete."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.models import RoleAssignment
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder
from roomkeeper.web.access import grants, visible_folder
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.system_filters import Filters
from roomkeeper.web.systems_list import folder_tree


@needs(Permission.VIEW, anywhere=True)
def folders(request: HttpRequest) -> HttpResponse:
    """The tree, with the roles given on each folder and what may be done with it."""
    held = grants(request)
    roles: dict[int, list[str]] = {}
    if held.may(Permission.MANAGE_PEOPLE):
        given = RoleAssignment.objects.select_related("user", "group").order_by("role")
        for assignment in given:
            name = assignment.user.username if assignment.user else f"{assignment.group} (group)"
            roles.setdefault(assignment.folder_id, []).append(f"{name}: {assignment.role}")
    tree = folder_tree(request, Filters())
    for node in tree:
        node["may_manage"] = held.may(Permission.MANAGE_FOLDERS, node["folder"].path)
        node["roles"] = roles.get(node["folder"].pk, [])
    return render(request, "folders/folders.html", {"tree": tree})


@needs(Permission.MANAGE_FOLDERS, anywhere=True)
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Ask for and do one of: create (below this one), rename, move, delete."""
    folder = visible_folder(request, pk, Permission.MANAGE_FOLDERS)
    if act not in ("create", "rename", "move", "window", "delete"):
        raise Http404
    if request.method != "POST":
        names = "folders/ask_name.html"
        extra = {
            "create": names,
            "rename": names,
            "move": "folders/ask_parent.html",
            "window": "folders/ask_window.html",
        }
        return ask(
            request,
            _question(folder, act),
            extra.get(act, ""),
            name=folder.name if act == "rename" else "",
            folder=folder,
            folders=[
                (other, label)
                for other, label in folder_choices(request, Permission.MANAGE_FOLDERS)
                if not other.path.startswith(folder.path)
            ],
        )
    name = request.POST.get("name", "").strip()

    def deed() -> Any:
        if act == "create":
            return inventory.create_folder(folder, name)
        if act == "rename":
            return inventory.rename_folder(folder, name)
        if act == "window":
            return inventory.set_maintenance_window(folder, request.POST.get("window", ""))
        if act == "delete":
            return inventory.delete_folder(folder)
        parent = visible_folder(request, request.POST.get("parent", ""))
        demand(request.user, Permission.MANAGE_FOLDERS, parent.path)
        return inventory.move_folder(folder, parent)

    done = {
        "create": f"{name} is created.",
        "rename": f"Renamed to {name}.",
        "move": f"{folder} is moved.",
        "window": f"The maintenance window of {folder} is set.",
        "delete": f"{folder} is deleted.",
    }[act]
    attempt(
        request,
        f"{act} folder",
        folder if act != "delete" else None,
        deed,
        done,
        folder=str(folder),
        name=name,
    )
    return HttpResponseRedirect(reverse("folders"))


def _question(folder: Folder, act: str) -> Question:
    address, back = reverse("folder_act", args=[folder.pk, act]), reverse("folders")
    if act == "create":
        return Question(
            f"A new folder in {folder}",
            "Roles on the folders above hold in it too.",
            "An empty folder can be deleted again.",
            "Create",
            address,
            back,
        )
    if act == "rename":
        return Question(
            f"Rename {folder}",
            "Systems and roles stay as they are.",
            "Rename it back at any time.",
            "Rename",
            address,
            back,
        )
    if act == "window":
        return Question(
            f"Maintenance window of {folder}",
            "Changes that were asked to wait for it are handed over while it is open, in the time of each system. It "
            "holds for all folders below that have none of their own.",
            "Change it back at any time.",
            "Set",
            address,
            back,
        )
    if act == "move":
        number = folder.systems.count()
        return Question(
            f"Move {folder}",
            f"It moves with its {number} system{'s' if number != 1 else ''} and everything below it. "
            "Roles on the folders above it change for them.",
            "Move it back at any time.",
            "Move",
            address,
            back,
        )
    return Question(
        f"Delete {folder}?",
        "Only an empty folder can be deleted; roles given on it go with it.",
        "It cannot be undone; make a new one instead.",
        "Delete",
        address,
        back,
        is_dangerous=True,
    )
