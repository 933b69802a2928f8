"""Announcing systems before they phone home: one, or a pasted list that is looked through first."""

import csv
import io
from dataclasses import dataclass

from django.contrib import messages
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.csv_tables import safe_cell, write_line
from roomkeeper.operations.exports import BYTE_ORDER_MARK
from roomkeeper.provisioning.management import EVENTS_PATH
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.admission import activation
from roomkeeper.systems.models import Folder, System
from roomkeeper.web.access import visible_folder
from roomkeeper.web.acts import attempt
from roomkeeper.web.acts import now as moment

LINES_LIMIT = 5_000
NAMES = ("mac", "serial", "name", "ip", "tags")
COLUMNS = {
    "mac": "mac",
    "mac address": "mac",
    "mac_address": "mac",
    "serial": "serial",
    "serial number": "serial",
    "serial_number": "serial",
    "name": "name",
    "ip": "ip",
    "ip address": "ip",
    "address": "ip",
    "tags": "tags",
}


@dataclass
class Line:
    """A line of the pasted list with what became of it."""

    number: int
    mac: str = ""
    serial: str = ""
    name: str = ""
    ip: str = ""
    tags: str = ""
    error: str = ""
    code: str = ""


def register_one(request: HttpRequest) -> HttpResponse | None:
    """Register the system of the form; None where it was refused, which is said in a message."""
    folder = visible_folder(request, request.POST.get("folder", ""), Permission.ADMIT)
    line = Line(1, **{name: request.POST.get(name, "").strip() for name in NAMES})
    if not _register(request, line, folder):
        messages.error(request, line.error)
        return None
    label = line.name or line.serial or line.mac
    messages.success(request, f"{label} is pre-registered. It is managed from its first post on.")
    if line.code:
        messages.info(
            request,
            f"Its activation code, shown only once: {line.code}. Give it the manager path"
            f" {EVENTS_PATH}/{line.code}"
            f" within {activation.HOURS} hours.",
        )
    return HttpResponseRedirect(reverse("inbox") + "?show=awaited")


def register_list(request: HttpRequest) -> HttpResponse | list[Line]:
    """Look through the list of the form, and register it at the second step. The lines that are left to be shown."""
    folder = visible_folder(request, request.POST.get("folder", ""), Permission.ADMIT)
    lines = read_lines(request.POST.get("list", ""))
    check(lines, request.user)
    good = [line for line in lines if not line.error]
    if not lines:
        messages.error(request, "The list is empty.")
    if request.POST.get("step") != "register" or not good:
        return lines
    added = sum(_register(request, line, folder) for line in good)
    failed = [line for line in lines if line.error]
    if any(line.code for line in good):
        return _codes(good)
    if added:
        messages.success(request, f"{added} system{'s are' if added > 1 else ' is'} pre-registered.")
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


def read_lines(text: str) -> list[Line]:
    """Lines of MAC or serial, name, IP address, tags, with or without a heading; commas, semicolons or tabs between."""
    sample = text.strip().splitlines()
    if not sample:
        return []
    separator = next((mark for mark in ("\t", ";", ",") if mark in sample[0]), ",")
    found = csv.reader(io.StringIO(text.strip()), delimiter=separator)
    rows = [row for row in found if any(cell.strip() for cell in row)]
    heading = [COLUMNS.get(cell.strip().lower(), "") for cell in rows[0]]
    has_heading = any(heading) and all(
        COLUMNS.get(cell.strip().lower()) or not cell.strip() for cell in rows[0]
    )
    lines = []
    for number, row in enumerate(rows[1:] if has_heading else rows, start=2 if has_heading else 1):
        cells = [cell.strip() for cell in row]
        line = Line(number)
        if has_heading:
            for name, cell in zip(heading, cells, strict=False):
                if name:
                    setattr(line, name, cell)
        else:
            _guess(line, cells)
        lines.append(line)
        if len(lines) > LINES_LIMIT:
            line.error = f"Only the first {LINES_LIMIT} lines are used at once."
            break
    return lines


def _guess(line: Line, cells: list[str]) -> None:
    """Without a heading: first the MAC address, serial number or expected address, then the name."""
    try:
        inventory.normalize_mac(cells[0])
    except ValueError:
        # No serial number is written with colons: it was meant as a MAC address, and is refused as one.
        is_mac = ":" in cells[0]
    else:
        is_mac = True
    if parse_address(cells[0]) is not None:
        line.ip = cells[0]
    elif is_mac:
        line.mac = cells[0]
    else:
        line.serial = cells[0]
    rest = ["name", "ip", "tags"]
    for name, cell in zip(rest, cells[1:], strict=False):
        setattr(line, name, cell)


def check(lines: list[Line], user: Person) -> None:
    """Give each line that cannot be registered its sentence; writes nothing."""
    seen: dict[str, int] = {}
    for line in lines:
        try:
            line.mac = inventory.normalize_mac(line.mac) if line.mac else ""
        except ValueError as refusal:
            line.error = str(refusal)
        if line.ip and parse_address(line.ip) is None:
            line.error = line.error or f"{line.ip} is not an IP address."
        if not line.error and not line.mac and not line.serial and not line.ip:
            line.error = "It needs a MAC address, a serial number, or the address where it is expected."
        own = (line.mac, line.serial) if line.mac or line.serial else (line.ip,)
        for key in own:
            if key and not line.error:
                if key in seen:
                    line.error = f"The same system is in line {seen[key]}."
                seen.setdefault(key, line.number)
    known: dict[str, System] = {}
    for start in range(0, len(lines), 400):
        part = lines[start : start + 400]
        admitted = System.objects.exclude(state="pending").select_related("folder")
        for system in admitted.filter(mac_address__in=[line.mac for line in part if line.mac]):
            known[system.mac_address] = system
        same = admitted.annotate(key=Upper("serial_number"))
        for system in same.filter(key__in=[line.serial.upper() for line in part if line.serial]):
            known[system.serial_number.upper()] = system
    for line in lines:
        other = known.get(line.mac) if line.mac else None
        other = other or (known.get(line.serial.upper()) if line.serial else None)
        if other is not None and not line.error:
            line.error = f"{admission.label_for(user, other)} already has that identity."


def _register(request: HttpRequest, line: Line, folder: Folder) -> bool:
    """Register one line; its sentence says why not. No message is shown for it."""
    try:
        system = admission.pre_register(
            user=request.user,
            now=moment(),
            mac_address=line.mac,
            serial_number=line.serial,
            name=line.name,
            folder=folder,
            hint_address=line.ip or None,
            tags=line.tags.replace(";", ",").split(","),
            network=request.POST.get("network", "").strip(),
        )
        if request.POST.get("codes"):
            _, line.code = activation.make_code(system, user=request.user, now=moment())
    except ValueError as refusal:
        line.error = str(refusal)
        return False
    return attempt(request, "pre-register", system, lambda: None, "")
