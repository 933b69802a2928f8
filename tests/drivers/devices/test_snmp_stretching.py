"""Two ways of stretching short SNMPv3 keys for AES-192 and AES-256: agents of two kinds, each with both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from tests.drivers.devices.snmpd import AUTHENTICATION, PRIVACY, free_udp_port, until_taken
from tests.drivers.devices.test_snmp import ask, user

from roomkeeper.devices import errors
from roomkeeper.devices.snmp import SnmpUser

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "authentication", "privacy", "way"),
    [
        ("sha1-aes256", "SHA-1", "AES-256", "blumenthal"),
        ("sha1-aes256c", "SHA-1", "AES-256", "reeder"),
        ("sha1-aes192c", "SHA-1", "AES-192", "reeder"),
        ("md5-aes256", "MD5", "AES-256", "blumenthal"),
        ("md5-aes256c", "MD5", "AES-256", "reeder"),
        ("sha224-aes256c", "SHA-224", "AES-256", "reeder"),
        ("sha512-aes256", "SHA-512", "AES-256", ""),
    ],
)
async def test_a_key_is_stretched_as_the_agent_does_it(
    name: str, authentication: str, privacy: str, way: str, make_snmpd: Make
) -> None:
    """net-snmp has both: Blumenthal's draft by the plain names of AES, Reeder's by those that end in C."""
    port = await make_snmpd("sysName Printer")
    login = user(name, authentication, privacy)
    facts = await ask(port, login)
    assert (facts.name, facts.stretching) == ("Printer", way)
    # What worked is tried first, and what did not work here after it.
    for known in ("blumenthal", "reeder"):
        assert (await ask(port, replace(login, stretching=known))).stretching == way


@pytest.mark.parametrize(
    ("protocol", "privacy", "way"),
    [
        (config.USM_PRIV_CFB256_AES, "AES-256", "reeder"),
        (config.USM_PRIV_CFB192_AES, "AES-192", "reeder"),
        (config.USM_PRIV_CFB256_AES_BLUMENTHAL, "AES-256", "blumenthal"),
    ],
)
async def test_an_agent_by_pysnmp(protocol: Any, privacy: str, way: str) -> None:
    port = free_udp_port("127.0.0.1")
    agent = start_pysnmp(port, protocol)
    await until_taken("127.0.0.1", port)
    try:
        facts = await ask(port, user("anna", "SHA-1", privacy))
    finally:
        agent.close_dispatcher()
    assert facts.description.startswith("PySNMP")
    assert facts.stretching == way


def start_pysnmp(port: int, protocol: Any) -> Any:
    """An agent that somebody else wrote, with one user."""
    snmp = engine.SnmpEngine()
    config.add_transport(snmp, udp.DOMAIN_NAME, udp.UdpTransport().open_server_mode(("127.0.0.1", port)))
    config.add_v3_user(snmp, "anna", config.USM_AUTH_HMAC96_SHA, AUTHENTICATION, protocol, PRIVACY)
    system = (1, 3, 6, 1, 2, 1, 1)
    config.add_vacm_user(snmp, 3, "anna", "authPriv", system, system)
    answers = context.SnmpContext(snmp)
    cmdrsp.GetCommandResponder(snmp, answers)
    snmp.transport_dispatcher.job_started(1)
    return snmp


@pytest.mark.parametrize(
    ("password", "kind"),
    [(AUTHENTICATION, errors.SnmpPrivacyRefused), ("guessguess", errors.SnmpLoginRefused)],
)
async def test_a_wrong_password_stays_one(
    password: str, kind: type[errors.SnmpLoginRefused], make_snmpd: Make
) -> None:
    login = SnmpUser("sha1-aes256", "SHA-1", password, "AES-256", "guessguess")
    with pytest.raises(errors.SnmpLoginRefused) as caught:
        await ask(await make_snmpd(), login)
    assert type(caught.value) is kind


def test_ways_that_are_tried() -> None:
    assert user("a", "SHA-1", "AES-256").stretchings == ("blumenthal", "reeder")
    assert replace(user("a", "SHA-1", "AES-256"), stretching="reeder").stretchings == ("reeder", "blumenthal")
    assert user("a", "SHA-256", "AES-256").stretchings == ("",)
    assert user("a", "SHA-1", "AES").stretchings == ("",)
    assert user("a", "SHA-1").stretchings == ("",)
    with pytest.raises(ValueError, match="is not one of blumenthal, reeder"):
        SnmpUser("a", stretching="elastic")
