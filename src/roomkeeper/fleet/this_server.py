"""The server itself as it is told: what its checks find, and where systems find it."""

from datetime import datetime

from django.conf import settings
from pydantic import Field

from roomkeeper import __version__
from roomkeeper.jobs import checks
from roomkeeper.operations.readings import Told
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings
from roomkeeper.systems.network_settings import outside


class ServerCheckOut(Told):
    """One thing that was looked at."""

    check: str
    ok: bool
    words: str = Field(description="What was found.")
    advice: str = Field(description="What to do about a fault.")


class AddressSideOut(Told):
    """Where systems on one side of the firewall find the server; null: by the address that each uses."""

    http: str | None
    https: str | None


class ThisServerOut(Told):
    """The server that answers, as it sees itself and its place."""

    release: str
    faults: int = Field(description="How many checks found a fault.")
    checks: list[ServerCheckOut] = Field(description="Faults first.")
    internal: AddressSideOut
    public: AddressSideOut
    http_listeners: list[str]
    https_listeners: list[str]
    trusted_proxies: list[str]


def tell_server(*, now: datetime) -> ThisServerOut:
    """What is found now, seen from this process."""
    found = sorted(checks.examine(now=now), key=lambda one: one.ok)
    options, manager = settings.OPTIONS, manager_values(network_settings.get())
    sides = {
        side: AddressSideOut(
            http=manager.typed(side, "HTTP") or None, https=manager.typed(side, "HTTPS") or None
        )
        for side in (outside.INTERNAL, outside.PUBLIC)
    }
    return ThisServerOut(
        release=__version__,
        faults=sum(not one.ok for one in found),
        checks=[
            ServerCheckOut(check=one.what, ok=one.ok, words=one.words, advice="" if one.ok else one.advice)
            for one in found
        ],
        internal=sides[outside.INTERNAL],
        public=sides[outside.PUBLIC],
        http_listeners=list(options.http),
        https_listeners=list(options.https),
        trusted_proxies=list(options.trusted_proxies),
    )
