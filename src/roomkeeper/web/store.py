"""Pages while the store cannot be written: what can be read is shown, what would be written is refused in words."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from roomkeeper.systems.check_ins import store

_WORDS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The store is unavailable · Roomkeeper</title></head>
<body><h1>The store is unavailable</h1><p>The database cannot be used just now: the disk may be full, or the database
server away. Nothing was changed. Endpoints are told to come again, and nothing of theirs that was acknowledged is lost.
</p><p>See the server's log, then try again.</p><p><a href="/">To the overview</a></p></body></html>
"""


class StoreUnavailableMiddleware:
    """Turns a failing database into a 503 page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing to do while all is well."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """503 in words for a database that fails; other exceptions are somebody else's."""
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        store.note_failure(exception)
        return HttpResponse(_WORDS, status=503, headers={"Retry-After": "10"})
