"""What makes one endpoint: its identity, model, mode, manager, and what goes wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from roomkeeper.virtual.identity import LAN, EndpointIdentity

HTTP_PORT = 18080
HTTPS_PORT = 18443


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """Everything that makes one endpoint, as the command line or a plan file says it."""

    identity: EndpointIdentity
    profile: str = "sx10-ce9.6"
    mode: str = LAN
    is_secure: bool = False
    manager: str = ""
    username: str = "admin"
    password: str = "roomkeeper"  # noqa: S105 - the documented default of things that protect nothing
    http_port: int = HTTP_PORT
    https_port: int = HTTPS_PORT
    snmp_port: int = 0
    heartbeat_seconds: float = 900.0
    http_mode: str = ""
    """A value of NetworkServices/HTTP/Mode; "" for both services, or HTTPS alone where the release ships so."""
    is_rate_limited: bool = True
    """Whether requests are held to the release's rate, where it has one (RoomOS 11 and 26)."""
    is_factory_new: bool = False
    """Out of the box: no passphrase is set, and HTTP Mode is as shipped."""
    is_verifying: bool | None = None
    ca_pem: str = ""
    reboot_seconds: float = 5.0
    start_jitter_seconds: float = 0.0
    calls_per_hour: float = 0.0
    site: str = ""
    faults: tuple[tuple[str, str], ...] = ()
