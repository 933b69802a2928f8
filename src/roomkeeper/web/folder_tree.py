"""The tree of folders beside a list remembers what is open."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.models import ListHabit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.systems.inventory.folder_tree import tree_of
from roomkeeper.web.access import back_to, grants, number_of
from roomkeeper.web.derived_acts import actor_of

OPEN_KEPT: Final = 200
_OF_LIST: Final = "systems"


def open_folders(actor: Actor) -> list[int] | None:
    """The folders that this person has open; None where she never folded any."""
    rows = ListHabit.objects.filter(user=actor.grants.user_id, of_list=_OF_LIST)
    found: list[int] | None = rows.values_list("open_folders", flat=True).first()
    return found


@needs(Permission.VIEW, anywhere=True)
def fold(request: HttpRequest) -> HttpResponse:
    """Open or close a folder of the tree, and remember it."""
    actor = actor_of(request)
    key = number_of(request.POST.get("open") or request.POST.get("close") or "")
    if request.method == "POST" and key is not None:
        kept = open_folders(actor)
        if kept is None:
            kept = [node["folder"].pk for node in tree_of(grants(request), None, [])]
        kept = [one for one in kept if one != key]
        if request.POST.get("open"):
            kept = [*kept, key][-OPEN_KEPT:]
        named: dict[str, Any] = {"user": actor.user, "of_list": _OF_LIST}
        ListHabit.objects.update_or_create(**named, defaults={"open_folders": kept})
    return back_to(request, "/systems/")
