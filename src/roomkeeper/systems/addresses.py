"""Network addresses as rule R1 compares them: pure."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from roomkeeper.words import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_address(text: str) -> Address | None:
    """The address in `text`, with `::ffff:` unmapped, or None where it holds none."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def address_of(text: str) -> Address:
    """The address in `text`. Raises ValueError with a sentence where it holds none."""
    found = parse_address(text)
    if found is None:
        raise ValueError(_("{text!r} is not an IP address such as 10.20.0.5.", text=text.strip()))
    return found


def network_of(text: str) -> Network:
    """The network in `text`, an address alone being one of its own. Raises ValueError with a sentence, also where an
    address stands in front of the mask: `10.1.2.3/16` may be meant as either."""
    text = text.strip()
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        try:
            loose = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(_("{text!r} is not a network such as 10.20.0.0/16.", text=text)) from None
        raise ValueError(
            _(
                "{text!r} names an address within a network. Enter {loose} for the network, or "
                "{text_2} for the address alone.",
                text=text,
                loose=loose,
                text_2=text.partition("/")[0],
            )
        ) from None


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks in `texts`; what is none is left out (they are validated where they are written)."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(networks)


@lru_cache(maxsize=20_000)
def payer_of(text: str) -> str:
    """Whom shares and rates of a source count for: an IPv4 address, or the /64 of an IPv6 address, in which one
    machine has as many addresses as it likes. What is no address stands for itself."""
    address = parse_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address) if address is not None else text[:64]


def is_within(text: str, networks: Iterable[Network]) -> bool:
    """Whether the address in `text` lies in one of the networks of its own family."""
    address = parse_address(text)
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def host_of(text: str) -> str:
    """A Host header's name: lower case, without port, brackets and trailing dot."""
    text = text.strip().lower()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.rstrip(".")


def port_of(text: str) -> int | None:
    """A Host header's port, where it names one."""
    digits = text.rpartition("]")[2].rpartition(":")[2] if ":" in text.rpartition("]")[2] else ""
    return int(digits) if digits.isdigit() and len(digits) <= 5 else None


def same_host(one: str, other: str) -> bool:
    """Whether two hosts are one, ports aside: equal names, or equal addresses in whichever spelling."""
    one, other = host_of(one), host_of(other)
    left, right = parse_address(one), parse_address(other)
    return left == right if left is not None or right is not None else bool(one) and one == other
