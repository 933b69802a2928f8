"""The values that an endpoint needs to find this server, as people type them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from roomkeeper.systems.models import NetworkSettings

EVENT_PATH = "tms/public/external/management/SystemManagementService.asmx"


@dataclass(frozen=True, slots=True)
class ManagerValues:
    """Address, path and protocol for the endpoint's ExternalManager settings, for each side of the firewall."""

    internal: str
    public: str
    path: str
    http_port: int
    https_port: int

    @property
    def uses_usual_ports(self) -> bool:
        """Whether the listeners stand on 80 and 443, as endpoints expect without more words."""
        return self.http_port == 80 and self.https_port == 443

    def typed(self, side: str, protocol: str = "HTTP") -> str:
        """The address with the port where it is not the usual one."""
        port = self.https_port if protocol == "HTTPS" else self.http_port
        usual = 443 if protocol == "HTTPS" else 80
        if port == usual or not side:
            return side
        return f"[{side}]:{port}" if ":" in side else f"{side}:{port}"

    @property
    def address(self) -> str:
        """What to type for a system on the LAN."""
        return self.typed(self.internal)

    @property
    def public_address(self) -> str:
        """What to type for all others."""
        return self.typed(self.public)


def manager_values(found: NetworkSettings) -> ManagerValues:
    """Worked out from Network settings; a filled FQDN wins over the addresses."""
    options = settings.OPTIONS
    return ManagerValues(
        internal=found.internal_fqdn or found.internal_ipv4 or found.internal_ipv6 or "",
        public=found.public_fqdn or found.public_ipv4 or found.public_ipv6 or "",
        path=EVENT_PATH,
        http_port=_port(options.http, 80),
        https_port=_port(options.https, 443),
    )


def _port(listeners: tuple[str, ...], usual: int) -> int:
    for listener in listeners:
        port = urlsplit("//" + listener).port
        if port:
            return port
    return usual
