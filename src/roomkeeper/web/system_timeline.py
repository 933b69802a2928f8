"""The timeline of a system's page: everything that happened, with the full exchange where it is kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.systems import timeline
from roomkeeper.systems.models import Exchange, System, TimelineEntry
from roomkeeper.web.access import visible_system
from roomkeeper.web.pages import cut


def timeline_tab(request: HttpRequest, system: System) -> dict[str, Any]:
    """Entries newest first, of one kind where the address names one."""
    kind = request.GET.get("kind", "")
    found = timeline.entries(system)
    if kind:
        found = found.filter(kind=kind)
    page, pager = cut(request, found, {"kind": kind})
    return {
        "page": page,
        "kind": kind,
        "pager": pager,
        "kinds": TimelineEntry.objects.filter(system=system)
        .order_by("kind")
        .values_list("kind", flat=True)
        .distinct(),
    }


@needs(Permission.VIEW, anywhere=True)
def exchange(request: HttpRequest, pk: int, entry: int) -> HttpResponse:
    """Request and answer of an entry, as text."""
    system = visible_system(request, pk)
    found = get_object_or_404(Exchange.objects.select_related("entry"), pk=entry, system=system)
    is_part = bool(request.headers.get("HX-Request"))
    return render(
        request,
        "systems/exchange.html" if is_part else "systems/exchange_page.html",
        {
            "system": system,
            "exchange": found,
            "request_text": timeline.request_text(found),
            "answer_text": timeline.answer_text(found),
        },
    )
