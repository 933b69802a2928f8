"""The values that an endpoint needs to find this server, as people type them."""

from dataclasses import dataclass

from django.conf import settings as django_settings

from roomkeeper.provisioning.management import EVENTS_PATH
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place
from roomkeeper.words import gettext as _


@dataclass(frozen=True, slots=True)
class ManagerValues:
    """Address, path and protocol for the endpoint's ExternalManager settings, for each side of the firewall; "" where
    none is known that a device could call."""

    settings: NetworkSettings
    place: Place
    path: str = EVENTS_PATH

    def typed(self, side: str, protocol: str = "HTTP") -> str:
        """The address of a side (internal, public) with the port where it is not the usual one."""
        scheme = protocol.lower()
        return outside.address(self.settings, self.place, side=side, scheme=scheme).authority

    def hosts(self, side: str) -> list[str]:
        """All hosts of a side that a device could call, what is told first first."""
        return outside.told_hosts(self.settings, self.place, side)

    @property
    def internal(self) -> str:
        """The host for systems on the LAN."""
        return next(iter(self.hosts(outside.INTERNAL)), "")

    @property
    def address(self) -> str:
        """What to type for a system on the LAN."""
        return self.typed(outside.INTERNAL) or self.typed(outside.INTERNAL, "HTTPS")

    @property
    def protocol(self) -> str:
        """By which protocol."""
        return "HTTP" if self.typed(outside.INTERNAL) or not self.address else "HTTPS"

    @property
    def public_address(self) -> str:
        """What to type for all others."""
        return self.typed(outside.PUBLIC) or self.typed(outside.PUBLIC, "HTTPS")

    @property
    def unusual(self) -> list[str]:
        """The addresses that name a port: endpoints call 80 and 443 without one, and option 242 carries none."""
        every = [self.typed(side, scheme) for side in outside.SIDES for scheme in ("HTTP", "HTTPS")]
        return [one for one in dict.fromkeys(every) if one.rpartition("]")[2].count(":") == 1]

    @property
    def modes(self) -> list[tuple[str, str, str, str]]:
        """(how the system stands, address, protocol, what it must trust) as they are typed."""
        trusts = "our certificate"
        by_https = [self.typed(side, "HTTPS") for side in outside.SIDES]
        return [
            (_("On the LAN"), self.typed("internal"), "HTTP", "nothing"),
            (_("On the LAN, HTTPS"), by_https[0], "HTTPS", trusts),
            (_("On the public internet, or behind a firewall"), self.typed("public"), "HTTP", "nothing"),
            (_("The same, HTTPS"), by_https[1], "HTTPS", trusts),
            ("Secure-Only", " or ".join(dict.fromkeys(one for one in by_https if one)), "HTTPS", trusts),
        ]


def manager_values(found: NetworkSettings) -> ManagerValues:
    """Worked out from Network settings and what this server listens on."""
    return ManagerValues(found, Place.of(django_settings.OPTIONS))
