"""What hostile callers may take of memory, disk and inbox (rule R14), counted from outside while others are served."""

import asyncio
import contextlib
import http.client
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.device import DOCUMENTS, EVENTS, FEEDBACK, XML, Device
from tests.acceptance.flood import Flood, allow_many_files, over_tls, sources
from tests.acceptance.prepared import Prepared
from tests.acceptance.scene import Scene, connect, rest_of

pytestmark = pytest.mark.acceptance

MB = 1_000_000
ALLOWED = 64 * MB
LIMIT, SHARE, VERSIONS = 60, 20, 10


@pytest.fixture(scope="module")
def scene(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server with small shares for those of them that count rows and answers."""
    yield from _serve(
        prepared, tmp_path_factory.mktemp("resources"), ROOMKEEPER_INBOX_LIMIT=str(LIMIT),
        ROOMKEEPER_INBOX_SHARE=str(SHARE), ROOMKEEPER_DAY_SIZE_LIMIT="400000",
        ROOMKEEPER_DAY_VERSIONS_LIMIT=str(VERSIONS),
    )  # fmt: skip


@pytest.fixture
def fresh(prepared: Prepared, tmp_path: Path) -> Iterator[Scene]:
    """A server of its own with the usual limits: what an allocator keeps of one flood would hide the next."""
    yield from _serve(prepared, tmp_path)


def _serve(prepared: Prepared, folder: Path, **environment: str) -> Iterator[Scene]:
    allow_many_files()
    server = prepared.server(folder / "server", ROOMKEEPER_LOG_LEVEL="warning", **environment)
    try:
        yield Scene(server, *server.start_with_administrator())
    finally:
        server.stop()


CASES = [
    # scheme, connections, sent of what is said to come, from so few sources (0: one each), with whose secret
    pytest.param("http", 60, 9_800_000, 9_900_000, 0, "", id="60 by HTTP"),
    pytest.param("https", 60, 9_800_000, 9_900_000, 1, "a" * 32, id="60 by HTTPS with a made-up secret"),
    pytest.param("http", 60, 9_800_000, 9_900_000, 0, "known", id="60 by HTTP with a known secret"),
    pytest.param("http", 2_000, 250_000, 256_000, 1, "", id="2,000 by HTTP of one source"),
    pytest.param("http", 2_000, 250_000, 256_000, 0, "", id="2,000 by HTTP of as many"),
    pytest.param("https", 2_000, 250_000, 256_000, 0, "", id="2,000 by HTTPS of as many"),
]


@pytest.mark.parametrize(("scheme", "number", "sent", "said", "few", "secret"), CASES)
def test_unfinished_bodies_take_little_memory_and_good_posts_are_answered(
    fresh: Scene, scheme: str, number: int, sent: int, said: int, few: int, secret: str
) -> None:
    own = fresh.admit("FTTFLOOD", "", "127.3.8.1").secret if secret == "known" else secret
    fresh.check()
    before = fresh.program.settled_memory()
    fresh.program.forget_peak()
    flood = Flood(
        fresh.server.http if scheme == "http" else fresh.server.https,
        sources(number, few=few), [f"{DOCUMENTS}/{own}".rstrip("/")] * number, sent, said,
    )  # fmt: skip
    try:
        flood.pour(8)
        # A device that is known, in the middle of it; its document is larger than what the unproven may send.
        assert fresh.device.event().status == 200
        long = fresh.device.status(f"<SystemUnit><Notice>{'n' * 400_000}</Notice></SystemUnit>")
        assert fresh.device.document("/Status", long).status == 200
        assert fresh.stranger().event("Boot").status == 200
        grown = fresh.program.peak_memory() - before
    finally:
        flood.close()
    assert grown < ALLOWED
    assert {answer[9:12] for answer in flood.answers} <= {b"", b"413", b"429", b"503"}
    fresh.check()


def test_all_systems_that_start_at_once_by_tls_are_served(fresh: Scene) -> None:
    """What keeps strangers few must not turn away whoever comes home after a power cut."""
    where = urlsplit(fresh.server.https)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def start(number: int, source: str) -> bytes:
        device = Device(fresh.server.https, serial=f"FTTSTORM{number:04}", mac="", source=source)
        body = device.event_body("Boot")
        head = (
            f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reading, writing = await asyncio.open_connection(
            where.hostname, where.port, ssl=context, local_addr=(source, 0), ssl_handshake_timeout=60
        )
        writing.write(head.encode() + body)
        answer = await asyncio.wait_for(reading.readline(), 60)
        writing.close()
        return answer[9:12]

    async def all_at_once() -> list[bytes | BaseException]:
        return await asyncio.gather(
            *(start(number, source) for number, source in enumerate(sources(1_000))), return_exceptions=True
        )

    answers = Counter(repr(answer) for answer in asyncio.run(all_at_once()))
    assert answers == {repr(b"200"): 1_000}


def test_300_megabytes_to_the_sign_in_page_are_kept_nowhere(scene: Scene) -> None:
    before, written = scene.program.peak_memory(), scene.program.bytes_written()
    part = b"x" * 1_000_000
    for head in ("Content-Length: 300000000", "Transfer-Encoding: chunked"):
        with connect(scene.server.http, "127.7.0.9") as made:
            lines = (
                "POST /sign-in/ HTTP/1.1",
                "Host: x",
                "Content-Type: multipart/form-data; boundary=b",
                head,
            )
            made.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                for _ in range(300):
                    made.sendall((b"f4240\r\n" + part + b"\r\n") if "chunked" in head else part)
            assert rest_of(made).startswith((b"HTTP/1.1 413", b""))
    assert scene.program.peak_memory() - before < ALLOWED
    assert scene.program.bytes_written() - written < 10 * MB


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_answers_that_nobody_takes_hold_little_memory_and_no_time(fresh: Scene, scheme: str) -> None:
    """The longest answer that a stranger gets, asked for over and over and never read."""
    fresh.check()
    before = fresh.program.settled_memory()
    fresh.program.forget_peak()
    held = []
    try:
        for source in sources(500):
            made = connect(fresh.server.http if scheme == "http" else fresh.server.https, source)
            held.append(made if scheme == "http" else over_tls(made))
            held[-1].sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        fresh.check()
        assert fresh.program.peak_memory() - before < ALLOWED
    finally:
        for made in held:
            made.close()
    fresh.check()


def test_a_flood_of_made_up_secrets_is_turned_away_unread(scene: Scene) -> None:
    flood = Device(scene.server.http, serial="FTTFLOOD1", mac="", source="127.7.9.1")
    where = urlsplit(scene.server.http)
    made = http.client.HTTPConnection(where.hostname, where.port, source_address=(flood.source, 0))
    statuses = []
    for number in range(400):
        secret = f"{number:032x}".translate(str.maketrans("01", "ab"))
        made.request("POST", f"{FEEDBACK}/{secret}", b"<not xml", {"Content-Type": XML})
        answer = made.getresponse()
        answer.read()
        statuses.append(answer.status)
    made.close()
    assert statuses[:100] == [200] * 100
    assert 429 in statuses
    # A proven system behind the same address is served.
    proven = scene.admit("FTTFLOOD2", "", "127.3.8.9")
    proven.source = flood.source
    assert [proven.event().status for _ in range(20)] == [200] * 20


def test_an_inbox_is_filled_by_no_source_and_by_many_only_with_themselves(scene: Scene) -> None:
    def post(serial: str, source: str) -> None:
        assert Device(scene.server.http, serial=serial, mac="", source=source).event("Boot").status in (
            200,
            429,
        )

    for number in range(SHARE + 20):
        post(f"FTTONE{number:04}", "127.7.9.2")
    first = {one["serial_number"] for one in scene.api.items("systems?state=pending")}
    assert sum(serial.startswith("FTTONE") for serial in first) == SHARE
    for number in range(LIMIT):
        post(f"FTTMANY{number:04}", f"127.7.10.{number % 250 + 1}")
    held = {one["serial_number"] for one in scene.api.items("systems?state=pending")}
    assert len(held) <= LIMIT
    assert f"FTTMANY{LIMIT - 1:04}" in held
    kinds = {one["kind"] for one in scene.api.items("tickets")}
    assert {"inbox share used up", "inbox nearly full"} <= kinds


def test_a_proven_system_that_floods_keeps_to_its_amount(scene: Scene) -> None:
    device = scene.admit("FTTFLOOD3", "", "127.3.8.10")
    system = scene.api.system("FTTFLOOD3") or {}
    for number in range(60):
        values = {"SystemUnit/Name": "Flood", "SIP/DisplayName": "x" * 2_000 + str(number)}
        assert device.document("/Configuration", device.configuration(values)).status == 200
        assert device.feedback("Event", f'<Odd item="1"><A>{"y" * 9_000}</A></Odd>').status == 200
    assert len(scene.api.items(f"systems/{system['id']}/configuration-versions")) <= VERSIONS

    def told() -> int:
        """Its feedback on the timeline; a probe may be noted there at any time."""
        rows = scene.api.items(f"systems/{system['id']}/timeline")
        return sum(row["kind"] == "feedback" for row in rows)

    before = told()
    for _ in range(20):
        assert device.feedback("Event", f'<Odd item="1"><A>{"y" * 9_000}</A></Odd>').status == 200
    assert told() == before
    reasons = [one["reason"] for one in scene.api.items("tickets") if one["kind"] == "sends too much"]
    assert len(reasons) == 1
    assert device.event().orders.interval
