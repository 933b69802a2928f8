"""Acts on one system that decide whether it is managed, and who it is."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.fleet.admission_acts import ACCEPT_IDENTITY, APPROVE, BLOCK, IGNORE, READMIT
from roomkeeper.provisioning import management
from roomkeeper.systems.admission import activation
from roomkeeper.systems.models import System
from roomkeeper.web.access import number_of
from roomkeeper.web.acts import now as moment
from roomkeeper.web.system_act import Act


def source_of(request: HttpRequest) -> dict[str, Any]:
    """The address that was chosen, and those that the person saw."""
    shown = request.POST.getlist("shown") if "shown" in request.POST else None
    return {"source": request.POST.get("source", "").strip() or None, "shown": shown}


def folder_of(request: HttpRequest) -> dict[str, int]:
    """The folder that was chosen, if one was."""
    key = number_of(request.POST.get("folder", ""))
    return {} if key is None else {"folder": key}


def _approve(request: HttpRequest, system: System) -> dict[str, Any]:
    return {"name": request.POST.get("name"), **folder_of(request), **source_of(request)}


def _readmit(request: HttpRequest, system: System) -> dict[str, Any]:
    return source_of(request)


def _activation_code(request: HttpRequest, system: System) -> Any:
    code, text = activation.make_code(system, user=request.user, now=moment())
    messages.info(
        request,
        f"Activation code of {system}: {text}. Give the device the manager path {management.EVENTS_PATH}/{text} until"
        f" {code.expires_at:%Y-%m-%d %H:%M} UTC. The code is shown only once.",
    )


def _identity(request: HttpRequest, system: System) -> dict[str, Any]:
    return {name: request.POST.get(name, "") for name in ("serial_number", "mac_address")}


ADMISSION_ACTS: dict[str, Act] = {
    "approve": Act(
        Permission.ADMIT,
        "Admit {0}?",
        "It becomes a managed system: it gets its own secret and our settings with the answer to its next"
        " post.",
        "Undo it by ignoring or blocking the system.",
        "Admit",
        _approve,
        "{0} is admitted.",
        extra="systems/ask_approve.html",
        declared=APPROVE,
    ),
    "activation-code": Act(
        Permission.ADMIT,
        "Create an activation code for {0}?",
        "A one-time code. In the device's manager path it admits this system with its first post, from"
        " any address. Older codes stop working.",
        "Ignore or block the system, or create another code.",
        "Make code",
        _activation_code,
        "",
    ),
    "readmit": Act(
        Permission.ADMIT,
        "Admit {0} again?",
        "For a system after a factory reset: what it has proven so far is forgotten, and it gets a new secret at the "
        "address that you see here.",
        "It cannot be undone: the old secret stops working.",
        "Admit again",
        _readmit,
        "{0} gets a new secret with its next post.",
        extra="systems/ask_readmit.html",
        declared=READMIT,
        tab="connection",
        is_dangerous=True,
    ),
    "identity": Act(
        Permission.ADMIT,
        "Accept another identity for {0}?",
        "For hardware or a network card that was swapped: the record keeps its id, name, folder and history.",
        "Undo it by accepting the old serial number and MAC address again.",
        "Accept",
        _identity,
        "The identity is accepted.",
        extra="systems/ask_identity.html",
        declared=ACCEPT_IDENTITY,
        tab="connection",
    ),
    "ignore": Act(
        Permission.ADMIT,
        "Ignore {0}?",
        "It leaves the inbox or the list; its posts get an empty answer.",
        "Admit it again from the list of ignored systems.",
        "Ignore",
        lambda request, system: {},
        "{0} is ignored.",
        declared=IGNORE,
    ),
    "block": Act(
        Permission.ADMIT,
        "Block {0}?",
        "Everything that this system posts is refused from now on.",
        "Admit it again from the list of blocked systems.",
        "Block",
        lambda request, system: {},
        "{0} is blocked.",
        declared=BLOCK,
        is_dangerous=True,
    ),
}
