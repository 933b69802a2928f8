"""Acts on one system: each asks first, then calls the service that does it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.admission_acts import ACCEPT_KEY
from roomkeeper.fleet.surface import CONNECTIVITY_CHOICES, SYSTEMS
from roomkeeper.provisioning import passwords
from roomkeeper.secure_only import single
from roomkeeper.systems import inventory
from roomkeeper.systems.admission import claimants, secrets
from roomkeeper.systems.contact import connectivity_changes, credentials
from roomkeeper.systems.inventory import records
from roomkeeper.systems.models import Claim, ConnectivityChange, System
from roomkeeper.web.access import number_of, visible_folder, visible_system
from roomkeeper.web.acts import Question, ask, attempt, is_confirmed
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import act_view, try_act
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.system_act import Act
from roomkeeper.web.system_admission_acts import ADMISSION_ACTS
from roomkeeper.web.system_device_acts import DEVICE_ACTS


def _move(request: HttpRequest, system: System) -> Any:
    folder = visible_folder(request, request.POST.get("folder", ""), Permission.MANAGE_SYSTEMS)
    records.move(system, folder)


def _tags(request: HttpRequest, system: System) -> Any:
    inventory.set_tags(system, request.POST.get("tags", "").split(","))


def _notes(request: HttpRequest, system: System) -> Any:
    records.set_notes(system, request.POST.get("notes", ""))


def _credentials(request: HttpRequest, system: System) -> Any:
    records.allow_password_over_http(system, bool(request.POST.get("password_may_use_http")))
    password = request.POST.get("password", "") or credentials.password_of(system)
    credentials.set_credentials(system, request.POST.get("username", "").strip(), password)
    passwords.end_overtaken(system, now=moment())


def _address(request: HttpRequest, system: System) -> Any:
    records.set_address(
        system, request.POST.get("host", ""), _port(request, "http_port"), _port(request, "https_port")
    )


def _port(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    # What is no number is refused like port 0.
    return _number(request, name) if text else None


def _undo(request: HttpRequest, system: System) -> Any:
    change = get_object_or_404(ConnectivityChange, pk=_number(request, "change"), system=system)
    connectivity_changes.undo(change, user=request.user, now=moment())


def _number(request: HttpRequest, name: str) -> int:
    return number_of(request.POST.get(name, "") or request.GET.get(name, "")) or 0


ACTS: dict[str, Act] = {
    **ADMISSION_ACTS,
    "lock": Act(
        Permission.MANAGE_SYSTEMS,
        "Lock the connectivity of {0}?",
        "It stays as it is. Later decisions are recorded but not applied.",
        "Unlock it at any time.",
        "Lock",
        lambda request, system: connectivity_changes.lock(system, user=request.user, now=moment()),
        "Connectivity is locked.",
        tab="connection",
    ),
    "unlock": Act(
        Permission.MANAGE_SYSTEMS,
        "Unlock the connectivity of {0}?",
        "It is kept up to date automatically again, from the system's next boot or change of address on.",
        "Lock it at any time.",
        "Unlock",
        lambda request, system: connectivity_changes.unlock(system, user=request.user, now=moment()),
        "Connectivity is unlocked.",
        tab="connection",
    ),
    "connectivity": Act(
        Permission.MANAGE_SYSTEMS,
        "Set the connectivity of {0}",
        "How this one system can be reached. It may be decided again at its next boot, unless you"
        " also lock it.",
        "Undo it in the list of changes of connectivity.",
        "Set it",
        lambda request, system: connectivity_changes.set_by_hand(
            system, request.POST.get("connectivity", ""), user=request.user, now=moment()
        ),
        "Connectivity is set.",
        extra="systems/ask_connectivity.html",
        tab="connection",
    ),
    "undo": Act(
        Permission.MANAGE_SYSTEMS,
        "Undo this change of connectivity of {0}?",
        "The previous connectivity applies again. Lock it as well, or it may be decided the same way again.",
        "Set it by hand to undo this.",
        "Undo the change",
        _undo,
        "The change is undone.",
        tab="connection",
    ),
    "accept_key": Act(
        Permission.ADMIT,
        "Accept another TLS key for {0}?",
        "The pinned key is forgotten; the next proven login pins the one that the system shows then.",
        "It cannot be undone; the old key is not kept.",
        "Accept",
        lambda request, system: {},
        "The next proven login pins its key.",
        tab="connection",
        is_dangerous=True,
        declared=ACCEPT_KEY,
    ),
    "rotate": Act(
        Permission.MANAGE_SYSTEMS,
        "Rotate the secret of {0}?",
        "It gets a new secret with its next answer; the old one works until the new one is used.",
        "There is nothing to undo: only the secret changes.",
        "Rotate",
        lambda request, system: secrets.rotate(system, now=moment(), user=request.user),
        "A new secret is sent with the next answer.",
        tab="connection",
    ),
    "credentials": Act(
        Permission.MANAGE_SYSTEMS,
        "Credentials of {0}",
        "The administrator account by which Roomkeeper logs in to the device. The stored password is"
        " never shown.",
        "What is stored here is overwritten; nothing changes on the device.",
        "Store",
        _credentials,
        "The credentials are stored.",
        extra="systems/ask_credentials.html",
        tab="connection",
    ),
    "address": Act(
        Permission.MANAGE_SYSTEMS,
        "Address of {0}",
        "Where Roomkeeper tries to reach the device. It is not part of its identity.",
        "Change it back at any time.",
        "Save",
        _address,
        "The address is saved.",
        extra="systems/ask_address.html",
        tab="connection",
    ),
    "secure-only-off": Act(
        Permission.MANAGE_SYSTEMS,
        "Turn Secure-Only off for {0}?",
        "HTTP is answered again and may be used to reach it. A move to Secure-Only that includes"
        " it continues without it.",
        "Turn it on again at any time.",
        "Turn it off",
        lambda request, system: single.turn_off(system, user=request.user, now=moment()),
        "Its next settings allow HTTP again.",
        tab="connection",
        is_dangerous=True,
    ),
    "folder": Act(
        Permission.MANAGE_SYSTEMS,
        "Move {0} to a folder",
        "Roles on the new folder decide who may see and change it.",
        "Move it back at any time.",
        "Move",
        _move,
        "{0} is moved.",
        extra="systems/ask_folder.html",
    ),
    "tags": Act(
        Permission.MANAGE_SYSTEMS,
        "Tags of {0}",
        "Words, separated by commas.",
        "Change them at any time.",
        "Save",
        _tags,
        "The tags are saved.",
        extra="systems/ask_tags.html",
    ),
    "notes": Act(
        Permission.MANAGE_SYSTEMS,
        "Notes on {0}",
        "For people; devices never see them.",
        "Change them at any time.",
        "Save",
        _notes,
        "The notes are saved.",
        extra="systems/ask_notes.html",
    ),
    "delete": Act(
        Permission.MANAGE_SYSTEMS,
        "Delete {0}?",
        "One record is deleted with all its data: timeline, changes, tickets, documents. The device"
        " itself is not touched; if it posts again, it appears in the inbox.",
        "It cannot be undone.",
        "Delete",
        lambda request, system: inventory.delete_system(system),
        "{0} is deleted.",
        is_dangerous=True,
        needs_word=True,
    ),
} | DEVICE_ACTS


@needs(Permission.VIEW, anywhere=True)
def system_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Ask (GET) and do (POST) one of the acts."""
    found = ACTS.get(act)
    if found is None:
        return act_view(SYSTEMS)(request, pk, act)
    system = visible_system(request, pk, found.permission)
    page = reverse("system_page", args=[pk])
    back = page + (found.tab + "/" if found.tab else "")
    label = str(system)
    question = Question(
        title=found.title.format(label),
        what=found.what,
        undo=found.undo,
        button=found.button,
        address=reverse("system_act", args=[pk, act]),
        back=back,
        is_dangerous=found.is_dangerous,
        word=label if found.needs_word else "",
        fields=tuple((name, str(_number(request, name))) for name in ("change",) if request.GET.get(name)),
    )
    if request.method != "POST":
        return ask(request, question, found.extra, **_context(request, system, found))
    if not is_confirmed(request, question):
        return HttpResponseRedirect(page)
    if found.declared is not None:
        taken = found.run(request, system)
        is_done = try_act(request, SYSTEMS, found.declared, system, taken, found.done)
    else:
        is_done = attempt(
            request, act, system, lambda: found.run(request, system), lambda: found.done.format(system)
        )
    if act in ("delete", "ignore", "block") and is_done:
        return HttpResponseRedirect(reverse("systems") if act == "delete" else page)
    return HttpResponseRedirect(back)


def _context(request: HttpRequest, system: System, act: Act) -> dict[str, Any]:
    """What the further fields of an act's form show."""
    context: dict[str, Any] = {"system": system}
    if "folder" in act.extra or "approve" in act.extra:
        context["folders"] = folder_choices(request, act.permission)
    if "approve" in act.extra or "readmit" in act.extra:
        context["claimants"] = claimants.claimants_of(system, now=moment())
    if "tags" in act.extra:
        context["tag_words"] = ", ".join(system.tags.order_by("name").values_list("name", flat=True))
    if "connectivity" in act.extra:
        context["connectivities"] = [choice for choice in CONNECTIVITY_CHOICES if choice[0] != "undecided"]
    if "identity" in act.extra:
        context["claim"] = Claim.objects.filter(pk=_number(request, "claim"), system=system).first()
    return context
