"""The rooms of the demonstration's fleet, and on which ports it can listen beside another one on this machine."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from roomkeeper.words import gettext as _

# The endpoints' ports are the server's and this: two demonstrations on one machine have the same endpoints' addresses.
BEYOND: Final = 10_000
# How many ports after those are looked at.
OFFSETS: Final = range(20)

_PROFILES = ("sx10-ce9.6", "room-kit-roomos10")
# The fixed cast first, then one of each mode combined, then more rooms in turn.
_CAST = (
    ("Boardroom", "lan", False),
    ("Home Office", "behind-firewall", False),
    ("Lobby", "public", False),
    ("Vault", "lan", True),
    ("Branch Oslo", "public", True),
    ("Field Unit", "behind-firewall", True),
)
_ROOMS = ("Auditorium", "Huddle", "Classroom", "Courtroom", "Ward", "Seminar", "Workshop", "Studio")
_MODES = ("lan", "behind-firewall", "public")


@dataclass(frozen=True, slots=True)
class Room:
    """One endpoint of the demonstration's fleet."""

    name: str
    mode: str
    is_secure: bool
    profile: str
    address: str
    reported_address: str
    serial_number: str
    mac_address: str


def rooms(number: int) -> list[Room]:
    """The fleet's rooms; the same for the same number, addresses by the loopback plan (rule R2)."""
    found = []
    for index in range(number):
        if index < len(_CAST):
            name, mode, is_secure = _CAST[index]
        else:
            beyond = index - len(_CAST)
            name = f"{_ROOMS[beyond % len(_ROOMS)]} {beyond // len(_ROOMS) + 1}"
            mode, is_secure = _MODES[beyond % len(_MODES)], beyond % 5 == 4
        high, low = divmod(index + 10, 250)
        second = {"lan": 1, "public": 2, "behind-firewall": 3}[mode]
        address = f"127.{second}.{high}.{low + 1}"
        reported = {
            "lan": address,
            "public": f"10.20.{high}.{low + 1}",
            "behind-firewall": f"192.168.{high}.{low + 1}",
        }
        found.append(
            Room(
                name=name,
                mode=mode,
                is_secure=is_secure,
                profile=_PROFILES[index % len(_PROFILES)],
                address=address,
                reported_address=reported[mode],
                serial_number=f"FDM2{index:07d}"[:11],
                mac_address=f"02:00:5E:00:{index // 256:02X}:{index % 256:02X}",
            )
        )
    return found


class DevicePorts(NamedTuple):
    """Where every endpoint of the fleet listens, each on an address of its own."""

    http: int
    https: int


USUAL: Final = DevicePorts(http=18_080, https=18_443)


class NoFreePorts(RuntimeError):
    """The fleet has nowhere to listen."""


def choose_ports(number: int, http: Sequence[str], https: Sequence[str]) -> DevicePorts:
    """`device_ports`, or the next that are free on the addresses of all of so many rooms. Raises `NoFreePorts` with a
    sentence."""
    addresses = [room.address for room in rooms(number) if room.mode != "behind-firewall"]
    first = device_ports(http, https)
    for offset in OFFSETS:
        ports = DevicePorts(first.http + offset, first.https + offset)
        if are_free((address, port) for address in addresses for port in (ports.http, ports.https)):
            return ports
    raise NoFreePorts(
        _(
            "The fleet of virtual endpoints has no free port from {http} to {http_2} on its "
            "addresses ({addresses} and others): stop another demonstration, or ask for fewer "
            "systems.",
            http=first.http,
            http_2=first.http + len(OFFSETS) - 1,
            addresses=addresses[0],
        )
    )


def device_ports(http: Sequence[str], https: Sequence[str]) -> DevicePorts:
    """The fleet's ports for a server with these listeners, HOST:PORT: 18080 and 18443 where it has the usual ones."""
    return DevicePorts(_beyond(http, USUAL.http), _beyond(https, USUAL.https))


def _beyond(listeners: Sequence[str], usual: int) -> int:
    port = next((int(one.rpartition(":")[2]) for one in listeners), 0)
    if not port:
        return usual
    return port + BEYOND if port + BEYOND < 65_536 else port - BEYOND


def choose_listeners(http: Iterable[str], https: Iterable[str]) -> tuple[list[str], list[str]]:
    """These listeners, or the same on the next ports that are free. Raises `NoFreePorts` with a sentence."""
    plain, secure = list(http), list(https)
    for offset in OFFSETS:
        moved = (
            [_moved(address, offset) for address in plain],
            [_moved(address, offset) for address in secure],
        )
        if are_free(_parted(address) for part in moved for address in part):
            return moved
    raise NoFreePorts(
        _(
            "The demonstration's server has no free port: something listens on {plain} and on "
            "the {count} ports after it. Stop it, or choose others with --http and --https.",
            plain=plain[0],
            count=len(OFFSETS) - 1,
        )
    )


def are_free(places: Iterable[tuple[str, int]]) -> bool:
    """Whether a listener could be had at each of these (IPv4 address, port)."""
    return all(_is_free(*place) for place in places)


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError):
            return False
    return True


def _parted(address: str) -> tuple[str, int]:
    host, _rest, port = address.rpartition(":")
    return host, int(port)


def _moved(address: str, offset: int) -> str:
    host, port = _parted(address)
    return f"{host}:{port + offset}"
