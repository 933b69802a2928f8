"""The stage of the hostile tests: a server under attack, a proven system on it, and plain sockets to it."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

from tests.acceptance.device import Device
from tests.acceptance.processes import Api, Program, Server

DEVICE_PASSWORD, SIP_PASSWORD = "Device-Pass-Word-91", "Sip-Pass-Word-92"


class Scene:
    """A server under attack, a proven system on it, and all secrets that were handed out or used."""

    def __init__(self, server: Server, program: Program, api: Api) -> None:
        self.server, self.program, self.api = server, program, api
        self.device = self.admit("FTTPROVEN01", "02:77:00:00:00:01", "127.3.9.1")
        self.strangers = 0

    def admit(self, serial: str, mac: str, source: str) -> Device:
        """A proven system."""
        self.api("POST", "systems", {
            "serial_number": serial, "mac_address": mac, "network": "127.3.0.0/16", "username": "admin",
            "password": DEVICE_PASSWORD,
        }, expect=201)  # fmt: skip
        device = Device(self.server.http, serial=serial, mac=mac, source=source, name=serial)
        device.event("Boot")
        device.event("Register")
        assert device.secret
        assert device.document("/Status", device.status()).status == 200
        return device

    def stranger(self) -> Device:
        """A device nobody knows, at an address of its own, so that no rate applies."""
        self.strangers += 1
        tail = f"{self.strangers // 250}.{self.strangers % 250 + 1}"
        return Device(self.server.http, serial=f"FTTSTRANGE{self.strangers}", mac="", source=f"127.6.{tail}")

    def check(self) -> None:
        """The server lives: the proven system is served, quickly, and so is the API."""
        began = time.monotonic()
        assert self.device.event("Boot").orders.documents
        assert self.api("GET", "systems?limit=1")["items"]
        assert time.monotonic() - began < 10
        assert self.program.process.poll() is None


def connect(origin: str, source: str = "127.0.0.1") -> socket.socket:
    """A bare connection."""
    where = urlsplit(origin)
    return socket.create_connection((where.hostname, where.port), timeout=30, source_address=(source, 0))


def rest_of(made: socket.socket) -> bytes:
    """What the server sends until it ends the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := made.recv(65_536):
            received += part
    return received
