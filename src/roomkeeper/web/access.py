"""The gate before every page: signed in, with the page's stated rule, and with a password of one's own.

No page is reachable but through `page` or `open_page`; a view that states no rule cannot be mounted.
"""

import functools
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from roomkeeper.accounts.permissions import Grants, Permission, check_rule, demand, grants_of
from roomkeeper.systems.models import Folder, System
from roomkeeper.systems.surface import visible

PASSWORD_PAGE = "change_password"  # noqa: S105  the name of a page


def page(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """Mount a view behind the gate. Raises ImproperlyConfigured where it states no rule (`@needs`)."""
    if getattr(view, "rule", None) is None:
        raise ImproperlyConfigured(f"The page {name} states no rule; mark it with @needs(...).")
    return path(
        route, _gated_async(view, name) if iscoroutinefunction(view) else _gated(view, name), name=name
    )


def open_page(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """Mount a page for everybody: signing in and out, and nothing else. Marked by `is_open` in place of a rule."""

    @functools.wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    shown.is_open = True  # type: ignore[attr-defined]
    return path(route, shown, name=name)


def _refusal(request: HttpRequest, rule: tuple[Permission, bool], name: str) -> HttpResponse | None:
    """Where to send somebody who may not see this page yet; raises PermissionDenied where she never may."""
    if not request.user.is_authenticated or not request.user.is_active:
        return redirect(request, reverse("sign_in") + "?" + urlencode({"next": _back(request)}))
    # Under a flood of connections the door lets those of signed-in people stand (rule R9).
    if (connection := getattr(request, "scope", {}).get("roomkeeper.connection")) is not None:
        connection.prove()
    if getattr(request.user, "must_change_password", False) and name != PASSWORD_PAGE:
        return redirect(request, reverse(PASSWORD_PAGE))
    check_rule(request.user, rule)
    return None


def redirect(request: HttpRequest, address: str) -> HttpResponse:
    """On to that page, also where htmx asked and would put the other page into this one."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _back(request: HttpRequest) -> str:
    return request.get_full_path() if request.method == "GET" else "/"


def _gated(view: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return _refusal(request, view.rule, name) or view(request, *args, **kwargs)  # type: ignore[attr-defined]

    return gate


def _gated_async(view: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(view)
    async def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        refusal = await sync_to_async(_refusal)(request, view.rule, name)  # type: ignore[attr-defined]
        return refusal or await view(request, *args, **kwargs)

    return gate


def number_of(text: str, digits: int = 18) -> int | None:
    """The whole number that the text writes in at most so many digits; None for anything else.

    Every number of 18 digits fits into a database's key.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def grants(request: HttpRequest) -> Grants:
    """What the signed-in person may do."""
    return grants_of(request.user)


def visible_systems(request: HttpRequest) -> QuerySet[System]:
    """All systems that she may see."""
    return visible(grants(request))


def visible_system(request: HttpRequest, pk: int, permission: Permission = Permission.VIEW) -> System:
    """The system, if it stands in a folder that she may see (else 404) and the permission holds there (else 403)."""
    held = grants(request)
    seen = held.folders(Permission.VIEW)
    system = get_object_or_404(System.objects.filter(seen).select_related("folder", "contact"), pk=pk)
    if permission is not Permission.VIEW:
        demand(request.user, permission, system.folder.path)
    return system


def visible_folder(request: HttpRequest, pk: object, permission: Permission = Permission.VIEW) -> Folder:
    """The folder, if she may see it (else 404) and the permission holds there (else 403)."""
    folder = get_object_or_404(
        Folder.objects.filter(grants(request).folders(Permission.VIEW, "path")), pk=number_of(str(pk)) or 0
    )
    if permission is not Permission.VIEW:
        demand(request.user, permission, folder.path)
    return folder


def back_to(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """Back to the page named in `next`, where that is a page of ours, else to the fallback."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        address = fallback
    return HttpResponseRedirect(address)
