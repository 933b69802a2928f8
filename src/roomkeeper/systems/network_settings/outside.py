"""Where the world outside finds this server: the one answer for what systems are told, what pages show to be typed, and
what snippets for DHCP servers and devices hold. Pure.

An address counts only where it can be: a loopback address for who calls from one, an unspecified one for nobody. A port
of a listener counts only where nothing stands before the listener. What is not known is not told: "" is not an address.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from roomkeeper.settings.options import Options
from roomkeeper.systems.addresses import Address, host_of, parse_address, port_of, same_host
from roomkeeper.systems.models.inventory import Connectivity
from roomkeeper.systems.models.network_settings import NetworkSettings

INTERNAL: Final = "internal"
PUBLIC: Final = "public"
SIDES: Final = (INTERNAL, PUBLIC)
USUAL: Final = {"http": 80, "https": 443}
# A port of Network settings that says: by this scheme nothing comes in on that side.
NOT_OFFERED: Final = 0
_KINDS: Final = ("fqdn", "ipv4", "ipv6")
_LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a system is to call us: `scheme` http or https, `authority` host with a port unless it is the usual; ""
    where no such address is known."""

    scheme: str
    authority: str

    def url(self, path: str, secret: str) -> str:
        """The address of a device service with the system's secret, "" where none is known."""
        return f"{self.scheme}://{self.authority}/{path}/{secret}" if self.authority else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the listeners are, HOST:PORT by scheme, and whether proxies of ours stand before them."""

    http: tuple[str, ...]
    https: tuple[str, ...]
    is_proxied: bool

    @classmethod
    def of(cls, options: Options) -> "Place":
        """By the settings in force."""
        return cls(options.http, options.https, bool(options.trusted_proxies))

    def listeners(self, scheme: str) -> tuple[str, ...]:
        """Those of one scheme."""
        return self.https if scheme == "https" else self.http

    @property
    def is_on_loopback(self) -> bool:
        """Whether no other machine reaches a listener, and no proxy is known that would."""
        every = (*self.http, *self.https)
        return not self.is_proxied and all(is_loopback(host_of(one)) for one in every)

    def hides(self, host: str) -> bool:
        """Whether that is the loopback address of a listener that a proxy alone is to call."""
        every = (*self.http, *self.https)
        return self.is_proxied and is_loopback(host) and any(same_host(host, one) for one in every)

    def port(self, scheme: str, host: str, *, is_near: bool) -> int | None:
        """The port at which `host` answers by that scheme, as far as the listeners tell: the usual one behind a proxy,
        None where only loopback is listened on and the caller `is_near` not, or nothing is."""
        if self.is_proxied:
            return USUAL[scheme]
        fitting = [one for one in self.listeners(scheme) if is_near or not is_loopback(host_of(one))]
        # Its own listener first, then one on all addresses, then any other.
        fitting.sort(key=lambda one: (not same_host(one, host), not _is_unspecified(host_of(one))))
        return port_of(fitting[0]) if fitting else None


def side_of(connectivity: str) -> str:
    """Which of our sides a system stands on; "" while that is not known."""
    if connectivity == Connectivity.REACHABLE_ON_LAN:
        return INTERNAL
    if connectivity in (Connectivity.BEHIND_FIREWALL, Connectivity.REACHABLE_ON_PUBLIC_INTERNET):
        return PUBLIC
    return ""


def hosts(settings: NetworkSettings, side: str) -> Iterator[str]:
    """Our hosts on a side as they were set, what is told first first."""
    for field in ("outside_{}_host", *(f"{{}}_{kind}" for kind in _KINDS)):
        if host := getattr(settings, field.format(side)):
            yield str(host)


def told_hosts(settings: NetworkSettings, place: Place, side: str, *, is_near: bool = False) -> list[str]:
    """Those of them that can be told to who calls from elsewhere, or from this machine (`is_near`)."""
    explicit = getattr(settings, f"outside_{side}_host")
    return [
        host
        for host in dict.fromkeys(hosts(settings, side))
        if can_be_called(host, is_near=is_near) and (host == explicit or not place.hides(host))
    ]


def is_for_this_machine_alone(settings: NetworkSettings, place: Place) -> bool:
    """Whether no other machine reaches this server, as far as is known: it listens on loopback, and neither a trusted
    proxy nor an outside host says that somebody hands on what comes from elsewhere."""
    explicit = (getattr(settings, f"outside_{side}_host") for side in SIDES)
    return place.is_on_loopback and not any(host and can_be_called(host, is_near=False) for host in explicit)


def set_port(settings: NetworkSettings, side: str, scheme: str) -> int | None:
    """The outside port of Network settings, `NOT_OFFERED`, or None where none was set."""
    found: int | None = getattr(settings, f"outside_{side}_{scheme}_port")
    return found


def address(
    settings: NetworkSettings,
    place: Place,
    *,
    side: str,
    scheme: str,
    used_host: str = "",
    used_scheme: str = "",
    source: str = "",
) -> ServerAddress:
    """The address of a side by that scheme.

    `used_host` and `used_scheme` are Host and scheme of the system's post, `source` where it came from. A system that
    never posted has no `used_scheme`; its `used_host` may then be our address that is nearest to it. Where no host of
    the side is set, the address that the system used is kept.
    """
    is_near = is_loopback(source or host_of(used_host))
    named = next(iter(told_hosts(settings, place, side, is_near=is_near)), "") if side else ""
    used = host_of(used_host)
    is_used = bool(used) and can_be_called(used, is_near=is_near)
    host = named or (used if is_used else "")
    if not host:
        return ServerAddress(scheme, "")
    port = set_port(settings, side, scheme) if side else None
    if port == NOT_OFFERED:
        return ServerAddress(scheme, "")
    if port is None and is_used and used_scheme == scheme:
        # The port that brought the post is known to work from where the system stands.
        port = port_of(used_host) or USUAL[scheme]
    elif port is None:
        port = place.port(scheme, host, is_near=is_near)
        if port is None and place.listeners(scheme) and (named or used_scheme):
            # Only loopback is listened on, and calls come in all the same, or are to: somebody hands them on.
            port = USUAL[scheme]
    return ServerAddress(scheme, authority(host, scheme, port) if port else "")


def scheme_of(settings: NetworkSettings, side: str, *, used_scheme: str, needs_https: bool) -> str:
    """By which scheme a system is to call: HTTPS where it must or where nothing else is offered; it is never taken
    back."""
    if needs_https or (side and set_port(settings, side, "http") == NOT_OFFERED):
        return "https"
    return used_scheme or "http"


def authority(host: str, scheme: str, port: int) -> str:
    """Host with the port unless it is the usual one, an IPv6 address in brackets."""
    found = parse_address(host)
    if found is not None and found.version == 6:
        host = f"[{found}]"
    return host if port == USUAL[scheme] else f"{host}:{port}"


def can_be_called(host: str, *, is_near: bool) -> bool:
    """Whether somebody could find us by that host: nobody by an unspecified one, only this machine by loopback."""
    return not _is_unspecified(host) and (is_near or not is_loopback(host))


def is_loopback(host: str) -> bool:
    """Whether the host is this machine as seen from itself."""
    if host.lower().rstrip(".") in _LOCAL_NAMES:
        return True
    found = parse_address(host)
    return found is not None and found.is_loopback


def _is_unspecified(host: str) -> bool:
    found: Address | None = parse_address(host)
    return not host or host == "*" or (found is not None and found.is_unspecified)
