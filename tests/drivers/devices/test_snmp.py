"""Reading a system group over real sockets: net-snmp's snmpd, the virtual endpoints' agent, and liars."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.declared import happened
from tests.drivers.devices.snmpd import AUTHENTICATION, PRIVACY, Relay, free_udp_port, until_taken
from tests.loopback import Reach

from roomkeeper.devices import errors
from roomkeeper.devices.client import Target
from roomkeeper.devices.snmp import (
    Community,
    SnmpLogin,
    SnmpPatience,
    SnmpUser,
    identify,
)
from roomkeeper.devices.snmp_facts import SnmpFacts

Make = Callable[..., Any]
LAN = Reach("reachable_on_lan")
PUBLIC = Community("public")
ENDPOINT = "127.1.78.1"
QUICK = SnmpPatience(answer=0.5, tries=1, total=3.0)
CODEC = (
    "sysObjectID .1.3.6.1.4.1.5596.150.6.4.1",
    "sysDescr Cisco Codec",
    "sysName Boardroom",
    "sysLocation Oslo",
    "sysContact Anna",
)


def user(name: str, authentication: str = "", privacy: str = "") -> SnmpUser:
    return SnmpUser(
        name,
        authentication,
        AUTHENTICATION if authentication else "",
        privacy,
        PRIVACY if privacy else "",
    )


async def ask(
    port: int,
    login: SnmpLogin = PUBLIC,
    *,
    address: str = "127.0.0.1",
    reach: Reach = LAN,
    patience: SnmpPatience = QUICK,
) -> SnmpFacts:
    return await identify(Target("Lobby", address, reach), login, port=port, patience=patience)


# net-snmp's snmpd


async def test_every_version_reads_the_group(make_snmpd: Make) -> None:
    port = await make_snmpd(*CODEC)
    for login in (PUBLIC, Community("public", "1"), user("sha512", "SHA-512", "AES")):
        facts = await ask(port, login)
        assert (facts.family, facts.is_device) == ("roomos", True)
        assert (facts.name, facts.location, facts.contact) == ("Boardroom", "Oslo", "Anna")
        assert facts.sys_object_id == "1.3.6.1.4.1.5596.150.6.4.1"
        assert facts.uptime is not None
        assert facts.uptime < timedelta(minutes=2)


@pytest.mark.parametrize(
    "login",
    [
        user("nobody"),
        user("md5", "MD5"),
        user("sha512-only", "SHA-512"),
        user("sha1", "SHA-1", "AES"),
        user("sha1-des", "SHA-1", "DES"),
        user("sha224", "SHA-224", "AES"),
        user("sha256", "SHA-256", "AES"),
        user("sha384-aes192", "SHA-384", "AES-192"),
        user("sha512", "SHA-512", "AES"),
        user("sha512-aes256", "SHA-512", "AES-256"),
        user("sha1-aes256", "SHA-1", "AES-256"),
    ],
    ids=lambda login: login.name,
)
async def test_users_of_v3(login: SnmpUser, make_snmpd: Make) -> None:
    assert (await ask(await make_snmpd("sysName Printer"), login)).name == "Printer"


@pytest.mark.parametrize(
    ("login", "words"),
    [
        (user("stranger", "SHA-512", "AES"), "refused the SNMPv3 user"),
        (user("stranger"), "refused the SNMPv3 user"),
        (SnmpUser("sha512", "SHA-512", "guessguess", "AES", PRIVACY), "refused the SNMPv3 user"),
        (user("sha512", "SHA-256", "AES"), "refused the SNMPv3 user"),
        (user("sha512", "SHA-512"), "refused the SNMPv3 user"),
        (
            SnmpUser("sha512", "SHA-512", AUTHENTICATION, "AES", "guessguess"),
            happened(errors.SnmpPrivacyRefused),
        ),
        (user("sha512", "SHA-512", "DES"), happened(errors.SnmpPrivacyRefused)),
    ],
)
async def test_users_that_are_refused(login: SnmpUser, words: str, make_snmpd: Make) -> None:
    port = await make_snmpd()
    with pytest.raises(errors.SnmpLoginRefused, match=words) as caught:
        await ask(port, login)
    assert str(caught.value).startswith("Lobby (127.0.0.1) ")
    assert "while reading its SNMP system group." in str(caught.value)
    assert not caught.value.can_retry


async def test_machine_that_is_none_of_ours_is_unmanaged_and_named(make_snmpd: Make) -> None:
    facts = await ask(await make_snmpd("sysName codec-printer"))
    assert (facts.family, facts.is_device, facts.name) == ("unmanaged", False, "codec-printer")
    assert facts.sys_object_id.startswith("1.3.6.1.4.1.8072.")


async def test_wrong_community_is_silence_and_says_so(make_snmpd: Make) -> None:
    port = await make_snmpd()
    with pytest.raises(errors.SnmpNoAnswer, match=happened(errors.SnmpNoAnswer)) as caught:
        await ask(port, Community("Public"))
    assert "Nothing listens" not in str(caught.value)
    assert caught.value.can_retry


async def test_community_that_may_read_something_else_only(make_snmpd: Make) -> None:
    port = await make_snmpd("rocommunity narrow default .1.3.6.1.2.1.2")
    for version in ("1", "2c"):
        with pytest.raises(errors.SnmpUnreadable):
            await ask(port, Community("narrow", version))


async def test_v1_agent_without_one_of_the_objects(make_snmpd: Make) -> None:
    """A v1 agent refuses a whole question for one name that it lacks."""
    port = await make_snmpd(
        "view few included .1.3.6.1.2.1.1.2", "view few included .1.3.6.1.2.1.1.5", "rocommunity few default -V few",
        "sysName Lobby",
    )  # fmt: skip
    facts = await ask(port, Community("few", "1"))
    assert (facts.name, facts.location) == ("Lobby", "")


# The virtual endpoints' agent


@pytest.mark.parametrize(
    ("profile", "family", "product", "version"),
    [
        ("sx10-ce9.6", "roomos", "Cisco TelePresence SX10", "ce9.6.1.4516ae5aaa1"),
        ("sx20-tc7", "roomos", "Cisco TelePresence SX20", "TC7"),
        ("stand-in-expressway", "expressway", "", "X"),
        ("stand-in-mxp", "mxp", "TANDBERG", "F"),
    ],
)
async def test_virtual_endpoints_are_recognised(
    profile: str, family: str, product: str, version: str, make_endpoint: Make
) -> None:
    port = free_udp_port(ENDPOINT)
    endpoint = await make_endpoint(profile, snmp_port=port)
    await until_taken(ENDPOINT, port)
    for login in (PUBLIC, Community("public", "1")):
        facts = await ask(port, login, address=ENDPOINT)
        assert (facts.family, facts.is_device) == (family, True)
        assert facts.product.startswith(product)
        assert facts.software_version.startswith(version)
        assert (facts.serial_number, facts.name) == (endpoint.plan.identity.serial, "Boardroom")


async def test_v3_user_of_a_virtual_endpoint(make_endpoint: Make) -> None:
    port = free_udp_port(ENDPOINT)
    endpoint = await make_endpoint("room-bar-roomos26", snmp_port=port)
    endpoint.device.shelf.snmp_users["keeper"] = ("SHA-512", AUTHENTICATION, PRIVACY)
    endpoint.configuration.set("NetworkServices/SNMP/Mode", "ReadOnly")
    await until_taken(ENDPOINT, port)
    facts = await ask(port, user("keeper", "SHA-512", "AES"), address=ENDPOINT)
    assert (facts.family, facts.product) == ("roomos", "Cisco Room Bar")
    with pytest.raises(errors.SnmpLoginRefused):
        await ask(port, user("keeper", "SHA-256", "AES"), address=ENDPOINT)
    # An empty community means v3 only (protocol notes K).
    with pytest.raises(errors.SnmpNoAnswer):
        await ask(port, address=ENDPOINT)


# Silence, and what must not be contacted


async def test_port_that_nobody_listens_at_is_told_at_once() -> None:
    async with asyncio.timeout(2):
        with pytest.raises(errors.SnmpNoAnswer, match="Nothing listens at its SNMP port"):
            await ask(free_udp_port("127.0.0.1"), patience=SnmpPatience(answer=30, total=60))


async def test_silence_is_asked_again_and_ends_in_time(make_agent: Make) -> None:
    agent = await make_agent(lambda data: None)
    with pytest.raises(errors.SnmpNoAnswer):
        await ask(agent.port, patience=SnmpPatience(answer=0.1, tries=3))
    assert len(agent.received) == 3


async def test_name_that_does_not_resolve_and_address_that_is_none() -> None:
    for address in ("no-such-host.invalid", "", "127.0.0.1/x", "a b"):
        with pytest.raises(errors.NameNotResolved):
            await ask(161, address=address)


@pytest.mark.parametrize(
    "reach",
    [
        Reach("reachable_on_lan", is_secure_only=True),
        Reach("", is_secure_only=True, is_first_contact=True),
        Reach("behind_firewall"),
        Reach("inaccessible"),
        Reach("undecided"),
    ],
)
async def test_no_packet_leaves_where_it_is_forbidden(reach: Reach, make_agent: Make) -> None:
    agent = await make_agent(lambda data: None)
    for login in (PUBLIC, Community("public", "1"), user("sha512", "SHA-512", "AES")):
        with pytest.raises(errors.ContactForbidden, match=r"Lobby \(127.0.0.1\) must not be contacted"):
            await ask(agent.port, login, reach=reach)
    # A packet of our own comes last in the queue: those before it would have arrived.
    with pytest.raises(errors.SnmpNoAnswer):
        await ask(agent.port, Community("the-last-one"), patience=SnmpPatience(answer=0.1, tries=1))
    assert len(agent.received) == 1
    assert b"the-last-one" in agent.received[0]


# Liars


@pytest.mark.parametrize(
    "answer",
    [b"", b"x", b"garbage" * 200, b"\x30\x84\xff\xff\xff\xff" + b"x" * 60, b"\x30" * 5000, b"\x00" * 60_000],
)
async def test_rubbish_is_an_error_of_ours(answer: bytes, make_agent: Make) -> None:
    agent = await make_agent(lambda data: answer)
    for login in (PUBLIC, Community("public", "1"), user("sha512", "SHA-512", "AES")):
        with pytest.raises((errors.SnmpUnreadable, errors.SnmpNoAnswer)):
            await ask(agent.port, login)


async def test_datagrams_without_end_do_not_hold_us(make_agent: Make) -> None:
    """Copies of the question are SNMP, and never its answer."""
    agent = await make_agent(lambda data: [data] * 50)
    async with asyncio.timeout(5):
        with pytest.raises((errors.SnmpUnreadable, errors.SnmpNoAnswer)):
            await ask(agent.port, patience=SnmpPatience(answer=0.3, tries=2, total=1.0))


async def test_answers_with_bits_turned_are_errors_or_facts(make_agent: Make, make_snmpd: Make) -> None:
    """Real answers of a real agent, damaged on their way: nothing but facts or an error of ours comes of them."""
    port = await make_snmpd(*CODEC)
    chance = random.Random(4)
    loop = asyncio.get_running_loop()
    upstream, relay = await loop.create_datagram_endpoint(
        lambda: Relay(lambda answer: agent.send(_damaged(answer, chance))), remote_addr=("127.0.0.1", port)
    )
    agent = await make_agent(lambda data: relay.transport.sendto(data))
    patience = SnmpPatience(answer=0.05, tries=1, total=0.5)
    outcomes = set()
    for number in range(150):
        login = (PUBLIC, Community("public", "1"), user("sha512", "SHA-512", "AES"))[number % 3]
        try:
            outcomes.add(type(await ask(agent.port, login, patience=patience)))
        except errors.DeviceError as error:
            outcomes.add(type(error))
    upstream.close()
    refused = {errors.SnmpLoginRefused, errors.SnmpPrivacyRefused}
    assert outcomes <= {SnmpFacts, errors.SnmpUnreadable, errors.SnmpNoAnswer, *refused}
    assert outcomes >= {SnmpFacts, errors.SnmpUnreadable}


def _damaged(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.randint(0, 3)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found[: chance.choice([len(found), len(found), chance.randrange(len(found))])])


async def test_no_socket_is_left_behind_by_what_fails(make_agent: Make, make_snmpd: Make) -> None:
    silent = await make_agent(lambda data: None)
    liar = await make_agent(lambda data: b"rubbish")
    port = await make_snmpd()
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    kept = []
    for where, login in (
        (silent.port, PUBLIC),
        (liar.port, PUBLIC),
        (port, user("stranger", "SHA-512", "AES")),
    ):
        for _ in range(5):
            try:
                await ask(where, login, patience=SnmpPatience(answer=0.05, tries=1))
            except errors.DeviceError as error:
                kept.append(error)
    if before:
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(kept) == 15


# Logins


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Community("public", "3"), "1 or 2c"),
        (lambda: Community(""), "1 to 255"),
        (lambda: SnmpUser(""), "1 to 32"),
        (lambda: SnmpUser("x" * 33), "1 to 32"),
        (lambda: SnmpUser("x", "SHA-512", "short"), "8 to 255"),
        (lambda: SnmpUser("x", "SHA-512"), "8 to 255"),
        (lambda: SnmpUser("x", "SHA-512", AUTHENTICATION, "AES", ""), "8 to 255"),
        (lambda: SnmpUser("x", "", "", "AES", PRIVACY), "needs authentication"),
        (lambda: SnmpUser("x", "CRC", AUTHENTICATION), "SHA-512"),
        (lambda: SnmpUser("x", "SHA-512", AUTHENTICATION, "ROT13", PRIVACY), "AES-256"),
    ],
)
def test_logins_that_cannot_be(make: Callable[[], SnmpLogin], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_logins_do_not_show_their_secrets() -> None:
    assert "public" not in repr(PUBLIC)
    shown = repr(user("keeper", "SHA-512", "AES"))
    assert "keeper" in shown
    assert AUTHENTICATION not in shown
    assert PRIVACY not in shown
