"""Old TLS in the shapes of old codecs: told as what it is, and reached where legacy TLS was chosen by hand (rule R6).

The other side is OpenSSL (Python's and `s_server`) and GnuTLS, held back to what such codecs offer.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.declared import advice, happened
from tests.drivers.devices.conftest import GOOD, LAN, QUICK, UNAUTHORIZED, http
from tests.loopback import find_agreements

from roomkeeper.devices import errors, measuring
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.tls import TlsPolicy, Trust

Make = Callable[..., Any]
TLS_1_0, TLS_1_1, TLS_1_2 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2
LEGACY = TlsPolicy(is_legacy=True)


@dataclass(frozen=True)
class Shape:
    """How an old codec's TLS is, what it is told as, and what legacy TLS agrees on with it."""

    name: str
    least: ssl.TLSVersion
    most: ssl.TLSVersion
    ciphers: str
    error: type[errors.TlsFailed] | None
    words: str
    agreed: str
    bits: int = 2048
    digest: str = "sha256"
    dh_bits: int = 0


SHAPES = [
    Shape("tls 1.0", TLS_1_0, TLS_1_0, "AES128-SHA", errors.TlsVersionRefused,
          "it agreed on TLS 1.0 with AES128-SHA.",
          "TLS 1.0 with AES128-SHA", bits=1024, digest="sha1"),
    Shape("tls 1.1", TLS_1_0, TLS_1_1, "AES256-SHA", errors.TlsVersionRefused,
          "It offers TLS 1.0 and TLS 1.1; Roomkeeper offered", "TLS 1.1 with AES256-SHA"),
    Shape("rsa key exchange", TLS_1_0, TLS_1_2, "AES256-SHA", errors.LegacyTlsNeeded,
          "agreed on TLS 1.2 with AES256-SHA. What is old: its ciphers are too old.",
          "TLS 1.2 with AES256-SHA"),
    Shape("camellia", TLS_1_2, TLS_1_2, "CAMELLIA128-SHA", errors.LegacyTlsNeeded,
          "its ciphers are too old", "TLS 1.2 with CAMELLIA128-SHA"),
    Shape("small dh", TLS_1_2, TLS_1_2, "DHE-RSA-AES256-GCM-SHA384", errors.LegacyTlsNeeded,
          "its Diffie-Hellman key is too small", "TLS 1.2 with DHE-RSA-AES256-GCM-SHA384", dh_bits=1024),
    Shape("small dh of tls 1.0", TLS_1_0, TLS_1_0, "DHE-RSA-AES128-SHA", errors.TlsVersionRefused,
          "It offers TLS 1.0", "TLS 1.0 with DHE-RSA-AES128-SHA", bits=1024, digest="sha1", dh_bits=1024),
    Shape("weak certificate", TLS_1_2, TLS_1_2, "ECDHE-RSA-AES128-GCM-SHA256", None, "",
          "TLS 1.2 with ECDHE-RSA-AES128-GCM-SHA256", bits=1024, digest="sha1"),
    Shape("md5 certificate", TLS_1_0, TLS_1_0, "ECDHE-RSA-AES128-SHA", errors.TlsVersionRefused,
          "It offers TLS 1.0", "TLS 1.0 with ECDHE-RSA-AES128-SHA", bits=1024, digest="md5"),
]  # fmt: skip


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def make_certificate(folder: Path, bits: int, digest: str) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    run(
        "openssl", "req", "-x509", "-newkey", f"rsa:{bits}", f"-{digest}", "-nodes", "-days", "9000",
        "-subj", "/CN=codec", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate),
    )  # fmt: skip
    return key, certificate


def context_of(shape: Shape, folder: Path) -> ssl.SSLContext:
    key, certificate = make_certificate(folder, shape.bits, shape.digest)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{shape.ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = shape.least, shape.most
    context.load_cert_chain(certificate, key)
    if shape.dh_bits:
        parameters = folder / "dh.pem"
        run("openssl", "dhparam", "-dsaparam", "-out", str(parameters), str(shape.dh_bits))
        context.load_dh_params(parameters)
    return context


def target_at(port: int, tls: TlsPolicy | None = None) -> Target:
    return Target("Boardroom", "127.0.0.1", LAN, GOOD, tls or TlsPolicy(), https_port=port, http_port=0)


@pytest.fixture
async def serve_shape(tmp_path: Path) -> AsyncIterator[Make]:
    """Servers that ask for a login as codecs do; each gives its port and what it was sent."""
    servers: list[asyncio.Server] = []

    async def start(shape: Shape) -> tuple[int, list[bytes]]:
        received: list[bytes] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                received.append(head)
                is_signed = b"authorization" in head.lower()
                writer.write(http("200 OK", b"<Status/>") if is_signed else UNAUTHORIZED)
                await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context_of(shape, tmp_path))
        servers.append(server)
        return server.sockets[0].getsockname()[1], received

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
async def test_old_tls_is_told_and_legacy_reaches_it(
    shape: Shape, serve_shape: Make, transport: DeviceTransport
) -> None:
    port, received = await serve_shape(shape)
    modern = transport.client(target_at(port), patience=QUICK)
    if shape.error is None:
        await modern.get("/status.xml", doing="reading its status")
        received.clear()
    else:
        for asked in (
            modern.get("/status.xml", doing="reading its status"),
            measuring.shake_hands(target_at(port), seconds=2),
        ):
            with pytest.raises(shape.error) as caught:
                await asked
            assert shape.words in str(caught.value)
            assert caught.value.advice == advice(shape.error)
            assert not caught.value.can_retry
        # To find out, nothing was sent but handshakes.
        assert received == []
    legacy = transport.client(target_at(port, LEGACY), patience=QUICK)
    assert await legacy.get("/status.xml", doing="reading its status") == b"<Status/>"
    found = await measuring.shake_hands(target_at(port, LEGACY), seconds=2)
    assert str(found.agreed) == shape.agreed
    # A Diffie-Hellman key does not show in the name of the cipher.
    assert found.agreed.is_old is (shape.error is not None and shape.name != "small dh")
    pinned = target_at(port, TlsPolicy(pinned_key=legacy.seen_key, is_legacy=True))
    assert await transport.client(pinned, patience=QUICK).get("/x", doing="reading") == b"<Status/>"


async def test_weak_certificate_of_an_authority(
    serve_shape: Make, transport: DeviceTransport, tmp_path: Path
) -> None:
    port, received = await serve_shape(next(shape for shape in SHAPES if shape.name == "weak certificate"))
    authority = (tmp_path / "certificate.pem").read_text()
    strict = target_at(port, TlsPolicy(Trust.AUTHORITY, authorities=authority))
    with pytest.raises(errors.CertificateTooWeak, match="weak key or signature"):
        await transport.client(strict, patience=QUICK).get("/status.xml", doing="reading")
    assert received == []
    by_hand = target_at(port, TlsPolicy(Trust.AUTHORITY, authorities=authority, is_legacy=True))
    assert await transport.client(by_hand, patience=QUICK).get("/status.xml", doing="reading")


async def test_legacy_takes_nothing_without_a_certificate(
    serve_shape: Make, transport: DeviceTransport
) -> None:
    """Anonymous key exchange has no key that could be pinned."""
    shape = Shape("anonymous", TLS_1_2, TLS_1_2, "ADH-AES128-SHA", None, "", "")
    port, received = await serve_shape(shape)
    with pytest.raises(errors.TlsFailed):
        await transport.client(target_at(port, LEGACY), patience=QUICK).get("/status.xml", doing="reading")
    assert received == []


async def test_a_connection_that_was_cut_off_once_is_not_called_old(
    transport: DeviceTransport, tmp_path: Path
) -> None:
    """It fails in the first handshake, as a device that restarts, and is as modern as can be."""
    key, certificate = make_certificate(tmp_path, 2048, "sha256")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    first = True

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        if first:
            first = False
            writer.transport.abort()
            return
        try:
            await writer.start_tls(context)
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(errors.TlsFailed) as caught:
            await measuring.shake_hands(target_at(port), seconds=2)
    assert type(caught.value) is errors.TlsFailed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def start_program() -> AsyncIterator[Make]:
    """TLS servers that others wrote, as processes of the test; gives when their port is open."""
    started: list[asyncio.subprocess.Process] = []

    async def start(port: int, *words: str) -> None:
        program = shutil.which(words[0])
        if program is None:
            if os.environ.get("CI"):
                pytest.fail(f"{words[0]} is not installed")
            pytest.skip(f"{words[0]} is not installed")
        process = await asyncio.create_subprocess_exec(
            program, *words[1:],
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_stack_without_secure_renegotiation(start_program: Make, tmp_path: Path) -> None:
    """GnuTLS without RFC 5746, and otherwise as new as TLS 1.2 is."""
    key, certificate = make_certificate(tmp_path, 2048, "sha256")
    port = free_port()
    await start_program(
        port, "gnutls-serv", "--http", "--quiet", "--port", str(port),
        "--x509keyfile", str(key), "--x509certfile", str(certificate),
        "--priority", "NORMAL:-VERS-TLS1.3:%DISABLE_SAFE_RENEGOTIATION",
    )  # fmt: skip
    with pytest.raises(errors.LegacyTlsNeeded) as caught:
        await measuring.shake_hands(target_at(port), seconds=3)
    assert "What is old: it does not know secure renegotiation." in str(caught.value)
    assert "agreed on TLS 1.2 with ECDHE-RSA-AES256-GCM-SHA384." in str(caught.value)
    found = await measuring.shake_hands(target_at(port, LEGACY), seconds=3)
    assert found.agreed.version == "TLS 1.2"


@pytest.mark.parametrize(
    ("version", "cipher", "agreed"),
    [
        ("-tls1", "AES256-SHA", "TLS 1.0"),
        ("-tls1_1", "AES128-SHA", "TLS 1.1"),
        ("-tls1_2", "AES128-SHA256", "TLS 1.2"),
    ],
)
async def test_s_server(start_program: Make, tmp_path: Path, version: str, cipher: str, agreed: str) -> None:
    key, certificate = make_certificate(tmp_path, 1024, "sha1")
    port = free_port()
    await start_program(
        port, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", version,
        "-cipher", f"{cipher}:@SECLEVEL=0", "-key", str(key), "-cert", str(certificate),
    )  # fmt: skip
    assert [str(one) for one in await find_agreements("127.0.0.1", port)] == [f"{agreed} with {cipher}"]
    kind = errors.LegacyTlsNeeded if agreed == "TLS 1.2" else errors.TlsVersionRefused
    with pytest.raises(kind, match=f"agreed on {agreed} with {cipher}"):
        await measuring.shake_hands(target_at(port), seconds=3)
    assert (
        str((await measuring.shake_hands(target_at(port, LEGACY), seconds=3)).agreed)
        == f"{agreed} with {cipher}"
    )


async def test_no_cipher_that_this_server_knows(start_program: Make, tmp_path: Path) -> None:
    """As with 3DES or RC4 alone, which this build of OpenSSL may not have: here one that no certificate goes with."""
    key, certificate = make_certificate(tmp_path, 2048, "sha256")
    port = free_port()
    await start_program(
        port, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", "-tls1_2",
        "-cipher", "ADH-AES128-SHA:@SECLEVEL=0", "-key", str(key), "-cert", str(certificate),
    )  # fmt: skip
    for policy in (TlsPolicy(), LEGACY):
        with pytest.raises(errors.NoCipherInCommon, match=happened(errors.NoCipherInCommon)):
            await measuring.shake_hands(target_at(port, policy), seconds=3)
