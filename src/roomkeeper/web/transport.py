"""Pages and API only over HTTPS, loopback excepted (rule R6)."""

import ipaddress
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse

from roomkeeper.accounts.source import came_through_a_stranger
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_WORDS = noop("Roomkeeper serves pages and its API over HTTPS only.")
_HINT = noop("Use the https:// address of this server.")


class SecureTransportMiddleware:
    """Refuses plain HTTP from anywhere but this machine."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on what came by HTTPS or from a loopback address; say what to do otherwise."""
        is_own = _is_loopback(request.META.get("REMOTE_ADDR", "")) and not _is_passed_on(request)
        if not request.is_secure() and not is_own:
            if request.path.startswith("/api/"):
                problem = {
                    "type": "about:blank",
                    "title": _("HTTPS only"),
                    "status": 403,
                    "detail": _(_WORDS),
                    "hint": _(_HINT),
                }
                return JsonResponse(problem, status=403, content_type="application/problem+json")
            return HttpResponseForbidden(f"{_(_WORDS)} {_(_HINT)}", content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def _is_passed_on(request: HttpRequest) -> bool:
    """By a proxy on this machine that nobody told us to trust: who called stands somewhere else."""
    return came_through_a_stranger(getattr(request, "scope", {}))


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
