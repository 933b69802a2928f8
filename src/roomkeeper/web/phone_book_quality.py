"""What is wrong in phone books, and the lists behind the numbers."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations.subjects import get_subject
from roomkeeper.phonebooks import quality
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment


@needs(Permission.VIEW, anywhere=True)
def phone_book_quality(request: HttpRequest) -> HttpResponse:
    """Each finding with how often it is found, also what is found nowhere."""
    found = [
        (one, f"/{get_subject(one.subject).pages_path}/?{urlencode(one.filters)}")
        for one in quality.examine(grants(request), now=moment())
    ]
    return render(
        request,
        "phone_books/quality.html",
        {"found": found, "is_good": not any(one.count for one, _ in found)},
    )
