"""Hostile callers: the defined answer, the server lives, its memory stays, proven systems are served throughout."""

import contextlib
import http.client
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.device import DOCUMENTS, EVENTS, FEEDBACK, PHONE_BOOK, SERVICES, XML, Device, request
from tests.acceptance.leaks import Browser, search_everything
from tests.acceptance.prepared import Prepared
from tests.acceptance.processes import Server, eventually
from tests.acceptance.scene import DEVICE_PASSWORD, SIP_PASSWORD, Scene, connect, rest_of

pytestmark = pytest.mark.acceptance

HEADER_SECONDS, BODY_SECONDS, CAP = 2, 2, 80
MEMORY = 120_000_000
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">%s]><PostEvent>&j;</PostEvent>""" % b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 100) for name in range(ord("b"), ord("k"))
)


@pytest.fixture(scope="module")
def scene(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all of them; it must outlive each."""
    server = prepared.server(
        tmp_path_factory.mktemp("hostile") / "server",
        ROOMKEEPER_HEADER_TIMEOUT=str(HEADER_SECONDS), ROOMKEEPER_BODY_TIMEOUT=str(BODY_SECONDS),
        ROOMKEEPER_CONNECTION_CAP=str(CAP), ROOMKEEPER_LOG_LEVEL="debug",
    )  # fmt: skip
    try:
        yield Scene(server, *server.start_with_administrator())
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def lives_on(scene: Scene) -> Iterator[None]:
    """After every attack the server is as well as before."""
    yield
    scene.check()


def test_garbage_on_the_wire(scene: Scene) -> None:
    chance = random.Random(7)
    for origin in (scene.server.http, scene.server.https):
        for _ in range(40):
            with connect(origin, "127.7.0.1") as made:
                made.sendall(chance.randbytes(chance.randrange(1, 5_000)))
                made.shutdown(socket.SHUT_WR)
                answer = rest_of(made)
                assert not answer or answer[:1] == b"\x15" or b" 400 " in answer.splitlines()[0]


def test_garbage_in_bodies(scene: Scene) -> None:
    chance = random.Random(8)
    good = scene.device.event_body("Boot")
    allowed = {EVENTS: {200, 400}, FEEDBACK: {200}, DOCUMENTS: {200}, PHONE_BOOK: {200, 500}}
    for path in SERVICES:
        for number in range(40):
            body = bytearray(good)
            for _ in range(chance.randrange(1, 30)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            sent = bytes(body) if number % 2 else chance.randbytes(chance.randrange(3_000))
            secret = scene.device.secret if number % 4 == 3 else ""
            assert scene.stranger().post(path, sent, secret=secret).status in allowed[path]


def test_fifty_megabytes(scene: Scene) -> None:
    before = scene.program.peak_memory()
    part = b"x" * 1_000_000

    def pour(path: str, head: str) -> int | None:
        with connect(scene.server.http, "127.7.0.2") as made:
            made.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{head}\r\n\r\n".encode()
            )
            with contextlib.suppress(ConnectionError):
                for _ in range(50):
                    made.sendall((b"f4240\r\n" + part + b"\r\n") if "chunked" in head else part)
            answer = rest_of(made)
            # The answer may be lost where the server ended the connection while we were still sending.
            return int(answer.split()[1]) if answer else None

    heads = ("Content-Length: 50000000", "Transfer-Encoding: chunked")
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(pour, path, head) for path in SERVICES for head in heads]
        statuses = [one.result() for one in waiting]
    assert set(statuses) <= {413, None}
    assert 413 in statuses
    assert scene.program.peak_memory() - before < MEMORY


def test_billion_laughs(scene: Scene) -> None:
    before, began = scene.program.peak_memory(), time.monotonic()
    statuses = [scene.stranger().post(path, LAUGHS).status for path in SERVICES]
    assert statuses == [400, 200, 200, 500]
    document = scene.device.document_body("/Status", "<Status>&j;</Status>")
    document = LAUGHS.partition(b"<PostEvent>")[0] + document.partition(b"?>")[2]
    assert scene.device.post(DOCUMENTS, document).status == 200
    external = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><PostEvent>&e;</PostEvent>'
    assert scene.stranger().post(EVENTS, external).status == 400
    assert time.monotonic() - began < 20
    assert scene.program.peak_memory() - before < MEMORY


def test_the_largest_documents_that_are_allowed(scene: Scene) -> None:
    """What stays below the size cap may be as nasty as it likes, in width, depth, names and attributes."""
    before = scene.program.peak_memory()
    size = 9_000_000
    nasty = (
        b"<Status>" + b"<a/>" * (size // 4) + b"</Status>",
        b"<a>" * (size // 3),
        b"<Status " + b"".join(b'a%d="" ' % n for n in range(size // 12)) + b"/>",
        b"<Status><" + b"n" * size + b"/></Status>",
        b"<Status>" + b"&#1;" * (size // 4) + b"</Status>",
        b"<Status>" + b"]]>" * (size // 3),
        b"\x00" * size,
        b'{"Event":' + b'{"a":' * (size // 5),
        b'{"Event":' + b"[" * size,
        b'{"Event":{' + b",".join(b'"k%d":1' % n for n in range(size // 12)) + b"}}",
        b'{"Event":{"N":' + b"9" * size + b"}}",
    )
    for body in nasty:
        began = time.monotonic()
        assert scene.device.post(FEEDBACK, body).status == 200
        took = time.monotonic() - began
        assert took < 15, (body[:30], took)
    assert scene.program.peak_memory() - before < 3 * MEMORY


def test_deep_json(scene: Scene) -> None:
    for body in (b'{"Event":' * 20_000, b"[" * 100_000, b'{"Event":{"a":' + b'[{"a":' * 5_000):
        assert scene.stranger().post(FEEDBACK, body, content_type="application/json").status == 200


def test_a_slow_drip_of_headers_and_of_body_is_cut_off(scene: Scene) -> None:
    head = f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n".encode()

    def drip(origin: str, start: bytes) -> tuple[float, bytes]:
        began, answer = time.monotonic(), b""
        with connect(origin, "127.7.0.3") as bare:
            made = _tls(bare) if origin.startswith("https") else bare
            made.sendall(start)
            made.settimeout(0.2)
            while time.monotonic() - began < 20:
                try:
                    made.sendall(b"a")
                    part = made.recv(4_096)
                except TimeoutError:
                    continue
                except OSError:
                    break
                answer += part
                if not part:
                    break
        return time.monotonic() - began, answer

    with ThreadPoolExecutor(8) as pool:
        waiting = [
            (limit, pool.submit(drip, origin, start))
            for origin in (scene.server.http, scene.server.https)
            for limit, start in (
                (HEADER_SECONDS, b"POST /"),
                (HEADER_SECONDS, head[:60]),
                (BODY_SECONDS, head),
            )
        ]
        for limit, one in waiting:
            took, answer = one.result()
            assert took < limit + 4
            assert not answer or answer.startswith(b"HTTP/1.1 408")


def test_connections_that_say_nothing_are_ended(scene: Scene) -> None:
    """Before a TLS handshake, before any request, and with blank lines after an answered one."""
    began = time.monotonic()
    with (
        connect(scene.server.https, "127.7.0.6") as handshake,
        connect(scene.server.http, "127.7.0.6") as silent,
        connect(scene.server.http, "127.7.0.6") as answered,
    ):
        answered.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert answered.recv(65_536).startswith(b"HTTP/1.1 200")
        answered.sendall(b"\r\n")
        for made in (handshake, silent, answered):
            assert rest_of(made) == b""
    assert time.monotonic() - began < HEADER_SECONDS + 6


def _tls(bare: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(bare)


def test_headers_without_end(scene: Scene) -> None:
    for extra in (b"".join(b"X-%d: y\r\n" % n for n in range(20_000)), b"X: " + b"y" * 5_000_000 + b"\r\n"):
        with connect(scene.server.http, "127.7.0.4") as made:
            with contextlib.suppress(ConnectionError):
                made.sendall(f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\n".encode() + extra + b"\r\n")
            answer = rest_of(made)
            assert not answer or re.match(rb"HTTP/1.1 4\d\d ", answer)
    # A few thousand small ones are merely odd.
    odd = {f"X-{n}": "y" for n in range(90)}
    assert scene.stranger().event(headers=odd).status == 200


def test_the_right_mac_with_a_wrong_serial(scene: Scene) -> None:
    device = scene.device
    before = scene.api.system(device.serial)
    fake = Device(device.server, serial="FTTWRONG001", mac=device.mac, source="127.6.200.1")
    orders = fake.event("Boot").orders
    assert (orders.settings, orders.commands, orders.documents) == ({}, {}, [])
    # It is another box, which waits for a person and tells whose number it has.
    other = scene.api.system("FTTWRONG001")
    assert before is not None
    assert other is not None
    assert other["state"] == "pending"
    assert before["name"] in other["conflict"]
    # With the right secret too: withheld, and a person is asked.
    swapped = Device(
        device.server, serial="FTTWRONG001", mac=device.mac, source=device.source, secret=device.secret
    )
    assert swapped.event("Boot").orders.documents == []
    assert (scene.api.system(device.serial) or {})["ticket_count"] >= 1


def test_a_bare_path_post_for_a_proven_system(scene: Scene) -> None:
    device = scene.device
    for path in (EVENTS, "/"):
        reply = device.post(path, device.event_body("Boot"), secret="")
        assert reply.status == 200
        assert (reply.orders.settings, reply.orders.documents) == ({}, [])
    assert device.feedback("Event", '<CallSuccessful item="1"/>', secret="").status == 200
    assert (scene.api.system(device.serial) or {})["in_call"] is False


def test_names_of_every_kind(scene: Scene) -> None:
    """NUL characters, ten thousand characters, and scripts in what devices say of themselves."""
    device = scene.stranger()
    device.name = SCRIPT
    assert device.event("Boot").status == 200
    for name in (b"\x00\x00", b"N" * 10_000, "\U0001f6cb".encode() * 3_000, b"&#0;", b"\xed\xa0\x80"):
        body = device.event_body("Boot").replace(device.serial.encode(), b"FTTNAMES%d" % len(name))
        body = re.sub(
            rb"<SystemName>.*?</SystemName>", lambda _, n=name: b"<SystemName>" + n + b"</SystemName>", body
        )
        assert scene.stranger().post(EVENTS, body).status in (200, 400)
    scene.device.name = SCRIPT
    assert scene.device.event("Boot").status == 200
    assert scene.device.document("/Configuration", scene.device.configuration()).status == 200
    names = {one["name"] for one in scene.api.items("systems?state=all")}
    assert SCRIPT in names
    assert all(len(name) <= 255 for name in names)


def test_scripts_in_names_are_shown_as_text(scene: Scene) -> None:
    """After the test above: no page gives a device's words to the browser as markup."""
    scene.device.name = SCRIPT
    assert scene.device.event("Boot").status == 200
    stranger = scene.stranger()
    stranger.name = SCRIPT
    assert stranger.event("Boot").status == 200
    browser = Browser(scene.server.https, "boss", Server.PASSWORD)
    pages = browser.crawl(60)
    shown = [address for address, text in pages.items() if "alert(1)" in text]
    assert len(shown) >= 2, sorted(pages)
    for address, text in pages.items():
        if not browser.types.get(address, "").startswith("text/html"):
            continue
        assert "<script>alert" not in text, address
        assert "<img src=x" not in text, address


def test_a_flood_of_connections_leaves_proven_systems_connected(scene: Scene) -> None:
    proven = [scene.admit(f"FTTFLOOD{n:03}", f"02:78:00:00:00:{n:02X}", f"127.3.8.{n + 1}") for n in range(5)]
    where = urlsplit(scene.server.http)
    kept = []
    for device in proven:
        connection = http.client.HTTPConnection(where.hostname, where.port, source_address=(device.source, 0))
        kept.append((connection, device))
        assert _beat(connection, device) == 200
    stopping = threading.Event()
    flood: list[socket.socket] = []

    def pour() -> None:
        while not stopping.is_set() and len(flood) < 2_000:
            try:
                made = connect(scene.server.http, "127.7.1.1")
                made.sendall(b"POST /tms/")
                flood.append(made)
            except OSError:
                continue

    threads = [threading.Thread(target=pour) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: len(flood) > 3 * CAP, "a flood")
        for _ in range(10):
            for connection, device in kept:
                own = connection.sock
                assert _beat(connection, device) == 200
                assert connection.sock is own  # the very connection it had: nobody cut it off
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
        held = len(list(Path(f"/proc/{scene.program.process.pid}/fd").iterdir()))
        for made in flood:
            made.close()
        for connection, _ in kept:
            connection.close()
    assert held < CAP + 60


def _beat(connection: http.client.HTTPConnection, device: Device) -> int:
    connection.request("POST", f"{EVENTS}/{device.secret}", device.event_body(), {"Content-Type": XML})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_no_secret_and_no_password_came_out(scene: Scene) -> None:
    """After all of that: nothing handed out stands in the database, the logs, an answer of the API or a page."""
    device, api = scene.device, scene.api
    system = api.system(device.serial) or {}
    # The device says its own secret in every way it can.
    path = f"{EVENTS.lstrip('/')}/{device.secret.upper()}"
    told = {
        "SIP/Authentication/Password": "***",
        "Provisioning/ExternalManager/Path": path,
        "Phonebook/Server[1]/URL": f"{device.server}{PHONE_BOOK}/{device.secret}",
    }  # fmt: skip
    url = f"{device.server}{FEEDBACK}/{device.secret}"
    inside = f'<HttpFeedback item="3"><URL>{url}</URL></HttpFeedback><Provisioning><URL>{path}</URL></Provisioning>'
    assert device.document("/Status", device.status(inside)).status == 200
    assert device.document("/Configuration", device.configuration(told)).status == 200
    assert device.document(f"/History/{device.secret}", "<History>x</History>").status == 200
    assert device.feedback("Status", inside).status == 200
    assert device.feedback("Configuration", f"<Provisioning><Path>{path}</Path></Provisioning>").status == 200
    assert device.post(FEEDBACK, f"<Broken>{url}".encode()).status == 200
    assert device.post(FEEDBACK, f"<Broken>{url}".encode(), secret="a" * 32).status == 200
    assert device.post(EVENTS, device.event_body(f"Odd {device.secret}")).status == 200
    # A password as a setting, handed over, refused by nobody, read back by nobody.
    wish = {
        "systems": [system["id"]],
        "settings": {"SIP/Authentication/Password": SIP_PASSWORD},
        "persistent": True,
    }
    api("POST", "change-sets", wish, expect=202)
    assert device.event().orders.settings["SIP/Authentication/Password"] == SIP_PASSWORD
    api("POST", f"systems/{system['id']}/rotate-secret", {}, expect=202)
    old = device.secret
    assert device.event().orders.path_secret not in ("", old)
    assert device.event("Boot").status == 200
    assert device.event("Boot", secret=old, obey=False).status == 200
    browser = Browser(scene.server.https, "boss", Server.PASSWORD)
    secrets = {*device.handed_over, old, device.secret}
    passwords = {Server.PASSWORD, DEVICE_PASSWORD, SIP_PASSWORD, scene.server.token}
    assert len(secrets) >= 2
    found = search_everything(scene.server, api, browser, secrets | passwords)
    assert not found, "\n".join(found)


def test_request_to_nowhere(scene: Scene) -> None:
    """Methods, versions and targets that mean nothing."""
    for line in (
        "BREW / HTTP/1.1",
        "GET * HTTP/1.1",
        f"POST {EVENTS} HTTP/9.9",
        "GET",
        f"GET {'/a' * 30_000} HTTP/1.1",
    ):
        with connect(scene.server.http, "127.7.0.5") as made:
            made.sendall(f"{line}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = rest_of(made)
            assert not answer or re.match(rb"HTTP/1.1 [3-4]\d\d ", answer), (line[:40], answer[:60])
    assert request("GET", scene.server.http + "/healthz").status == 200
