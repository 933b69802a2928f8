"""Which addresses are contacted at all: never the server itself, loopback or link-local ones, unless their network is
allowed. Asked after a name is resolved, of the very address that is connected to.
"""

import asyncio
import ipaddress
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from roomkeeper.devices import errors
from roomkeeper.words import gettext as _

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")


@dataclass(frozen=True, slots=True)
class Contactable:
    """The networks of loopback, link-local and own addresses that may be contacted; all others may."""

    networks: tuple[Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """Whether a socket may be opened to it."""
        return all(
            any(one.version == network.version and one in network for network in self.networks)
            or not (_is_special(one) or _is_own(one))
            for one in _meant_by(address)
        )

    def demand(self, address: str) -> None:
        """Raises `AddressForbidden` where that IP address may not be contacted."""
        if not self.allows(ipaddress.ip_address(address.partition("%")[0])):
            raise errors.AddressForbidden


async def addresses_of(
    host: str,
    contactable: Contactable,
    *,
    family: socket.AddressFamily = socket.AF_UNSPEC,
    kind: socket.SocketKind = socket.SOCK_STREAM,
) -> list[str]:
    """The addresses behind a host that may be contacted; a literal one stands for itself.

    Raises `NameNotResolved`, and `AddressForbidden` where none of them may be.
    """
    with suppress(ValueError):
        literal = str(ipaddress.ip_address(host))
        contactable.demand(literal)
        return [literal]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, family=family, type=kind)
    except (OSError, UnicodeError) as error:
        raise errors.NameNotResolved(detail=str(error)) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [one for one in addresses if contactable.allows(ipaddress.ip_address(one.partition("%")[0]))]
    if addresses and not allowed:
        raise errors.AddressForbidden
    return allowed


async def open_connection(
    host: str, port: int, contactable: Contactable, *, context: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address behind the host that takes it. Raises OSError, and what `addresses_of` does."""
    trouble: OSError = OSError(_("The name has no address."))
    for address in await addresses_of(host, contactable):
        try:
            name = host if context is not None else None
            return await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
        except OSError as error:
            trouble = error
    raise trouble


def _meant_by(address: Address) -> list[Address]:
    """The address, and the IPv4 address that it stands for, by whichever of the ways of saying that."""
    found: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address.sixtofour is not None:
            found.append(address.sixtofour)
        if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
            found.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return found


def _is_special(address: Address) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        # Linux takes both 0.0.0.0 and its whole network for this machine.
        or address.is_unspecified
        or (address.version == 4 and int(address) >> 24 == 0)
    )


def _is_own(address: Address) -> bool:
    """Whether it is this machine's: packets to it would come from itself. Nothing is sent to find out."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(address), 9))
        return bool(ipaddress.ip_address(probe.getsockname()[0].partition("%")[0]) == address)
    return False
