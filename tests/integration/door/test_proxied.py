"""Proxies on real sockets: the PROXY protocol before HTTP and before TLS, and Forwarded; believed from proxies only."""

import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from tests.acceptance.device import EVENTS, XML, Device
from tests.integration.door.conftest import DoorProcess

from roomkeeper.systems.models import Contact, System

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n"
BINARY = SIGNATURE + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 7, 198, 51, 100, 1]) + b"\xc7\x38\x01\xbb"
TLS = SIGNATURE + b"\x21\x11\x00\x14" + BINARY[16:] + b"\x20\x00\x05\x01\x00\x00\x00\x00"
PROXY, STRANGER = "127.3.5.1", "127.3.5.2"


def post(
    origin: str, device: Device, *, source: str, before: bytes = b"", in_pieces: bool = False, more: str = ""
) -> bytes:
    """What is answered to an event that is sent behind these bytes; b"" where the connection ends."""
    where = urlsplit(origin)
    body = device.event_body("Boot")
    head = (
        f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\nContent-Length: {len(body)}\r\n{more}"
    )
    made = socket.create_connection((where.hostname, where.port), timeout=20, source_address=(source, 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        pieces = [before[n : n + 1] for n in range(len(before))] if in_pieces else [before]
        for piece in pieces:
            made.sendall(piece)
        if where.scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            made = context.wrap_socket(made)
        made.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
        received = b""
        while part := made.recv(65_536):
            received += part
        return received
    except (ConnectionError, ssl.SSLError):
        return b""
    finally:
        made.close()


def source_and_scheme(device: Device) -> tuple[str, str]:
    contact = Contact.objects.get(system=System.objects.get(serial_number=device.serial))
    return contact.source_address, contact.scheme


@pytest.fixture
def proxied(open_door: Callable[..., DoorProcess]) -> DoorProcess:
    return open_door(trusted_proxies=(PROXY,), proxies_tell="proxy-protocol", header_timeout=2.0)


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("before", [LINE, BINARY])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_client_is_who_the_proxy_says(
    proxied: DoorProcess, scheme: str, before: bytes, in_pieces: bool
) -> None:
    device = Device(proxied.http, serial="FTT1", mac="")
    # What the client itself writes into headers is not believed beside it.
    more = "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n"
    origin = proxied.http if scheme == "http" else proxied.https
    answer = post(origin, device, source=PROXY, before=before, in_pieces=in_pieces, more=more)
    assert answer.startswith(b"HTTP/1.1 200")
    assert source_and_scheme(device) == ("192.0.2.7", scheme)


def test_tls_that_ended_at_the_proxy_is_https(proxied: DoorProcess) -> None:
    device = Device(proxied.http, serial="FTT1", mac="")
    assert post(proxied.http, device, source=PROXY, before=TLS).startswith(b"HTTP/1.1 200")
    assert source_and_scheme(device) == ("192.0.2.7", "https")


def test_a_proxy_without_a_header_is_closed_and_a_stranger_with_one_refused(proxied: DoorProcess) -> None:
    for origin in (proxied.http, proxied.https):
        device = Device(proxied.http, serial="FTT1", mac="")
        assert post(origin, device, source=PROXY) == b""
        assert post(origin, device, source=PROXY, before=b"PROXY TCP4 x\r\n") == b""
        assert not post(origin, device, source=STRANGER, before=LINE).startswith(b"HTTP/1.1 200")
        assert not System.objects.filter(serial_number="FTT1").exists()
    assert post(proxied.http, device, source=STRANGER).startswith(b"HTTP/1.1 200")
    assert source_and_scheme(device) == (STRANGER, "http")


def test_a_proxy_that_says_nothing_holds_no_connection(proxied: DoorProcess) -> None:
    where = urlsplit(proxied.http)
    with socket.create_connection(
        (where.hostname, where.port), timeout=20, source_address=(PROXY, 0)
    ) as made:
        made.sendall(b"PROXY ")
        assert made.recv(10) == b""


def test_forwarded_is_believed_from_a_proxy_that_is_said_to_send_it(
    open_door: Callable[..., DoorProcess],
) -> None:
    door = open_door(trusted_proxies=(PROXY,), proxies_tell="forwarded")
    hops = 'for=203.0.113.9, for="192.0.2.7:4711";proto=https;host=rooms.example.org'
    more = f"Forwarded: {hops}\r\nX-Forwarded-For: 203.0.113.8\r\n"
    one, other = Device(door.http, serial="FTT1", mac=""), Device(door.http, serial="FTT2", mac="")
    assert post(door.http, one, source=PROXY, more=more).startswith(b"HTTP/1.1 200")
    assert source_and_scheme(one) == ("192.0.2.7", "https")
    assert post(door.http, other, source=STRANGER, more=more).startswith(b"HTTP/1.1 200")
    assert source_and_scheme(other) == (STRANGER, "http")
