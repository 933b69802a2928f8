"""What answers at an address: a device, a router, another codec, or something that breaks off. On loopback."""

import asyncio
import base64
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.1"
REALM = 'Basic realm="Cisco"'
LOGIN = ("admin", "correct horse")

Respond = Callable[["Answering", "Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One request as it arrived; header names in lower case."""

    scheme: str
    line: str
    headers: dict[str, str]

    @property
    def login(self) -> tuple[str, str] | None:
        """The Basic credentials, or None where none were sent."""
        word = self.headers.get("authorization", "")
        if not word:
            return None
        name, _, password = base64.b64decode(word.removeprefix("Basic ")).decode().partition(":")
        return name, password


def status_document(serial: str, item: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><Status product="Cisco Codec" version="ce9.6.1" apiVersion="4"><SystemUnit{item}>'
        f"<Hardware{item}><Module{item}><SerialNumber{item}>{serial}</SerialNumber></Module></Hardware>"
        "</SystemUnit></Status>"
    ).encode()


def http_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def as_device(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    """The way of these devices: 401 with their realm, the document after the right login."""
    if request.login != LOGIN:
        writer.write(http_answer("401 Unauthorized", b"", f"WWW-Authenticate: {door.realm}"))
    else:
        writer.write(http_answer("200 OK", status_document(door.serial), "Content-Type: text/xml"))


async def as_tc_device(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    """As a device whose software numbers every node."""
    if request.login != LOGIN:
        await as_device(door, request, writer)
    else:
        writer.write(http_answer("200 OK", status_document(door.serial, ' item="1"')))


async def in_pieces(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    """As a device, its answer in many small segments."""
    if request.login != LOGIN:
        await as_device(door, request, writer)
        return
    whole = http_answer("200 OK", status_document(door.serial))
    for start in range(0, len(whole), 40):
        writer.write(whole[start : start + 40])
        await writer.drain()
        # The caller, in the same loop, gets to read each of them by itself.
        for _ in range(10):
            await asyncio.sleep(0)


async def open_to_all(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(http_answer("200 OK", status_document(door.serial)))


async def as_router(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(http_answer("200 OK", b"<html><title>Router</title><p>Welcome<br></html>"))


async def as_router_with_login(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(http_answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="HomeBox 7"'))


async def redirecting(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(http_answer("302 Found", b"", f"Location: http://{ADDRESS}:{door.http_port}/"))


async def forbidding(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    if request.login is None:
        await as_device(door, request, writer)
    else:
        writer.write(http_answer("403 Forbidden"))


async def breaking_off(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<Status>")


async def hanging_up(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    """Nothing at all."""


async def babbling(door: "Answering", request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.org ESMTP\r\n\r\n")


@dataclass
class Answering:
    """Listeners for HTTPS and HTTP on ports of their own; what reached them is kept in `requests`.

    A port with `respond` None refuses connections.
    """

    serial: str = "FTT00000001"
    realm: str = REALM
    https: Respond | None = as_device
    http: Respond | None = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    requests: list[Request] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    https_port: int = 0
    http_port: int = 0

    def __post_init__(self) -> None:
        self._sockets = {}
        for scheme in ("https", "http"):
            made = socket.socket()
            made.bind((ADDRESS, 0))
            self._sockets[scheme] = made
        self.https_port = self._sockets["https"].getsockname()[1]
        self.http_port = self._sockets["http"].getsockname()[1]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen; where there is no way to respond, the port stays bound and refuses."""
        servers = []
        for scheme, respond, tls in (("https", self.https, self._tls()), ("http", self.http, None)):
            if respond is not None:
                serve = self._serve(scheme, respond)
                servers.append(await asyncio.start_server(serve, sock=self._sockets[scheme], ssl=tls))
        try:
            yield
        finally:
            for server in servers:
                server.close()
            for made in self._sockets.values():
                made.close()

    def _serve(self, scheme: str, respond: Respond) -> Callable[..., Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections.append(scheme)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                line, *headers = head.decode("latin-1").split("\r\n")[:-2]
                pairs = (header.partition(":") for header in headers)
                request = Request(scheme, line, {name.lower(): value.strip() for name, _, value in pairs})
                self.requests.append(request)
                await respond(self, request, writer)
                await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        return serve

    def _tls(self) -> ssl.SSLContext:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "codec")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(self.key, hashes.SHA256())
        )
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "codec.pem"
            file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
            context.load_cert_chain(file)
        return context

    @property
    def logins(self) -> list[tuple[str, tuple[str, str]]]:
        """(scheme, credentials) of every request that carried some."""
        return [(request.scheme, request.login) for request in self.requests if request.login]
