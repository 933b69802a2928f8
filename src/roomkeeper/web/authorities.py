"""Having devices trust an authority, one system or many: what a text holds is shown before anything is sent."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.fleet.trust_acts import INSTALL_AUTHORITY
from roomkeeper.operations.door import do_many
from roomkeeper.provisioning import authorities
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import Chosen, after_all, find_chosen, list_address
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.words import gettext as _

SHOWN = 100


@needs(Permission.RUN_ACTIONS, anywhere=True)
def install_authorities(request: HttpRequest) -> HttpResponse:
    """GET: which authority? POST: what it is and what would become of each system; with `step=install` asking it."""
    chosen = find_chosen(request, Permission.RUN_ACTIONS)
    if chosen is None:
        return HttpResponseRedirect(list_address(request))
    context: dict[str, Any] = {"chosen": chosen, "source": request.POST.get("source", "own"), **_own()}
    if request.method == "POST":
        try:
            pem = _given(request)
            found = authorities.read(pem, now=moment())
        except ValueError as refusal:
            messages.error(request, str(refusal))
        else:
            if request.POST.get("step") == "install":
                return _install(request, chosen, pem)
            context |= {"found": found, "pem": pem}
    planned = authorities.plan(chosen.systems)
    cannot = [one for one in planned if one.verdict == "cannot"]
    context |= {
        "able": len(planned) - len(cannot),
        "cannot_count": len(cannot),
        "cannot": cannot[:SHOWN],
        "shown": SHOWN,
    }
    return render(request, "systems/authorities.html", context)


def _own() -> dict[str, Any]:
    """This server's own authority, or why there is none to give."""
    try:
        return {"own": authorities.read(authorities.own(), now=moment())}
    except authorities.AuthorityRefused as refusal:
        return {"own": [], "why_not_own": str(refusal)}


def _given(request: HttpRequest) -> str:
    """The text: as it was shown, or this server's own, uploaded, or pasted. Raises ValueError."""
    if request.POST.get("step") == "install":
        return request.POST.get("pem", "")
    if request.POST.get("source") == "own":
        return authorities.own()
    upload = request.FILES.get("file")
    if upload is not None:
        return str(upload.read(authorities.PEM_LIMIT + 1), "ascii", "replace")
    return request.POST.get("pasted", "")


def _install(request: HttpRequest, chosen: Chosen, pem: str) -> HttpResponse:
    actor, taken = actor_of(request), {"pem": pem}
    done = list(do_many(SYSTEMS, INSTALL_AUTHORITY, chosen.systems, actor=actor, now=moment(), taken=taken))
    return after_all(request, chosen, done, _("{0} will trust it."))
