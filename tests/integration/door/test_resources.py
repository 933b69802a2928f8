"""What the bodies of the unproven may cost, on real sockets (rule R14)."""

import contextlib
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from tests.acceptance.device import DOCUMENTS, EVENTS, FEEDBACK, XML, Device
from tests.acceptance.processes import eventually
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.external_manager.connections import PIPELINED, UNREAD_LIMIT
from roomkeeper.serving.proxied import AT_ONCE
from roomkeeper.systems.models import Claim, StoredDocument

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


def connect(door: DoorProcess, source: str = "127.3.4.4") -> socket.socket:
    where = urlsplit(door.http)
    return socket.create_connection((where.hostname, where.port), timeout=20, source_address=(source, 0))


def head(path: str, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {XML}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def rest(made: socket.socket) -> bytes:
    received = b""
    while part := made.recv(65_536):
        received += part
    return received


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("secret", ["", "/" + "a" * 32])
def test_a_document_of_the_unproven_is_small(door: DoorProcess, secret: str) -> None:
    device = Device(door.http, serial="FTT1", mac="", source="127.3.4.1")
    assert device.post(FEEDBACK + secret, b"<Status>" + b" " * 200_000).status == 200
    assert device.post(FEEDBACK + secret, b"<Status>" + b" " * 300_000).status == 413


def test_a_large_document_of_a_proven_system_is_read_in_parts_and_in_chunks(systems: Systems) -> None:
    device, system = systems.proven()
    body = device.document_body(
        "/Status", device.status(f"<SystemUnit><Notice>{'n' * 900_000}</Notice></SystemUnit>")
    )
    assert device.post(DOCUMENTS, body).status == 200
    assert StoredDocument.objects.get(system=system, kind="status").size > 900_000
    StoredDocument.objects.all().delete()
    with connect(systems._door, device.source) as made:
        made.sendall(head(f"{DOCUMENTS}/{device.secret}", "Transfer-Encoding: chunked", "Connection: close"))
        made.sendall(chunked(body, 100_000))
        assert rest(made).startswith(b"HTTP/1.1 200")
    assert StoredDocument.objects.get(system=system, kind="status").size > 900_000


def test_whoever_asks_for_leave_gets_the_answer_instead(door: DoorProcess) -> None:
    with connect(door) as made:
        made.sendall(head(DOCUMENTS, "Content-Length: 9800000", "Expect: 100-continue"))
        assert rest(made).startswith(b"HTTP/1.1 413")
    with connect(door) as made:
        made.sendall(head(DOCUMENTS, "Content-Length: 4", "Expect: 100-continue", "Connection: close"))
        assert made.recv(100).startswith(b"HTTP/1.1 100")
        made.sendall(b"<a/>")
        assert rest(made).startswith(b"HTTP/1.1 200")


def test_half_a_document_is_none(systems: Systems) -> None:
    """A sender that is gone in the middle posted nothing; what had come replaces no whole document."""
    device, system = systems.proven()
    assert device.document("/Status", device.status()).status == 200
    before = StoredDocument.objects.get(system=system, kind="status")
    entries = set(system.timeline.values_list("pk", flat=True))
    body = device.document_body("/Status", device.status())
    with connect(systems._door, device.source) as made:
        made.sendall(head(f"{DOCUMENTS}/{device.secret}", f"Content-Length: {len(body) + 1}") + body)
    assert device.event().status == 200
    after = StoredDocument.objects.get(system=system, kind="status")
    news = list(system.timeline.exclude(pk__in=entries).values_list("kind", flat=True))
    # Its status has no feedback slot, so the beat's answer hands that over; of the half there is nothing.
    assert (after.received_at, news) == (before.received_at, ["sent"])


def test_a_length_that_is_a_lie(door: DoorProcess) -> None:
    """Less than is sent: the rest is no request. Two lengths, or a length beside chunks: refused by the parser."""
    for extra in (["Content-Length: 2"], ["Content-Length: 4", "Content-Length: 9"],
                  ["Content-Length: 4", "Transfer-Encoding: chunked"], ["Content-Length: -4"]):  # fmt: skip
        with connect(door) as made:
            made.sendall(head(FEEDBACK, *extra) + b"<a/>" * 10)
            made.shutdown(socket.SHUT_WR)
            statuses = [line for line in rest(made).splitlines() if line.startswith(b"HTTP/1.1")]
        assert b" 400 " in statuses[-1]


def test_a_compressed_body_is_not_unpacked(door: DoorProcess) -> None:
    device = Device(door.http, serial="FTT1", mac="", source="127.3.4.2")
    packed = bytes.fromhex("1f8b0800000000000003")
    assert device.post(EVENTS, packed + b"\0" * 40, headers={"Content-Encoding": "gzip"}).status == 400


def test_one_source_without_a_secret_holds_few_unfinished_bodies(
    open_door: Callable[..., DoorProcess], person: object
) -> None:
    door = open_door(body_memory=6_400_000)  # 1.6 MB of it for the unproven, 400 kB a source
    held = [connect(door) for _ in range(30)]
    try:
        for made in held:
            made.sendall(head(DOCUMENTS, "Content-Length: 200000") + b"x" * 1_000)
        refused = eventually(lambda: _answered(held, 29), "all but one are refused")
        assert all(answer.startswith(b"HTTP/1.1 429") for answer in refused)
        device, _ = Systems(door, person).proven(source="127.3.4.4")  # type: ignore[arg-type]
        assert device.document("/Status", device.status()).status == 200
    finally:
        for made in held:
            made.close()
    assert Claim.objects.filter(service="documents").count() == 0


def test_who_sends_too_slowly_is_cut_and_who_sends_fast_enough_is_not(door: DoorProcess) -> None:
    """4 kB a second, once five seconds are over; on real sockets, side by side."""
    asked = {
        "a document": (DOCUMENTS, 3_000, b"408"),
        "a form": ("/sign-in/", 3_000, b"408"),
        "a document that keeps up": (DOCUMENTS, 8_000, b"200"),
    }
    held = {}
    for number, (what, (path, _, _)) in enumerate(asked.items()):
        held[what] = connect(door, f"127.3.7.{number + 1}")
        held[what].sendall(head(path, "Content-Length: 56000", "Connection: close"))
    began = time.monotonic()
    sent = dict.fromkeys(asked, 0)
    while any(sent[what] < 56_000 for what in held) and time.monotonic() - began < 8:
        for what, made in held.items():
            due = min(56_000, int((time.monotonic() - began) * asked[what][1]))
            with contextlib.suppress(ConnectionError):
                made.sendall(b" " * max(0, due - sent[what]))
            sent[what] = max(sent[what], due)
        time.sleep(0.1)
    for what, made in held.items():
        with made:
            assert rest(made)[9:12] == asked[what][2], what


def test_unfinished_headers_of_all_connections_together_are_few(door: DoorProcess) -> None:
    """Headers may be 64 kB long, so that thousands of them would take what their bodies may not."""
    unfinished = f"POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\nX-Long: ".encode() + b"x" * 60_000
    held = [connect(door, f"127.3.5.{number + 1}") for number in range(200)]
    try:
        for made in held:
            made.sendall(unfinished)
        gone = eventually(lambda: _ended(held, 200 - UNREAD_LIMIT // 60_000), "those over the limit are cut")
        # The older ones, in the order in which their bytes came: whoever comes now is served.
        places = [held.index(one) for one in gone]
        assert sum(places) / len(places) < len(held) / 2
        assert Device(door.http, serial="FTT1", mac="", source="127.3.4.1").event("Boot").status == 200
    finally:
        for made in held:
            made.close()


def test_many_requests_in_one_packet_are_not_begun(door: DoorProcess) -> None:
    """Forty bytes on the wire are some kilobytes of memory here."""
    with connect(door) as made:
        with contextlib.suppress(ConnectionError):
            made.sendall(b"GET /tms/nowhere HTTP/1.1\r\nHost: x\r\n\r\n" * 1_500)
        with contextlib.suppress(ConnectionError):
            assert rest(made).count(b"HTTP/1.1 ") <= PIPELINED + 1
    with connect(door) as made:
        made.sendall(b"GET /tms/nowhere HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        made.shutdown(socket.SHUT_WR)
        assert rest(made).count(b"HTTP/1.1 404") >= 1


def test_handshakes_that_never_end_are_few_and_make_room(door: DoorProcess) -> None:
    where = urlsplit(door.https)
    held = [
        socket.create_connection((where.hostname, where.port), 20, (f"127.3.6.{number % 200 + 1}", 0))
        for number in range(AT_ONCE + 50)
    ]
    try:
        assert Device(door.https, serial="FTT1", mac="", source="127.3.4.1").event("Boot").status == 200
        gone = _ended(held, 50)
        assert gone is not None
        assert held[0] in gone
    finally:
        for made in held:
            made.close()


def _ended(held: list[socket.socket], number: int) -> list[socket.socket] | None:
    """Those that the server has ended, once they are so many."""
    found = []
    for made in held:
        made.setblocking(False)
        try:
            if not made.recv(1, socket.MSG_PEEK):
                found.append(made)
        except BlockingIOError:
            continue
        except ConnectionError:
            found.append(made)
    return found if len(found) >= number else None


def _answered(held: list[socket.socket], number: int) -> list[bytes] | None:
    found = []
    for made in held:
        made.setblocking(False)
        try:
            found.append(made.recv(65_536, socket.MSG_PEEK))
        except BlockingIOError:
            continue
    return found if len(found) >= number else None
