"""`this-server`: what the checks of the server find, as `roomkeeper doctor` and the page *This server* tell it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from roomkeeper import __version__
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.routing import Routes
from roomkeeper.jobs import checks, clock
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings
from roomkeeper.systems.network_settings import outside

routes = Routes("this-server")


class ServerCheckOut(Schema):
    """One thing that was looked at."""

    check: str
    ok: bool
    words: str = Field(description="What was found.")
    advice: str = Field(description="What to do about a fault.")


class AddressSideOut(Schema):
    """Where systems on one side of the firewall find the server; null: by the address that each uses."""

    http: str | None
    https: str | None


class ThisServerOut(Schema):
    """The server that answers, as it sees itself and its place."""

    release: str
    faults: int = Field(description="How many checks found a fault.")
    checks: list[ServerCheckOut] = Field(description="Faults first.")
    internal: AddressSideOut
    public: AddressSideOut
    http_listeners: list[str]
    https_listeners: list[str]
    trusted_proxies: list[str]


@routes.get("", response=ThisServerOut)
@needs(Permission.VIEW_SERVER)
def show_this_server(request: HttpRequest) -> dict[str, Any]:
    """Show what the checks of the server find now, seen from the process that answers."""
    found = sorted(checks.examine(now=clock.measure()), key=lambda one: one.ok)
    options = settings.OPTIONS
    manager = manager_values(network_settings.get())
    told: dict[str, Any] = {
        side: {scheme: manager.typed(side, scheme) or None for scheme in ("http", "https")}
        for side in outside.SIDES
    }
    return told | {
        "release": __version__,
        "faults": sum(not one.ok for one in found),
        "checks": [
            {"check": one.what, "ok": one.ok, "words": one.words, "advice": "" if one.ok else one.advice}
            for one in found
        ],
        "http_listeners": list(options.http),
        "https_listeners": list(options.https),
        "trusted_proxies": list(options.trusted_proxies),
    }
