"""Servers that sources read, made up for a test: on loopback, by HTTP or by TLS with an authority of their own."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from roomkeeper.phonebooks.sources import Reading, SourceKind

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    """What is answered. `raw` is sent in place of all else, and the connection closed."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **headers}
    )


Answering = Callable[[Asked], Reply]


class Peer:
    """A server that runs; what it was asked is kept in `asked`."""

    def __init__(self, answer: Answering, authority: "Authority | None" = None, **certificate: Any) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.held = threading.Event()
        """Set at the end: an answer that keeps a client waiting waits for this."""
        self._authority = authority
        self._server = ThreadingHTTPServer((ADDRESS, 0), _handler_of(self))
        self._server.daemon_threads = True
        if authority is not None:
            self._server.socket = authority.context(**certificate).wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self.url = f"{'http' if authority is None else 'https'}://{ADDRESS}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def settings(self) -> dict[str, Any]:
        """What a source takes to trust it."""
        return {"authority": self._authority.pem if self._authority else ""}

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.held.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


def _handler_of(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            peer.asked.append(asked)
            reply = peer.answer(asked)
            try:
                if reply.raw is not None:
                    self.close_connection = True
                    self.wfile.write(reply.raw)
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
            except OSError:
                # Whoever asked has had enough.
                self.close_connection = True

        do_GET = do_POST = do_PROPFIND = do_REPORT = do_HEAD = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler


class Authority:
    """An authority, and certificates that it signs."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        now = datetime.now(UTC)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=900))
            .not_valid_after(now + timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context(self, *, host: str = ADDRESS, has_expired: bool = False) -> ssl.SSLContext:
        """The server's side of TLS, with a certificate for that host."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = datetime.now(UTC) + timedelta(days=-10 if has_expired else 90)
        try:
            name: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=365))
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + certificate.public_bytes(serialization.Encoding.PEM)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "peer.pem"
            file.write_bytes(pem)
            context.load_cert_chain(file)
        return context


def demand_known(kind: SourceKind, reading: Reading) -> None:
    """What a test sets is what people can set."""
    assert set(reading.settings) <= {one.name for one in kind.takes}


@contextmanager
def serving(answer: Answering, authority: Authority | None = None, **certificate: Any) -> Iterator[Peer]:
    """A server that answers so, until the end."""
    with Peer(answer, authority, **certificate) as peer:
        yield peer
