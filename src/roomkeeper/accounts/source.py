"""Where a request of a person or a program comes from, told to the audit trail."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from roomkeeper.accounts import audit


class SourceAddressMiddleware:
    """Everything done in a request is noted with the address it came from; the door has put that of the client behind
    a trusted proxy into REMOTE_ADDR."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its source known."""
        with audit.acting_from(str(request.META.get("REMOTE_ADDR", ""))[:45]):
            return self.get_response(request)
