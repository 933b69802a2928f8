"""The phone book of a system's page: what somebody finds at its touch panel, and why not the rest."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.phonebooks import explaining
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants

SHOWN = 100


def phone_book_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """A search as the system makes it; without one the list that its touch panel begins with."""
    search, folder = request.GET.get("search", "")[:255], request.GET.get("folder", "")[:32]
    told = explaining.search_as(system, search, grants(request), path=folder, limit=SHOWN)
    return {"search": search, "folder": folder, "told": told}
