"""Who a virtual endpoint says it is, and how a fleet's members get the same identities on every run."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

LAN, PUBLIC, BEHIND_FIREWALL = "lan", "public", "behind-firewall"
MODES = (LAN, PUBLIC, BEHIND_FIREWALL)

FIRST_ADDRESS = {LAN: "127.1.0.1", PUBLIC: "127.2.0.1", BEHIND_FIREWALL: "127.3.0.1"}
"""Where each mode's addresses begin on loopback (rule R2)."""


@dataclass(frozen=True, slots=True)
class EndpointIdentity:
    """What an endpoint tells about itself.  `address` is where it really is, `reported_address` what it says."""

    name: str
    serial: str
    mac: str
    address: str
    reported_address: str


def _code(number: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        letters = _DIGITS[digit] + letters
    return letters


def derive_serial(seed: str, mode: str, index: int, prefix: str) -> str:
    """A serial number of the usual pattern: three letters, year, week, four signs (protocol notes I.5)."""
    digest = hashlib.sha256(f"serial:{seed}:{mode}".encode()).digest()
    year, week = 20 + digest[0] % 6, 1 + digest[1] % 52
    return f"{prefix}{year:02d}{week:02d}{_code(index, 4)}"


def derive_mac(seed: str, mode: str, index: int) -> str:
    """A locally administered MAC address: upper case with colons (protocol notes A.2), never a real device's."""
    digest = hashlib.sha256(f"mac:{seed}:{mode}".encode()).digest()
    octets = bytes((0x02, digest[0], digest[1], (index >> 16) & 0xFF, (index >> 8) & 0xFF, index & 0xFF))
    return octets.hex(":").upper()


def derive_address(first: str, index: int) -> str:
    """The index-th usable address from `first` on: those ending in .0 and .255 are passed over."""
    start = ipaddress.IPv4Address(first)
    offset = int(start) & 0xFF
    if not 1 <= offset <= 254:
        message = f"{first} is not an address that an endpoint may have"
        raise ValueError(message)
    block, last = divmod(offset - 1 + index, 254)
    return str(ipaddress.IPv4Address((int(start) & 0xFFFFFF00) + block * 256 + last + 1))


def derive_reported_address(mode: str, address: str) -> str:
    """What an endpoint of that mode reports (rule R2): itself, 10.x.y.z, or 192.168.x.y."""
    _, second, third, fourth = address.split(".")
    if mode == PUBLIC:
        return f"10.{second}.{third}.{fourth}"
    if mode == BEHIND_FIREWALL:
        return f"192.168.{third}.{fourth}"
    return address
