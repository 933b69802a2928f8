"""What connectivity or Secure-Only forbids does not leave the machine: every packet on loopback is looked at."""

import os
import socket
import struct
from collections.abc import Iterator

import pytest
from tests.drivers.devices.conftest import GOOD
from tests.loopback import Reach

from roomkeeper.devices import discovery, errors, snmp
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.http import look
from roomkeeper.devices.reach import Reach as StrictReach
from roomkeeper.devices.registry import create_driver, get_family

# Addresses that no other test uses; nothing listens there, which a packet does not know.
FORBIDDEN, ALLOWED, SENTINEL = "127.1.99.1", "127.1.99.2", "127.1.99.3"
ALL_PROTOCOLS = 0x0003
LARGEST = 65_535


class Wire:
    """Every IPv4 packet on loopback since it was opened."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_000_000)
        self._socket.bind(("lo", 0))
        self._socket.settimeout(10)

    def destinations(self) -> set[str]:
        """Where packets went so far: up to one of our own, behind which nothing older can be."""
        # Each packet is seen twice, so that of an earlier look must not be taken for this one.
        mark = os.urandom(16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.sendto(mark, (SENTINEL, 9))
        found: set[str] = set()
        while True:
            frame = self._socket.recv(LARGEST)
            if struct.unpack("!H", frame[12:14])[0] == 0x0800:
                found.add(socket.inet_ntoa(frame[30:34]))
            if mark in frame:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    try:
        made = Wire()
    except PermissionError:
        if os.environ.get("CI"):
            raise
        pytest.skip("looking at packets needs the right to (CAP_NET_RAW)")
    yield made
    made.close()


async def try_everything(transport: DeviceTransport, address: str, reach: Reach) -> list[str]:
    """All ways by which a device is called; the names of the errors that they end with."""
    target = Target(
        "Vault", address, reach, login=GOOD, https_port=1, http_port=2, password_may_use_http=True
    )
    driver = create_driver(get_family("roomos"), transport.client(target))
    tries = (
        driver.identify(),
        driver.write_configuration({"SystemUnit/Name": "x"}),
        driver.restart(),
        look(transport, target),
        snmp.identify(target, snmp.Community("public"), port=3, patience=snmp.SnmpPatience(0.05, 1, 0.2)),
    )
    ended = []
    for one in tries:
        try:
            await one
        except errors.DeviceError as error:
            ended.append(type(error).__name__)
        else:
            ended.append("")
    return ended


@pytest.mark.parametrize("connectivity", ["behind_firewall", "inaccessible", ""])
async def test_system_that_must_not_be_called_gets_no_packet(
    wire: Wire, transport: DeviceTransport, connectivity: str
) -> None:
    ended = await try_everything(transport, FORBIDDEN, Reach(connectivity))
    assert set(ended) == {"ContactForbidden"}
    assert FORBIDDEN not in wire.destinations()
    # The same calls to one that may be called are seen, so that this test can fail.
    await try_everything(transport, ALLOWED, Reach("reachable_on_lan"))
    assert ALLOWED in wire.destinations()


async def test_address_that_is_not_allowed_gets_no_packet(wire: Wire, transport: DeviceTransport) -> None:
    ended = await try_everything(transport, FORBIDDEN, StrictReach("reachable_on_lan"))
    assert set(ended) == {"AddressForbidden"}
    assert FORBIDDEN not in wire.destinations()
    # By a name that leads there, too.
    ended = await try_everything(transport, "localhost", StrictReach("", is_first_contact=True))
    assert set(ended) == {"AddressForbidden"}


async def test_secure_only_system_gets_neither_http_nor_snmp(wire: Wire, transport: DeviceTransport) -> None:
    reach = Reach("reachable_on_lan", is_secure_only=True)
    search = discovery.AddressSearch(
        snmp_logins=(snmp.Community("public"),),
        https_port=0,
        http_port=2,
        snmp_port=3,
        connect=0.2,
        total=1.0,
    )
    await discovery.look_at(transport, FORBIDDEN, search, reach=reach)
    assert FORBIDDEN not in wire.destinations()
