"""Replacing a system's hardware, step by step: which hardware, what will happen, confirmed by its name; undoing it."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.backups import replacement_plan, replacing
from roomkeeper.backups.models import Replacement
from roomkeeper.backups.replacement_plan import Hardware
from roomkeeper.systems.models import State, System
from roomkeeper.web.access import grants, number_of, visible_system
from roomkeeper.web.acts import Question, ask, attempt, is_confirmed
from roomkeeper.web.acts import now as moment
from roomkeeper.web.backup_restore import report_rows

CHOICES_SHOWN = 50
FIELDS = ("with", "serial_number", "mac_address", "restore", "keep_credentials")


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def replace(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: choose the hardware, then the plan. POST: do it, once the system's name was typed."""
    system = visible_system(request, pk, Permission.MANAGE_SYSTEMS)
    given = request.POST if request.method == "POST" else request.GET
    is_chosen = any(given.get(name, "").strip() for name in ("with", "serial_number", "mac_address"))
    if not is_chosen:
        return render(request, "backups/replace.html", _choosing(request, system))
    how: dict[str, Any] = {
        "restores": given.get("restore", "") != "no",
        "keeps_credentials": bool(given.get("keep_credentials")),
    }
    page = reverse("system_replace", args=[pk])
    try:
        hardware = replacement_plan.find_hardware(
            system,
            serial_number=given.get("serial_number", ""),
            mac_address=given.get("mac_address", ""),
            record=_record(request, given.get("with", "")),
            user=request.user,
        )
        _demand_record(request, system, hardware)
        plan = replacement_plan.plan(system, hardware, **how)
    except replacement_plan.ReplaceRefused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(page)
    question = Question(
        f"Replace the hardware of {system}?",
        "",
        "Parts of it cannot be undone, as shown above.",
        "Replace it",
        page,
        page,
        is_dangerous=True,
        word=str(system),
        fields=tuple((name, given[name]) for name in FIELDS if given.get(name)),
    )
    if request.method == "POST" and is_confirmed(request, question):
        done: list[Any] = []
        is_done = attempt(
            request,
            "replace hardware",
            system,
            lambda: done.append(replacing.replace(system, hardware, user=request.user, now=moment(), **how)),
            f"The hardware of {system} is replaced.",
            serial_number=hardware.serial_number,
            mac_address=hardware.mac_address,
            merged=hardware.record.pk if hardware.record else None,
        )
        if is_done:
            return HttpResponseRedirect(reverse("system_tab", args=[pk, "backups"]))
        return HttpResponseRedirect(page)
    report = report_rows(plan.report, request.GET.get("show", "")) if plan.report else {}
    return render(
        request,
        "backups/replace_plan.html",
        {"system": system, "plan": plan, "question": question, "now": moment(), **report},
    )


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def undo(request: HttpRequest, pk: int, replacement: int) -> HttpResponse:
    """Ask (GET) and do (POST)."""
    system = visible_system(request, pk, Permission.MANAGE_SYSTEMS)
    found: Replacement = get_object_or_404(Replacement, pk=replacement, system=system)
    tab = reverse("system_tab", args=[pk, "backups"])
    question = Question(
        f"Bring the old hardware of {system} back?",
        f"Its serial number is {found.old.get('serial_number') or 'unknown'} again. It gets a new secret with its next "
        "post. The present hardware appears in the inbox when it posts; its own record is not restored.",
        "Replace it again to undo this.",
        "Bring it back",
        reverse("system_replace_undo", args=[pk, replacement]),
        tab,
        is_dangerous=True,
    )
    if request.method != "POST":
        return ask(request, question)
    attempt(
        request,
        "undo replacement",
        system,
        lambda: replacing.undo(found, user=request.user, now=moment()),
        "The old hardware is the system again.",
    )
    return HttpResponseRedirect(tab)


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


def _record(request: HttpRequest, text: str) -> System | None:
    if not text:
        return None
    if (key := number_of(text)) is None:
        raise Http404
    return visible_system(request, key)


def _demand_record(request: HttpRequest, system: System, hardware: Hardware) -> None:
    """The new hardware's own record is taken away from where it stands: she must be allowed that there, too."""
    record = hardware.record
    if record is None:
        demand(request.user, Permission.ADMIT, system.folder.path)
        return
    visible_system(request, record.pk)
    if record.state == State.PENDING:
        demand(request.user, Permission.VIEW_INBOX)
        demand(request.user, Permission.ADMIT, system.folder.path)
    else:
        demand(request.user, Permission.MANAGE_SYSTEMS, record.folder.path)
