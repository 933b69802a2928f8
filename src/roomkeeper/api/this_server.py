"""`this-server`: what the checks of the server find, as `roomkeeper doctor` and the page *This server* tell it."""

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.routing import Routes
from roomkeeper.fleet.this_server import ThisServerOut, tell_server
from roomkeeper.jobs import clock

routes = Routes("this-server")


@routes.get("", response=ThisServerOut)
@needs(Permission.VIEW_SERVER)
def show_this_server(request: HttpRequest) -> ThisServerOut:
    """Show what the checks of the server find now, seen from the process that answers."""
    return tell_server(now=clock.measure())
