"""Where a request of a person or a program comes from, told to the audit trail."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from roomkeeper.accounts import audit

# Of a request's scope: set where forwarding headers came from somebody who is not trusted.
THROUGH_A_STRANGER: Final = "roomkeeper.through_a_stranger"


def came_through_a_stranger(scope: Mapping[str, Any]) -> bool:
    """Whether the request has forwarding headers of somebody who is not trusted: its source is not who really called,
    so nothing may be granted for where it comes from."""
    return bool(scope.get(THROUGH_A_STRANGER))


class SourceAddressMiddleware:
    """Everything done in a request is noted with the address it came from; the door has put that of the client behind
    a trusted proxy into REMOTE_ADDR."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its source known."""
        with audit.acting_from(str(request.META.get("REMOTE_ADDR", ""))[:45]):
            return self.get_response(request)
