"""This server: what its checks find, as `roomkeeper doctor` tells it, from the process that shows the page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper import __version__
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.jobs import checks
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings
from roomkeeper.web.acts import now as moment


@needs(Permission.VIEW_SERVER)
def this_server(request: HttpRequest) -> HttpResponse:
    """The checks, faults first, and where systems find this server."""
    found = sorted(checks.examine(now=moment()), key=lambda one: one.ok)
    manager = manager_values(network_settings.get())
    sides = [
        (side.capitalize(), manager.typed(side), manager.typed(side, "HTTPS"))
        for side in ("internal", "public")
    ]
    return render(
        request,
        "this_server/this_server.html",
        {
            "checks": found,
            "faults": sum(not one.ok for one in found),
            "sides": sides,
            "version": __version__,
            "options": settings.OPTIONS,
        },
    )
