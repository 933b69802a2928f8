"""Registering systems before they phone home: one, or a pasted list that is looked through first."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission
from roomkeeper.adding.registration_lists import Line, check, read_lines
from roomkeeper.adding.surface import PRE_REGISTER, REGISTERING
from roomkeeper.operations.csv_tables import EncodedTwice, safe_cell, write_line
from roomkeeper.operations.door import do
from roomkeeper.operations.exports import BYTE_ORDER_MARK
from roomkeeper.operations.taking import TakenRefused, take, take_form
from roomkeeper.provisioning.management import EVENTS_PATH
from roomkeeper.systems.admission import activation
from roomkeeper.web.access import visible_folder
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext


def register_one(request: HttpRequest) -> HttpResponse | None:
    """Register the system of the form; None where it was refused, which is said in a message."""
    visible_folder(request, request.POST.get("folder", ""), Permission.ADMIT)
    try:
        taken = take_form(REGISTERING, PRE_REGISTER, request.POST.getlist)
        code = _register(request, taken)
    except TakenRefused as refusal:
        messages.error(request, " ".join(refusal.errors.values()))
        return None
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return None
    label = taken["name"] or taken["serial_number"] or taken["mac_address"]
    messages.success(
        request, _("{label} is pre-registered. It is managed from its first post on.", label=label)
    )
    if code:
        messages.info(
            request,
            _(
                "Its activation code, shown only once: {code}. Give it the manager path "
                "{events_path}/{code} within {HOURS} hours.",
                code=code,
                events_path=EVENTS_PATH,
                HOURS=activation.HOURS,
            ),
        )
    return HttpResponseRedirect(reverse("inbox") + "?show=awaited")


def register_list(request: HttpRequest) -> HttpResponse | list[Line]:
    """Look through the list of the form, and register it at the second step. The lines that are left to be shown."""
    folder = visible_folder(request, request.POST.get("folder", ""), Permission.ADMIT)
    try:
        lines = read_lines(request.POST.get("list", ""))
    except EncodedTwice as refusal:
        messages.error(request, str(refusal))
        return []
    check(lines, request.user)
    good = [line for line in lines if not line.error]
    if not lines:
        messages.error(request, _("The list is empty."))
    if request.POST.get("step") != "register" or not good:
        return lines
    for line in good:
        given = {
            "mac_address": line.mac,
            "serial_number": line.serial,
            "name": line.name,
            "hint_address": line.ip,
            "tags": line.tags.replace(";", ",").split(",") if line.tags else [],
            "network": request.POST.get("network", ""),
            "folder": folder.pk,
            "activation_code": bool(request.POST.get("activation_code")),
        }
        try:
            line.code = _register(request, take(REGISTERING, PRE_REGISTER, given))
        except TakenRefused as refusal:
            line.error = " ".join(refusal.errors.values())
        except ValueError as refusal:
            line.error = str(refusal)
    failed = [line for line in lines if line.error]
    if any(line.code for line in good):
        return _codes(good)
    if added := sum(not line.error for line in good):
        messages.success(
            request,
            ngettext("{count} system is pre-registered.", "{count} systems are pre-registered.", added),
        )
    return failed or HttpResponseRedirect(reverse("inbox") + "?show=awaited")


def _codes(lines: list[Line]) -> HttpResponse:
    """The codes that were made, as a file: they are told this once."""
    made = [line for line in lines if line.code]
    rows = [(line.mac, line.serial, line.name, line.code, f"{EVENTS_PATH}/{line.code}") for line in made]
    heading = write_line(("mac", "serial", "name", "activation_code", "path"))
    content = heading + "".join(write_line([safe_cell(cell) for cell in row]) for row in rows)
    return HttpResponse(
        BYTE_ORDER_MARK + content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="activation-codes.csv"'},
    )


def _register(request: HttpRequest, taken: dict[str, Any]) -> str:
    """Register a system; its activation code, "" where none is wanted. Raises the service's refusals."""
    _rest, made = do(REGISTERING, PRE_REGISTER, None, actor=actor_of(request), now=moment(), taken=taken)
    return made[1] if made else ""
