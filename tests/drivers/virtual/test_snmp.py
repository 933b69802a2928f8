"""The SNMP agent, asked with net-snmp's own tools (protocol notes K)."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket

import pytest
from tests.drivers.virtual.client import command, putxml, run
from tests.drivers.virtual.conftest import Make, StandInManager

from roomkeeper.virtual.endpoint import VirtualEndpoint

V2C = ("-v2c", "-c", "public")


@pytest.fixture(autouse=True)
def tools() -> None:
    """net-snmp's programs."""
    if shutil.which("snmpget") is None or shutil.which("snmpwalk") is None:
        if os.environ.get("CI"):
            pytest.fail("net-snmp's tools are not installed")
        pytest.skip("net-snmp's tools are not installed")


def free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


async def ask(endpoint: VirtualEndpoint, tool: str, *words: str, login: tuple[str, ...] = V2C) -> str:
    where = f"{endpoint.plan.identity.address}:{endpoint.plan.snmp_port}"
    _, out, errors = await run(tool, *login, "-t", "1", "-r", "1", "-On", "-m", "", where, *words)
    return out + errors


@pytest.fixture
async def sx10(make_endpoint: Make) -> VirtualEndpoint:
    return await make_endpoint(snmp_port=free_port("127.1.77.1"))  # type: ignore[no-any-return]


async def test_walk_of_the_system_group(sx10: VirtualEndpoint) -> None:
    sx10.configuration.set("NetworkServices/SNMP/SystemLocation", "Oslo")
    await asyncio.sleep(0)
    out = await ask(sx10, "snmpwalk", ".1.3.6.1.2.1.1")
    answered = [
        line for line in out.splitlines() if line.startswith(".1.3.6.1.2.1.1.") and "No more" not in line
    ]
    assert (
        "Cisco Codec\nSoftW: ce9.6.1.4516ae5aaa1\nMCU: Cisco TelePresence SX10\nDate: 2018-12-12\nS/N: FTT25010001"
        in out
    )
    assert ".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.5596.150.6.4.1" in out
    assert '.1.3.6.1.2.1.1.5.0 = STRING: "Boardroom"' in out
    assert '.1.3.6.1.2.1.1.6.0 = STRING: "Oslo"' in out
    assert ".1.3.6.1.2.1.1.7.0 = INTEGER: 72" in out
    assert len(answered) == 7


async def test_wrong_community_gets_no_answer(sx10: VirtualEndpoint) -> None:
    out = await ask(sx10, "snmpget", ".1.3.6.1.2.1.1.5.0", login=("-v2c", "-c", "Public"))
    assert "Timeout: No Response" in out


async def test_writing_needs_read_write(sx10: VirtualEndpoint) -> None:
    refused = await ask(sx10, "snmpset", ".1.3.6.1.2.1.1.5.0", "s", "Renamed")
    assert "notWritable" in refused
    sx10.configuration.set("NetworkServices/SNMP/Mode", "ReadWrite")
    assert "Renamed" in await ask(sx10, "snmpset", ".1.3.6.1.2.1.1.5.0", "s", "Renamed")
    assert sx10.configuration.get("SystemUnit/Name") == "Renamed"


async def test_off_by_default_since_9_15(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="dx80-ce9.15", snmp_port=free_port("127.1.77.1"))
    assert endpoint.configuration.get("NetworkServices/SNMP/Mode") == "Off"
    assert "Timeout" in await ask(endpoint, "snmpget", ".1.3.6.1.2.1.1.1.0")


async def test_v3_with_sha_512_and_aes(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-bar-roomos26", snmp_port=free_port("127.1.77.1"))
    added = await putxml(
        endpoint,
        command(
            "Network/SNMP/USM/User/Add",
            AuthenticationPassword="authenticate",
            AuthenticationProtocol="SHA-512",
            Name="keeper",
            PrivacyPassword="keepitprivate",
        ),
    )
    assert '<UserAddResult status="OK"/>' in added
    endpoint.configuration.set("NetworkServices/SNMP/Mode", "ReadOnly")
    login = (
        "-v3",
        "-u",
        "keeper",
        "-l",
        "authPriv",
        "-a",
        "SHA-512",
        "-A",
        "authenticate",
        "-x",
        "AES",
        "-X",
        "keepitprivate",
    )
    assert "MCU: Cisco Room Bar" in await ask(endpoint, "snmpwalk", ".1.3.6.1.2.1.1", login=login)
    wrong = tuple("guessguess" if word == "authenticate" else word for word in login)
    assert "Authentication failure" in await ask(endpoint, "snmpget", ".1.3.6.1.2.1.1.1.0", login=wrong)
    # An empty community means v3 only.
    assert "Timeout" in await ask(endpoint, "snmpget", ".1.3.6.1.2.1.1.1.0")


@pytest.mark.parametrize(
    ("profile", "object_id", "words"),
    [
        ("stand-in-expressway", ".1.3.6.1.4.1.5596.130.6.4.1", "TANDBERG VCS"),
        ("stand-in-mxp", ".1.3.6.1.4.1.5596", "TANDBERG Codec"),
    ],
)
async def test_stand_ins_post_and_answer_snmp(
    make_endpoint: Make, manager: StandInManager, profile: str, object_id: str, words: str
) -> None:
    endpoint = await make_endpoint(profile=profile, manager=manager.url, snmp_port=free_port("127.1.77.1"))
    boot = await manager.wait_for(lambda one: one.event == "Boot")
    assert boot.text("SerialNumber") == "FTT25010001"
    assert (endpoint.http_port, endpoint.https_port) == (None, None)
    out = await ask(endpoint, "snmpwalk", ".1.3.6.1.2.1.1")
    assert f'.1.3.6.1.2.1.1.1.0 = STRING: "{words}' in out
    assert f".1.3.6.1.2.1.1.2.0 = OID: {object_id}\n" in out
    await manager.wait_for(lambda one: one.event == "Register")
    assert endpoint.status.find("ExternalManager/Status") == "Active"
