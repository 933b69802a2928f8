"""Single steps towards a device with their times, on real sockets; what is forbidden opens none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.drivers.devices.conftest import target_of
from tests.loopback import Reach, fetch_certificate

from roomkeeper.devices import errors, measuring
from roomkeeper.devices.client import Target
from roomkeeper.devices.tls import TlsPolicy, Trust, key_of

Make = Callable[..., Any]
FORBIDDEN = Reach("behind_firewall")


async def test_name_of_an_address_and_of_a_name(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    assert await measuring.resolve(target_of(endpoint)) == measuring.Resolved(("127.1.78.1",), True, 0)
    named = await measuring.resolve(target_of(endpoint, address="localhost"))
    assert "127.0.0.1" in named.addresses
    assert not named.is_literal
    for address in ("no-such-host.invalid", "a b", "x" * 300):
        with pytest.raises(errors.NameNotResolved):
            await measuring.resolve(target_of(endpoint, address=address))


async def test_ports(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    target = target_of(endpoint)
    assert 0 <= await measuring.connect(target, "https", seconds=2) < 2_000
    assert 0 <= await measuring.connect(target, "http", seconds=2) < 2_000
    with pytest.raises(errors.ConnectionRefused):
        await measuring.connect(replace(target, https_port=9), "https", seconds=2)


async def test_handshake_tells_version_cipher_and_certificate(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    target = target_of(endpoint)
    found = await measuring.shake_hands(target, seconds=2)
    assert found.agreed.version == "TLS 1.3"
    assert found.agreed.cipher.startswith("TLS_")
    shown = found.certificate
    assert shown is not None
    assert shown.key == key_of(await fetch_certificate(target.address, target.https_port))
    assert (shown.subject, shown.names, shown.is_self_signed) == ("CN=FTT25010001", ("127.1.78.1",), True)
    assert shown.is_valid(datetime.now(UTC))
    # Whatever the certificate: it is judged by a step of its own.
    pinned = replace(target, tls=TlsPolicy(pinned_key="0" * 64))
    assert (await measuring.shake_hands(pinned, seconds=2)).certificate == shown
    with pytest.raises(errors.CertificateChanged):
        await measuring.judge_certificate(pinned, seconds=2)
    await measuring.judge_certificate(replace(target, tls=TlsPolicy(Trust.OFF)), seconds=2)


async def test_handshake_without_a_version_in_common(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    endpoint.set_fault("tls_1_0_only", True)
    with pytest.raises(errors.TlsVersionRefused) as caught:
        await measuring.shake_hands(target_of(endpoint), seconds=2)
    assert caught.value.theirs == ("TLS 1.0",)
    assert caught.value.ours == ("TLS 1.2", "TLS 1.3")
    legacy = target_of(endpoint, tls=TlsPolicy(is_legacy=True))
    assert (await measuring.shake_hands(legacy, seconds=2)).agreed.version == "TLS 1.0"


async def test_no_tls_at_the_port(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    # Plain HTTP waits for the end of a request; others say something of their own.
    with pytest.raises(errors.ConnectTimedOut):
        await measuring.shake_hands(target_of(endpoint, https_port=endpoint.http_port), seconds=0.3)

    def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(errors.TlsFailed) as caught:
            await measuring.shake_hands(target_of(endpoint, address="127.0.0.1", https_port=port), seconds=2)
    assert type(caught.value) is errors.TlsFailed


async def test_forbidden_contact_opens_no_socket(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    target: Target = target_of(endpoint, reach=FORBIDDEN)
    connections = []
    endpoint._https._handler = connections.append
    for step in (
        lambda: measuring.resolve(target),
        lambda: measuring.connect(target, "https", seconds=1),
        lambda: measuring.connect(target, "http", seconds=1),
        lambda: measuring.shake_hands(target, seconds=1),
        lambda: measuring.judge_certificate(target, seconds=1),
    ):
        with pytest.raises(errors.ContactForbidden):
            await step()
    secure_only = target_of(endpoint, reach=Reach("reachable_on_lan", is_secure_only=True))
    with pytest.raises(errors.ContactForbidden):
        await measuring.connect(secure_only, "http", seconds=1)
    assert connections == []


@pytest.mark.parametrize("certificate", [b"", b"no certificate", b"0" * 1_000])
def test_certificate_that_cannot_be_read(certificate: bytes) -> None:
    assert measuring.describe(certificate) is None
