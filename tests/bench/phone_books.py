"""Phone book searches through the door, each a proven system's over HTTP, with and without check-ins beside them."""

import asyncio
import itertools
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from tests.bench import load, people, posts
from tests.bench.figures import Figure, demand, show
from tests.bench.installation import Installation, Server, installations

PATH = "/tms/public/external/phonebook/phonebookservice.asmx"
SYSTEMS = 500
SIZES = (5_000, 200_000)
PREPARED = 20_000
SECONDS = 8
BEATS = 500
# Of the closest open manager of such endpoints, over 5,000 entries on such a core.
CLOSEST = 18
_BODY = """<?xml version="1.0" encoding="utf-8"?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns="http://www.tandberg.net/2004/06/PhoneBookSearch/">
 <env:Body><Search>
  <Identification><SystemName>{member.name}</SystemName><MACAddress>{member.mac}</MACAddress>
  <IPAddress>127.0.0.1</IPAddress><ProductType>Cisco Codec</ProductType><ProductID>Cisco Webex Room Kit</ProductID>
  <SWVersion>ce9.9.0</SWVersion><SerialNumber>{member.serial}</SerialNumber></Identification>
  <CaseSensitiveSearch>false</CaseSensitiveSearch><SearchPath>{path}</SearchPath>
  <SearchString>{text}</SearchString><SearchType>Free</SearchType><Scope>{scope}</Scope>
  <MaxResult>50</MaxResult><StartFromId>{start}</StartFromId><RangeInclusive>false</RangeInclusive>
 </Search></env:Body></env:Envelope>
"""


def searches(databases: list[str], *, is_quick: bool) -> None:
    """Searches a second and what one costs, by the size of the books; then beside check-ins; then after a start."""
    for size in (500,) if is_quick else SIZES:
        with installations(databases) as made:
            for database, one in made.items():
                _measure(one, database, size, 2 if is_quick else SECONDS)


def search(member: posts.Endpoint, host: str, text: str, *, path: str = "", start: str = "") -> bytes:
    """A whole request."""
    scope = "SubTree" if text else "SingleLevel"
    body = _BODY.format(member=member, path=path, text=escape(text), scope=scope, start=start)
    return posts.request(f"{PATH}/{member.secret}", body.encode(), host=host)


def _measure(one: Installation, database: str, size: int, seconds: float) -> None:
    what = f"{database} {size}"
    one.ask("seed", SYSTEMS, one.http)
    seeded = one.ask("seed-phone-books", size)
    show(Figure(f"phone books written {what}", size / seeded["seconds"], "1/s"))
    show(Figure(f"database {what}", seeded["megabytes"], "MB"))
    members = [posts.Endpoint(number) for number in range(1, SYSTEMS + 1)]
    empties, beats = one.data / "empties", one.data / "beats"
    load.write_requests(empties, (posts.beat(member, host=one.http, path=posts.EMPTY) for member in members))
    load.write_requests(beats, (posts.beat(member, host=one.http) for member in members))
    one.ask("settle", "http", one.http)
    with one.serve() as server:
        started = time.perf_counter()
        found = _fetch(search(members[0], one.http, "anna"))
        show(Figure(f"first answer after a start {what}", (time.perf_counter() - started) * 1000, "ms"))
        demand(b"<Entry>" in found, "the first answer found nothing")
        by_kind = _prepare(one, members, size)
        every = one.data / "searches"
        load.write_requests(every, (request for _, request in by_kind))
        url = f"http://{one.http}/"
        load.run(url, every, seconds=2)
        empty = _round(server, url, empties, seconds / 4, database, one)
        alone = _round(server, url, every, seconds, database, one)
        show(Figure(f"searches {what}", alone.load.rate, "1/s", "ceiling", alone.load.rate / empty.load.rate))
        show(Figure(f"search cpu {what}", alone.cpu, "us", "empty answer", alone.cpu / empty.cpu))
        show(Figure(f"search cpu postgres {what}", alone.postgres, "us"))
        show(Figure(f"searches a core {what}", 1e6 / (alone.cpu + alone.postgres), "1/s"))
        if size == min(SIZES):
            show(Figure(f"searches {what}", alone.load.rate, "1/s", "closest", alone.load.rate / CLOSEST))
        show(Figure(f"search p95, all 64 at once {what}", alone.load.p95 * 1000, "ms"))
        demand(alone.load.refused + alone.load.broken == 0, f"searches were refused: {alone.load}")
        _by_kind(one, server, by_kind, what, seconds, database)
        for share in (0.25, 0.5):
            paced = _Paced(one.http, [request for _, request in by_kind], alone.load.rate * share)
            paced.run_for(seconds)
            name = f"search p95 at {share:.0%} of that {what}"
            show(Figure(name, paced.percentile(95) * 1000, "ms", "offered", paced.rate / paced.offered))
        _beside(one, server, every, beats, alone.load.rate, what, seconds, database)


def _by_kind(
    one: Installation,
    server: Server,
    requests: list[tuple[str, bytes]],
    what: str,
    seconds: float,
    database: str,
) -> None:
    # Long enough that those in flight at the end of a round do not count for much.
    for kind in dict.fromkeys(kind for kind, _ in requests):
        some = one.data / "some"
        load.write_requests(some, (request for own, request in requests if own == kind))
        done = _round(server, f"http://{one.http}/", some, seconds / 2, database, one)
        show(Figure(f"search cpu {kind} {what}", done.cpu + done.postgres, "us"))


def _beside(
    one: Installation,
    server: Server,
    every: Path,
    beats: Path,
    alone: float,
    what: str,
    seconds: float,
    database: str,
) -> None:
    """Check-ins at their own pace, without and with searches beside them as fast as they go."""
    prepared = list(_read(beats))
    quiet = _Paced(one.http, prepared, BEATS)
    quiet.run_for(seconds / 2)
    busy = _Paced(one.http, prepared, BEATS)
    running = threading.Thread(target=busy.run_for, args=(seconds,))
    running.start()
    done = _round(server, f"http://{one.http}/", every, seconds, database, one)
    running.join()
    show(Figure(f"searches beside check-ins {what}", done.load.rate, "1/s", "alone", done.load.rate / alone))
    show(Figure(f"check-ins beside searches {what}", busy.rate, "1/s", "alone", busy.rate / quiet.rate))
    for name, run in (("alone", quiet), ("beside searches", busy)):
        show(Figure(f"check-in p95 {name} {what}", run.percentile(95) * 1000, "ms"))


def _prepare(one: Installation, members: list[posts.Endpoint], size: int) -> list[tuple[str, bytes]]:
    """Searches of all kinds, and pages turned in a book."""
    top = _fetch(search(members[0], one.http, ""))
    books = re.findall(rb"<Catalog><Name>[^<]*</Name><Id>([^<]*)</Id>", top)
    inside = _fetch(search(members[0], one.http, "", path=books[0].decode()))
    last = re.findall(rb"<Entry><Name>[^<]*</Name><Id>([^<]*)</Id>", inside)[-1].decode()
    asked: Iterator[tuple[str, str]] = itertools.islice(people.searches(size), PREPARED)
    found = [(kind, search(members[at % SYSTEMS], one.http, text)) for at, (kind, text) in enumerate(asked)]
    for at, member in enumerate(members):
        path = books[at % len(books)].decode()
        found.append(("folders", search(member, one.http, "")))
        found.append(("browse", search(member, one.http, "", path=path)))
        found.append(("browse", search(member, one.http, "", path=books[0].decode(), start=last)))
    return found


def _fetch(request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    host = lines[1].removeprefix("Host: ")
    asked = urllib.request.Request(f"http://{host}{lines[0].split()[1]}", data=body)
    asked.add_header("Content-Type", "text/xml; charset=utf-8")
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        found: bytes = answer.read()
    return found


@dataclass(frozen=True, slots=True)
class _Round:
    """One run of wrk, and the processor time for one answer in microseconds: the server's, and PostgreSQL's."""

    load: load.Load
    cpu: float
    postgres: float


def _round(
    server: Server, url: str, requests: Path, seconds: float, database: str, one: Installation
) -> _Round:
    of_postgres = one.database_pids() if database == "postgresql" else []
    before, stood = server.cpu_seconds(), _cpu(of_postgres)
    done = load.run(url, requests, seconds=seconds)
    answered = max(1, done.answered) / 1e6
    return _Round(done, (server.cpu_seconds() - before) / answered, (_cpu(of_postgres) - stood) / answered)


def _cpu(pids: list[int]) -> float:
    found = 0.0
    for pid in pids:
        path = Path(f"/proc/{pid}/schedstat")
        if path.exists():
            found += int(path.read_text("ascii").split()[0]) / 1e9
    return found


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline():
            yield file.read(int(line))


@dataclass
class _Paced:
    """Requests at a pace of their own over 64 connections; times count from when each was due."""

    host: str
    requests: list[bytes]
    offered: float
    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds

    def percentile(self, share: int) -> float:
        """In seconds."""
        return sorted(self.took)[len(self.took) * share // 100]

    def run_for(self, seconds: float) -> None:
        """Send and wait for all answers."""
        asyncio.run(self._run(seconds))

    async def _run(self, seconds: float) -> None:
        started = time.perf_counter()
        due = (started + number / self.offered for number in itertools.count())
        work = itertools.cycle(self.requests)
        await asyncio.gather(*(self._one(due, work, started + seconds) for _ in range(load.CONNECTIONS)))
        self.seconds = time.perf_counter() - started

    async def _one(self, due: Iterator[float], work: Iterator[bytes], until: float) -> None:
        name, _, port = self.host.rpartition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        for moment, request in zip(due, work, strict=False):
            if moment > until:
                break
            await asyncio.sleep(moment - time.perf_counter())
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            demand(head.startswith(b"HTTP/1.1 200"), f"a request was refused: {head[:80]!r}")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            self.took.append(time.perf_counter() - moment)
        writer.close()
