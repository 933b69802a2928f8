"""Which addresses are contacted: rows, with names for what they are taken for."""

import asyncio
import ipaddress
import socket

import pytest

from roomkeeper.devices import errors
from roomkeeper.devices.client import Target
from roomkeeper.devices.contactable import Contactable, addresses_of, open_connection
from roomkeeper.devices.reach import Reach

NOWHERE = Contactable()
LOOPBACK = Contactable((ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
    ],
)
def test_the_server_itself_and_what_is_beside_it_is_not_contacted(address: str) -> None:
    assert not NOWHERE.allows(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "192.0.2.7",
        "203.0.113.9",
        "2001:db8::7",
        "fd00::7",
        "100.64.0.1",
    ],
)
def test_all_others_are(address: str) -> None:
    assert NOWHERE.allows(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("networks", "address", "is_allowed"),
    [
        (("127.0.0.0/8",), "127.1.2.3", True),
        (("127.0.0.0/8",), "::ffff:127.1.2.3", True),
        (("127.0.0.0/8",), "::1", False),
        (("127.1.0.0/16",), "127.0.0.1", False),
        (("::1/128",), "127.0.0.1", False),
        (("169.254.0.0/16",), "169.254.9.9", True),
        (("169.254.0.0/16",), "127.0.0.1", False),
    ],
)
def test_a_network_is_allowed_by_itself(networks: tuple[str, ...], address: str, is_allowed: bool) -> None:
    contactable = Contactable(tuple(ipaddress.ip_network(one) for one in networks))
    assert contactable.allows(ipaddress.ip_address(address)) is is_allowed


def test_an_address_of_this_machine_is_its_own() -> None:
    """Whichever it has beside loopback; a machine without any has nothing to protect there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address beside loopback")
        own = probe.getsockname()[0]
    assert not NOWHERE.allows(ipaddress.ip_address(own))
    assert Contactable((ipaddress.ip_network(own),)).allows(ipaddress.ip_address(own))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "LOCALHOST"])
async def test_a_name_is_judged_by_what_is_behind_it(host: str) -> None:
    with pytest.raises(errors.AddressForbidden):
        await addresses_of(host, NOWHERE)
    assert await addresses_of(host, LOOPBACK)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0", "127.0.0.1."])
def test_digits_that_resolvers_take_for_an_address_are_no_name(host: str) -> None:
    with pytest.raises(errors.NameNotResolved):
        Target("", host, Reach("", is_first_contact=True)).demand_address()


async def test_a_name_that_leads_elsewhere_meanwhile_leads_nowhere() -> None:
    """The loop resolves as a hostile name server does: another answer each time, the first one harmless."""

    class Turning(asyncio.SelectorEventLoop):
        answers = iter(("192.0.2.7", "127.0.0.1", "169.254.169.254"))

        async def getaddrinfo(self, host: object, port: object, **_: object) -> list[tuple[object, ...]]:  # type: ignore[override]
            if host != "turning.example":
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(self.answers), 0))]

    async def resolve_all() -> list[object]:
        found: list[object] = [await addresses_of("turning.example", NOWHERE)]
        for _ in range(2):
            try:
                await open_connection("turning.example", 9, NOWHERE)
            except errors.AddressForbidden as error:
                found.append(type(error))
        return found

    def run() -> list[object]:
        loop = Turning()
        try:
            return loop.run_until_complete(resolve_all())
        finally:
            loop.close()

    assert await asyncio.to_thread(run) == [
        ["192.0.2.7"],
        errors.AddressForbidden,
        errors.AddressForbidden,
    ]
