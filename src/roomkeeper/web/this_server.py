"""This server: what its checks find, as `roomkeeper doctor` tells it, from the process that shows the page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.this_server import tell_server
from roomkeeper.web.acts import now as moment


@needs(Permission.VIEW_SERVER)
def this_server(request: HttpRequest) -> HttpResponse:
    """The checks, faults first, and where systems find this server."""
    told = tell_server(now=moment())
    sides = [("Internal", told.internal), ("Public", told.public)]
    context = {"told": told, "sides": sides, "data": settings.OPTIONS.data}
    return render(request, "this_server/this_server.html", context)
