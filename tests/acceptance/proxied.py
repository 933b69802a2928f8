"""A server behind a real proxy, both as the page on reverse proxies has it word by word, and endpoints on three sides.

Two network namespaces: one with server and proxy, on ports 80 and 443 of an internal and a public address; one with the
endpoints. Of the page's texts nothing is replaced but what it tells its readers to replace.
"""

import os
import re
import shutil
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.acceptance.device import EVENTS, request
from tests.acceptance.namespaces import Namespaces, demand_namespaces, inside, run
from tests.acceptance.prepared import Prepared
from tests.acceptance.processes import Api, Fleet, Program, clean_environment, eventually

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "reverse-proxy.md"
HOST_NAME: Final = "rooms.example.org"
INTERNAL, PUBLIC = "10.99.2.1", "198.51.100.1"
# Where those that are added call before: nobody listens there.
NOWHERE: Final = "http://10.99.2.2:9"
PASSWORD: Final = "Endpoint-Pass-53"
USUAL: Final = {"http": 80, "https": 443}
_PROGRAMS: Final = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "haproxy-passthrough": "haproxy",
    "caddy": "caddy",
}
PROXIES: Final = tuple(_PROGRAMS)
_TEXT: Final = "<!-- proxy: {} -->\n```[a-z]+\n(.*?)```\n"
_PATHS: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@dataclass(frozen=True, slots=True)
class Room:
    """An endpoint: where it is, what it says of that, and whether it calls first or is added."""

    serial: str
    mode: str
    address: str
    reported: str
    calls_first: bool

    @property
    def server_host(self) -> str:
        """By which of our addresses it is to call."""
        return INTERNAL if self.mode == "lan" else PUBLIC


ROOMS: Final = (
    Room("FTTLAN00011", "lan", "10.99.2.11", "10.99.2.11", True),
    Room("FTTPUB00011", "public", "198.51.100.11", "10.7.0.11", True),
    Room("FTTBFW00011", "behind-firewall", "203.0.113.11", "192.168.7.11", True),
    Room("FTTLAN00012", "lan", "10.99.2.12", "10.99.2.12", False),
    Room("FTTPUB00012", "public", "198.51.100.12", "10.7.0.12", False),
)


def text_of(name: str, page: str | None = None) -> str:
    """What the page holds for that proxy, or for Roomkeeper with it; fails where it holds nothing."""
    page = PAGE.read_text("utf-8") if page is None else page
    found = re.findall(_TEXT.format(re.escape(name)), page, re.DOTALL)
    assert len(found) == 1, f"{PAGE.name} has {len(found)} texts for {name}"
    return str(found[0])


def settings_with(name: str) -> str:
    """Roomkeeper's settings behind that proxy."""
    special = f"roomkeeper with {name}"
    return text_of(special if f"<!-- proxy: {special} -->" in PAGE.read_text("utf-8") else "roomkeeper")


def demand(name: str) -> None:
    """Skip where that proxy cannot be run; under CI that is a failure."""
    demand_namespaces()
    if shutil.which(_PROGRAMS[name], path=_PATHS):
        return
    reason = f"{_PROGRAMS[name]} is not installed"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Certificate:
    """One that a proxy shows: `certificate` and `key`, signed by `authority`."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.certificate, self.key = (
            folder / name for name in ("authority.crt", "rooms.crt", "rooms.key")
        )
        now = datetime.now(UTC)
        signing, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST_NAME)])
        names = [x509.DNSName(HOST_NAME), *(x509.IPAddress(ip_address(one)) for one in (INTERNAL, PUBLIC))]

        def sign(name: x509.Name, key: ec.EllipticCurvePublicKey, what: x509.ExtensionType) -> bytes:
            made = x509.CertificateBuilder().issuer_name(issuer).subject_name(name).public_key(key)
            made = made.serial_number(x509.random_serial_number())
            made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            made = made.add_extension(what, critical=isinstance(what, x509.BasicConstraints))
            return made.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

        self.authority.write_bytes(sign(issuer, signing.public_key(), x509.BasicConstraints(True, None)))
        self.certificate.write_bytes(sign(subject, own.public_key(), x509.SubjectAlternativeName(names)))
        self.key.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


class Site:
    """Server, proxy and endpoints. `api` is called by HTTPS through the proxy, as people on the LAN do."""

    def __init__(self, name: str, prepared: Prepared, folder: Path, stack: ExitStack) -> None:
        self.name = name
        self._wire(stack)
        within = ["ip", "netns", "exec", self.here]
        self.certificate = Certificate(folder)
        settings = folder / "roomkeeper.toml"
        settings.write_text(settings_with(name), "utf-8")
        self.server = prepared.server(folder / "data")
        stack.callback(self.server.stop)
        self.proxy = Program(
            [*within, *self._command(folder)], folder / "proxy.log", clean_environment(HOME=str(folder))
        )
        stack.callback(self.proxy.stop)
        self.server.start("serve", "--config", str(settings), prefix=within)
        self._api = Api(f"https://{INTERNAL}", self.server.token)
        for host in (INTERNAL, PUBLIC):
            for port in USUAL.values():
                eventually(lambda host=host, port=port: self._is_open(host, port), f"{name} on {host}:{port}")
        self.api("PATCH", "network-settings", {
            "heartbeat": {"idle": 10, "waiting": 2, "watched": 2, "admitted": 2, "unknown": 2},
        })  # fmt: skip
        ends_tls_itself = name != "haproxy-passthrough"
        self._authority = (
            self.certificate.authority if ends_tls_itself else self.server.data / "tls" / "ca.pem"
        )
        self._fleet = Fleet(
            folder, [self._plan(room) for room in ROOMS], prefix=["ip", "netns", "exec", self.there]
        )
        stack.callback(self._fleet.stop)

    def _wire(self, stack: ExitStack) -> None:
        made = Namespaces()
        stack.callback(made.delete)
        word = "".join(part[0] for part in self.name.split("-"))
        self.here, self.there = made.add(f"{word}-server"), made.add(f"{word}-rooms")
        wire = made.connect(self.here, f"{INTERNAL}/24", self.there, "10.99.2.2/24")
        run("ip", "-n", self.here, "address", "add", f"{PUBLIC}/24", "dev", wire)
        run("ip", "-n", self.here, "route", "add", "203.0.113.0/24", "dev", wire)
        for room in ROOMS:
            run("ip", "-n", self.there, "address", "add", f"{room.address}/24", "dev", wire)

    def _command(self, folder: Path) -> list[str]:
        """The proxy with the page's text, in the foreground."""
        text = text_of(self.name)
        for placeholder, value in (
            ("/etc/ssl/rooms.crt", self.certificate.certificate),
            ("/etc/ssl/rooms.key", self.certificate.key),
        ):
            text = text.replace(placeholder, str(value))
        program = str(shutil.which(_PROGRAMS[self.name], path=_PATHS))
        file = folder / "proxy.conf"
        file.write_text(text, "utf-8")
        if program.endswith("haproxy"):
            return [program, "-db", "-f", str(file)]
        if program.endswith("caddy"):
            return [program, "run", "--adapter", "caddyfile", "--config", str(file)]
        return [program, "-c", str(_debian_nginx(folder, file)), "-g", "daemon off;"]

    def _is_open(self, host: str, port: int) -> bool:
        assert self.proxy.process.poll() is None, self.proxy.log.read_text("utf-8")
        try:
            self.from_rooms(lambda: socket.create_connection((host, port), timeout=5).close())
        except OSError:
            return False
        return True

    def _plan(self, room: Room) -> dict[str, Any]:
        return {
            "name": f"Room {room.serial[3:6]} {room.serial[-2:]}", "serial": room.serial, "mode": room.mode,
            "mac": f"02:5C:00:00:0{ROOMS.index(room)}:11", "address": room.address,
            "reported_address": room.reported, "manager": f"http://{room.server_host}" if room.calls_first else NOWHERE,
            "http_port": 80, "https_port": 443, "password": PASSWORD, "heartbeat": 2, "verify": True,
            "ca_file": str(self._authority),
        }  # fmt: skip

    def from_rooms(self, act: Callable[[], Any]) -> Any:
        """What `act` gives among the endpoints."""
        return inside(self.there, act)

    def api(self, *words: Any, **named: Any) -> Any:
        """One call of the API."""
        return self.from_rooms(lambda: self._api(*words, **named))

    def system(self, room: Room) -> dict[str, Any] | None:
        """Its record."""
        return self.from_rooms(lambda: self._api.system(room.serial))  # type: ignore[no-any-return]

    def items(self, path: str) -> list[dict[str, Any]]:
        """All of a list."""
        return self.from_rooms(lambda: self._api.items(path))  # type: ignore[no-any-return]

    def show(self, room: Room) -> dict[str, Any]:
        """The endpoint itself."""
        return self.from_rooms(lambda: self._fleet.show(room.serial))  # type: ignore[no-any-return]

    def act(self, room: Room, verb: str) -> None:
        """Have the endpoint do something."""
        self.from_rooms(lambda: self._fleet.act(room.serial, verb))

    def told(self, room: Room) -> set[tuple[str, str, int]]:
        """(scheme, host, port) of every address that the endpoint was ever told, or called since."""
        told = self.show(room)["told"]
        urls = [
            url
            for where, those in told.items()
            for url in those
            if where == "called" or where.endswith("URL")
        ]
        # A manager's address stands alone; the protocol beside it says which port is meant.
        hosts = [one for where, those in told.items() for one in those if "ExternalManager" in where]
        urls += [f"{scheme}://{host}" for host in hosts for scheme in USUAL]
        return {_place(url) for url in urls if url != NOWHERE}

    def is_trusted(self, host: str) -> bool:
        """Whether an endpoint that calls the host by HTTPS can trust what it is shown."""
        checking = ssl.create_default_context(cafile=str(self._authority))

        def shake_hands() -> bool:
            with (
                socket.create_connection((host, USUAL["https"]), timeout=30) as plain,
                checking.wrap_socket(plain, server_hostname=host),
            ):
                return True

        try:
            return bool(self.from_rooms(shake_hands))
        except ssl.SSLCertVerificationError:
            return False

    def serves(self, scheme: str, host: str, port: int) -> bool:
        """Whether an endpoint that calls there finds the device service."""
        reply = self.from_rooms(lambda: request("GET", f"{scheme}://{host}:{port}{EVENTS}"))
        return bool(reply.status == 200 and b"Roomkeeper device service" in reply.body)


def _place(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or USUAL[parts.scheme]


def _debian_nginx(folder: Path, site: Path) -> Path:
    """Debian's own nginx.conf with our site as its only one, and files of this run."""
    text = Path("/etc/nginx/nginx.conf").read_text("utf-8")
    for pattern, instead in (
        (r"include /etc/nginx/sites-enabled/\*;", f"include {site};"),
        (r"pid /run/nginx\.pid;", f"pid {folder / 'nginx.pid'};"),
        (r"access_log [^;]*;", "access_log off;"),
        (r"error_log [^;]*;", "error_log stderr;"),
        (r"worker_processes auto;", "worker_processes 1;"),
    ):
        text, number = re.subn(pattern, instead, text)
        assert number, f"Debian's nginx.conf has no {pattern}"
    whole = folder / "nginx.conf"
    whole.write_text(text, "utf-8")
    return whole
