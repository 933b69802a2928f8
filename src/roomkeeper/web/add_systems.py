"""Add systems: pre-register one or a pasted list, and how an endpoint finds this server."""

import csv
import io
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.systems import admission, inventory, network_settings
from roomkeeper.systems.models import Folder, System
from roomkeeper.web.access import visible_folder
from roomkeeper.web.acts import attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.dhcp import snippets
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.server_addresses import manager_values

TABS = (("one", "One system"), ("list", "A list"), ("finding", "How does an endpoint find us?"))
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


@needs(Permission.ADMIT, anywhere=True)
def add_systems(request: HttpRequest) -> HttpResponse:
    """The three tabs; a POST registers, a list only after its preview."""
    tab = request.GET.get("tab", "one")
    tab = tab if tab in dict(TABS) else "one"
    lines: list[Line] = []
    if request.method == "POST":
        folder = visible_folder(request, request.POST.get("folder", ""))
        demand(request.user, Permission.ADMIT, folder.path)
        if tab == "one":
            line = Line(1, **{name: request.POST.get(name, "").strip() for name in NAMES})
            if _register(request, line, folder):
                label = line.name or line.serial or line.mac
                messages.success(request, f"{label} is registered. It is managed from its first post on.")
                return HttpResponseRedirect(reverse("inbox") + "?show=awaited")
            messages.error(request, line.error)
        elif tab == "list":
            lines = read_lines(request.POST.get("list", ""))
            check(lines)
            good = [line for line in lines if not line.error]
            if request.POST.get("step") == "register" and good:
                added = sum(_register(request, line, folder) for line in good)
                failed = [line for line in lines if line.error]
                if added:
                    messages.success(request, f"{added} system{'s are' if added > 1 else ' is'} registered.")
                if not failed:
                    return HttpResponseRedirect(reverse("inbox") + "?show=awaited")
                lines = failed
            elif not lines:
                messages.error(request, "The list is empty.")
    values = manager_values(network_settings.get())
    return render(
        request,
        "add_systems/add_systems.html",
        {
            "tab": tab,
            "tabs": TABS,
            "folders": folder_choices(request, Permission.ADMIT),
            "typed": request.POST,
            "lines": lines,
            "good": sum(not line.error for line in lines),
            "bad": sum(bool(line.error) for line in lines),
            "manager": values,
            "snippets": snippets(values),
            "network": network_settings.get(),
        },
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
            line.error = f"Only the first {LINES_LIMIT} lines are taken at once."
            break
    return lines


def _guess(line: Line, cells: list[str]) -> None:
    """Without a heading: first the MAC address or serial number, then the name."""
    try:
        inventory.normalize_mac(cells[0])
    except ValueError:
        # No serial number is written with colons: it was meant as a MAC address, and is refused as one.
        is_mac = ":" in cells[0]
    else:
        is_mac = True
    if is_mac:
        line.mac = cells[0]
    else:
        line.serial = cells[0]
    rest = ["name", "ip", "tags"]
    for name, cell in zip(rest, cells[1:], strict=False):
        setattr(line, name, cell)


def check(lines: list[Line]) -> None:
    """Give each line that cannot be registered its sentence; writes nothing."""
    seen: dict[str, int] = {}
    for line in lines:
        try:
            line.mac = inventory.normalize_mac(line.mac) if line.mac else ""
        except ValueError as refusal:
            line.error = str(refusal)
        if not line.error and not line.mac and not line.serial:
            line.error = "It needs a MAC address or a serial number."
        for key in (line.mac, line.serial):
            if key and not line.error:
                if key in seen:
                    line.error = f"The same system stands in line {seen[key]}."
                seen.setdefault(key, line.number)
    known: dict[str, System] = {}
    for start in range(0, len(lines), 400):
        part = lines[start : start + 400]
        admitted = System.objects.exclude(state="pending")
        for system in admitted.filter(mac_address__in=[line.mac for line in part if line.mac]):
            known[system.mac_address] = system
        for system in admitted.filter(serial_number__in=[line.serial for line in part if line.serial]):
            known[system.serial_number] = system
    for line in lines:
        other = known.get(line.mac) if line.mac else None
        other = other or (known.get(line.serial) if line.serial else None)
        if other is not None and not line.error:
            line.error = (
                f"A system ({other.get_state_display()}, number {other.pk}) already has that identity."
            )


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
    except ValueError as refusal:
        line.error = str(refusal)
        return False
    return attempt(request, "pre-register", system, lambda: None, "")
