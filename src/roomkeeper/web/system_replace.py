"""Replacing a system's hardware, step by step: which hardware, what will happen, confirmed by its name."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.backups.restoring_surface import REPLACE, REPLACEMENTS
from roomkeeper.operations import door
from roomkeeper.operations.taking import TakenRefused, take_form
from roomkeeper.systems.models import State, System
from roomkeeper.web.access import grants, visible_system
from roomkeeper.web.acts import Question, is_confirmed
from roomkeeper.web.acts import now as moment
from roomkeeper.web.backup_restore import report_rows
from roomkeeper.web.chosen_systems import source_of
from roomkeeper.web.derived_acts import actor_of, tried
from roomkeeper.words import gettext as _

CHOICES_SHOWN = 50


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: choose the hardware, then the plan. POST: do it, once the system's name was typed."""
    system = visible_system(request, pk, Permission.MANAGE_SYSTEMS)
    given = {name: source_of(request).getlist(name) for name in source_of(request)}
    if not any(any(given.get(name, [])) for name in ("with", "serial_number", "mac_address")):
        return render(request, "backups/replace.html", _choosing(request, system))
    page = reverse("system_replace", args=[pk])
    try:
        taken = take_form(REPLACEMENTS, REPLACE, lambda name: {**given, "system": [str(pk)]}.get(name, []))
        plan = door.preview(REPLACEMENTS, REPLACE, actor=actor_of(request), now=moment(), taken=taken)
    except door.NotSeen as error:
        raise Http404 from error
    except ValueError as refusal:
        if not isinstance(refusal, (TakenRefused, *REPLACE.refused)):
            raise
        messages.error(request, str(refusal))
        return HttpResponseRedirect(page)
    question = Question(
        _("Replace the hardware of {system}?", system=system),
        "",
        _("Parts of it cannot be undone, as shown above."),
        _("Replace it"),
        page,
        page,
        is_dangerous=True,
        word=str(system),
        fields=tuple(
            (one.name, given[one.name][-1]) for one in REPLACE.takes if any(given.get(one.name, []))
        ),
    )
    if request.method == "POST" and is_confirmed(request, question):
        for _rest in tried(request, REPLACEMENTS, REPLACE, None, taken, ""):
            messages.success(request, _("The hardware of {system} is replaced.", system=system))
            return HttpResponseRedirect(reverse("system_tab", args=[pk, "backups"]))
        return HttpResponseRedirect(page)
    report = report_rows(plan.report, request.GET.get("show", "")) if plan.report else {}
    return render(
        request,
        "backups/replace_plan.html",
        {"system": system, "plan": plan, "question": question, "now": moment(), **report},
    )


def _choosing(request: HttpRequest, system: System) -> dict[str, Any]:
    q = request.GET.get("q", "").strip()
    waiting, managed = _candidates(request, system)
    if q:
        named = Q(name__icontains=q) | Q(serial_number__icontains=q) | Q(mac_address__icontains=q)
        managed, waiting = managed.filter(named), waiting.filter(named)
    return {
        "system": system,
        "q": q,
        "waiting": waiting.order_by("-contact__last_seen_at", "pk")[:CHOICES_SHOWN],
        "managed": managed.order_by("-created_at", "pk")[:CHOICES_SHOWN]
        if q
        else managed.order_by("-created_at")[:5],
        "now": moment(),
    }


def _candidates(request: HttpRequest, system: System) -> tuple[QuerySet[System], QuerySet[System]]:
    """What waits in the inbox and what was added as new, as far as she may take it away from there."""
    held = grants(request)
    rows = System.objects.exclude(pk=system.pk).select_related("contact", "folder")
    may_take = held.may(Permission.VIEW_INBOX) and held.may(Permission.ADMIT, system.folder.path)
    waiting = rows.filter(held.folders(Permission.VIEW), state=State.PENDING) if may_take else rows.none()
    managed = rows.filter(
        held.folders(Permission.MANAGE_SYSTEMS), state__in=[State.MANAGED, State.PRE_REGISTERED]
    )
    return waiting, managed
