"""Addresses of before: people keep them, so each leads on to where the same stands today."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.web.access import page

_ADDRESSES = (
    ("systems/passwords/", "systems_do_many", ("password",)),
    ("systems/authorities/", "systems_do_many", ("authorities",)),
    ("systems/command/asked/", "actions", ()),
    ("systems/<int:pk>/diagnosis/start/", "systems_act", ("{pk}", "diagnose")),
    ("systems/<int:pk>/diagnosis/<slug:act>/", "systems_act", ("{pk}", "fix-{act}")),
    ("systems/<int:pk>/replace/<int:other>/undo/", "replacements_act", ("{other}", "undo")),
    ("account/tokens/<int:pk>/delete/", "tokens_act", ("{pk}", "delete")),
    ("credentials/add/<slug:act>/", "credentials_do_many", ("create",)),
    ("backups/schedule/", "backups_do_many", ("schedule",)),
    ("inbox/decide/", "inbox", ()),
    ("jobs/<int:pk>/stop/", "jobs_act", ("{pk}", "cancel")),
    ("people/", "users", ()),
    ("people/<int:pk>/", "user", ("{pk}",)),
    ("people/<int:pk>/<slug:act>/", "users_act", ("{pk}", "{act}")),
    ("secure-only/<int:pk>/<int:other>/<slug:act>/", "secure_only_move", ("{pk}",)),
    ("templates/<int:pk>/persistent/", "template_used", ("{pk}",)),
)


def _on_to(name: str, keys: tuple[str, ...]) -> Callable[..., HttpResponse]:
    @needs(Permission.OWN_ACCOUNT)
    def view(request: HttpRequest, **found: Any) -> HttpResponse:
        query = request.GET.copy()
        query.pop("at", None)
        for system in query.pop("system", []):
            query.appendlist("row", system)
        address = reverse(name, args=[key.format(**found) for key in keys])
        return HttpResponseRedirect(f"{address}?{query.urlencode()}" if query else address)

    return view


former_addresses: list[URLPattern] = [
    page(route, _on_to(name, keys), f"former_{place}") for place, (route, name, keys) in enumerate(_ADDRESSES)
]
