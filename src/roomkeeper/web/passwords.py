"""Setting the passwords of devices, of one system or many: what will happen, typed twice or generated, done."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.fleet.trust_acts import SET_PASSWORD
from roomkeeper.operations.door import do_many
from roomkeeper.provisioning import passwords
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import Chosen, after_all, find_chosen, list_address
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.words import gettext as _

SHOWN = 100


@sensitive_post_parameters("password", "again")
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def set_passwords(request: HttpRequest) -> HttpResponse:
    """GET: what would become of each of the chosen systems. POST: asking it of them."""
    chosen = find_chosen(request, Permission.MANAGE_SYSTEMS)
    if chosen is None:
        return HttpResponseRedirect(list_address(request))
    if request.method == "POST":
        try:
            password = _read(request)
        except ValueError as refusal:
            messages.error(request, str(refusal))
        else:
            return _set(request, chosen, password)
    planned = passwords.plan(chosen.systems)
    counts = {
        word: sum(one.verdict == word for one in planned) for word in ("verified", "unverified", "cannot")
    }
    return render(
        request,
        "systems/passwords.html",
        {
            "chosen": chosen,
            "counts": counts,
            "able": counts["verified"] + counts["unverified"],
            "unverified": [one for one in planned if one.verdict == "unverified"][:SHOWN],
            "cannot": [one for one in planned if one.verdict == "cannot"][:SHOWN],
            "shown": SHOWN,
            "how": request.POST.get("how", "generate"),
            "longest": passwords.LONGEST,
        },
    )


def _read(request: HttpRequest) -> str | None:
    """The password that was typed twice; None where they are to be generated. Raises ValueError."""
    password = request.POST.get("password", "")
    if request.POST.get("how") != "typed":
        if password:
            raise ValueError(_("You typed a password but chose generated ones. Nothing was done."))
        return None
    passwords.check(password)
    if password != request.POST.get("again", ""):
        raise ValueError(_("The two passwords differ. Nothing was done; type both again."))
    return password


def _set(request: HttpRequest, chosen: Chosen, password: str | None) -> HttpResponse:
    taken = {"password": password, "generate": password is None}
    actor = actor_of(request)
    done = list(do_many(SYSTEMS, SET_PASSWORD, chosen.systems, actor=actor, now=moment(), taken=taken))
    return after_all(request, chosen, done, _("A new password is on its way to {0}."))
