"""Tickets: what needs a person; acknowledge and close."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import ROOT_PATH, Permission, needs
from roomkeeper.tickets import tracking
from roomkeeper.tickets.models import Ticket
from roomkeeper.web.access import grants, number_of
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.frame import ticket_scope
from roomkeeper.web.pages import cut

SHOWS = (("open", "Open"), ("acknowledged", "Acknowledged"), ("closed", "Closed"), ("all", "All"))


@needs(Permission.VIEW, anywhere=True)
def tickets(request: HttpRequest) -> HttpResponse:
    """The list by state, newest first; of one system where the address names it."""
    state = request.GET.get("state", "open" if "system" not in request.GET else "all")
    state = state if state in dict(SHOWS) else "open"
    system, q = request.GET.get("system", ""), request.GET.get("q", "").strip()
    scope = Ticket.objects.filter(ticket_scope(request))
    if (key := number_of(system)) is not None:
        scope = scope.filter(system_id=key)
    if q:
        scope = scope.filter(reason__icontains=q) | scope.filter(system__name__icontains=q)
    counts = {key: scope.filter(state=key).count() for key, _ in SHOWS[:3]}
    counts["all"] = sum(counts.values())
    found = scope if state == "all" else scope.filter(state=state)
    page, pager = cut(
        request,
        found.select_related("system", "acknowledged_by", "closed_by").order_by("-last_at", "-id"),
        {"state": state, "system": system, "q": q},
    )
    return render(
        request,
        "tickets/list.html",
        {
            "shows": [(key, label, counts[key]) for key, label in SHOWS],
            "state": state,
            "page": page,
            "pager": pager,
            "system_key": system,
            "q": q,
            "now": moment(),
        },
    )


def _visible_ticket(request: HttpRequest, pk: int) -> Ticket:
    found = Ticket.objects.filter(ticket_scope(request)).select_related("system__folder")
    return get_object_or_404(found, pk=pk)


def _may_work(request: HttpRequest, found: Ticket) -> bool:
    path = found.system.folder.path if found.system else ROOT_PATH
    return grants(request).may(Permission.WORK_ON_TICKETS, path)


@needs(Permission.VIEW, anywhere=True)
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """One ticket with what was found and what to do."""
    found = _visible_ticket(request, pk)
    return render(
        request,
        "tickets/ticket.html",
        {
            "ticket": found,
            "may_work": _may_work(request, found),
            "now": moment(),
            "entries": AuditEntry.objects.filter(object_kind="ticket", object_id=found.pk).order_by("-id")[
                :20
            ],
        },
    )


@needs(Permission.WORK_ON_TICKETS, anywhere=True)
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Acknowledge a ticket or close it with a reason."""
    found = _visible_ticket(request, pk)
    if act not in ("acknowledge", "close") or not _may_work(request, found):
        raise Http404
    page = reverse("ticket", args=[pk])
    if request.method != "POST":
        return ask(request, _question(found, act, page), "tickets/ask_reason.html" if act == "close" else "")
    now = moment()

    def deed() -> Any:
        if act == "acknowledge":
            return tracking.acknowledge(found, user=request.user, now=now)
        return tracking.close(found, user=request.user, now=now, reason=request.POST.get("reason", ""))

    done = "You have taken the ticket up." if act == "acknowledge" else "The ticket is closed."
    attempt(request, f"{act} ticket", found, deed, done)
    return HttpResponseRedirect(page)


def _question(found: Ticket, act: str, page: str) -> Question:
    address = reverse("ticket_act", args=[found.pk, act])
    if act == "acknowledge":
        return Question(
            "Take this ticket up?",
            f"Others see that you work on it: {found.reason}",
            "It stays until it is closed.",
            "Acknowledge",
            address,
            page,
        )
    return Question(
        "Close this ticket?",
        found.reason,
        "It is not reopened; the same finding opens another one.",
        "Close it",
        address,
        page,
    )
