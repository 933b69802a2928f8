"""A mixed load that is killed amid it: posts, feedback, writes by REST with keys, jobs; and what is left of it."""

import http.client
import itertools
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from tests.acceptance.device import EVENTS, Device, Reply, request
from tests.acceptance.processes import Api, Server, eventually

DEVICES, WRITERS = 4, 6
# A round is killed as soon as so much of it was answered.
POSTS_A_ROUND, WRITES_A_ROUND = 40, 25
# Long enough for a machine that does much else.
PATIENCE: Final = 60.0
_FAILED: Final = (OSError, http.client.HTTPException)


@dataclass
class Poster:
    """Posts one thing after the other from one device, and remembers which were acknowledged."""

    device: Device
    system: int
    number: int
    feedback: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    count: int = 0

    def run(self, stopping: threading.Event) -> None:
        """Post until told to stop; a post that got no answer, or no 200, is not counted."""
        while not stopping.is_set():
            self.count += 1
            mark = f"Mark{self.number}x{self.count}"
            stranger = f"FTTNEW{self.number}N{self.count}"
            try:
                if self.device.feedback("Event", f'<{mark} item="1"/>').status == 200:
                    self.feedback.add(f"Event: {mark}")
                self.device.event()
                body = self.device.event_body("Boot").replace(self.device.serial.encode(), stranger.encode())
                body = body.replace(self.device.mac.encode(), b"")
                source = f"127.5.{self.count // 200}.{self.number * 20 + self.count % 20 + 1}"
                if self.device.post(EVENTS, body, secret="", source=source).status == 200:
                    self.strangers.add(stranger)
            except _FAILED:
                continue


@dataclass(frozen=True, eq=False)
class Write:
    """A request that makes one thing, and that carries a key by which that thing is found again."""

    kind: str
    path: str
    body: dict[str, Any]
    key: str


@dataclass
class Writer:
    """Makes one thing after the other by REST, each under a key of its own."""

    api: Api
    token: str
    number: int
    system: int
    acknowledged: dict[Write, bytes] = field(default_factory=dict)
    # Asked for and not answered: done or not, nobody knows.
    open: list[Write] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def run(self, stopping: threading.Event) -> None:
        """Make things until told to stop, or until a request gets no answer."""
        while not stopping.is_set():
            write = self._next(next(self._numbers))
            try:
                reply = self.send(write)
            except _FAILED:
                self.open.append(write)
                return
            assert reply.status in (201, 202), (write, reply.status, reply.body)
            self.acknowledged[write] = reply.body

    def send(self, write: Write) -> Reply:
        """One request with its key."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": write.key,
        }
        content = json.dumps(write.body).encode()
        return request("POST", f"{self.api.origin}/api/v1/{write.path}", content, headers=headers)

    def finish(self) -> Counter[str]:
        """Repeat what was not answered until it is, and what was answered once more; how those were answered."""
        told: Counter[str] = Counter()
        for write in self.open:

            def ended(write: Write = write) -> Reply | None:
                reply = self.send(write)
                return None if reply.status in (409, 503) else reply

            reply = eventually(ended, f"an end of {write}", seconds=PATIENCE)
            assert reply is not None
            assert reply.status in (200, 201, 202), (write, reply.status, reply.body)
            is_replayed = reply.headers.get("idempotency-replayed") == "true"
            was_cut_off = is_replayed and json.loads(reply.body).get("was_cut_off") is True
            told["cut off" if was_cut_off else "answered" if is_replayed else "free"] += 1
            self.acknowledged[write] = b"" if was_cut_off else reply.body
        self.open.clear()
        for write, body in list(self.acknowledged.items())[-5:]:
            again = self.send(write)
            assert again.headers.get("idempotency-replayed") == "true", write
            assert not body or again.body == body, write
        return told

    def _next(self, number: int) -> Write:
        key = f"w{self.number}n{number}"
        match number % 5:
            case 0:
                return Write("system", "systems", {"serial_number": f"FTTKEY{key}".upper()}, key)
            case 1:
                return Write("folder", "folders", {"name": key}, key)
            case 2:
                body = {"systems": [self.system], "settings": {f"Audio/Volume{key}": "1"}, "description": key}
                return Write("change set", "change-sets", body, key)
            case 3:
                return Write("token", "tokens", {"name": key}, key)
        return Write("job", "systems/poll?wait=0", {"systems": [self.system]}, key)


class MixedLoad:
    """A server with devices and programs that ask of it, and the rounds in which it is killed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.program, self.api = server.start_with_administrator()
        self.posters = [self._admit(number) for number in range(DEVICES)]
        self.writers = [
            Writer(self.api, server.token, number, self.posters[number % DEVICES].system)
            for number in range(WRITERS)
        ]
        self.repeated: Counter[str] = Counter()

    def round(self) -> None:
        """Load, `kill -9` amid it, a new start, and every request that got no answer repeated with its key."""
        stopping = threading.Event()
        everybody = [*self.posters, *self.writers]
        threads = [threading.Thread(target=one.run, args=(stopping,)) for one in everybody]
        posts, writes = self._posts(), self._writes()
        for thread in threads:
            thread.start()
        try:
            eventually(
                lambda: self._posts() > posts + POSTS_A_ROUND and self._writes() > writes + WRITES_A_ROUND,
                "some of each",
                seconds=PATIENCE,
                every=0.01,
            )
        finally:
            self.program.process.kill()
            self.program.process.wait()
            stopping.set()
            for thread in threads:
                thread.join()
        self.program = self.server.start()
        for writer in self.writers:
            self.repeated += writer.finish()

    def check(self) -> None:
        """Nothing that was acknowledged is lost, nothing was done twice, and no job stands still."""
        for poster in self.posters:
            rows = [
                row["summary"] for row in self.api.items(f"systems/{poster.system}/timeline?kind=feedback")
            ]
            assert poster.feedback <= set(rows)
            assert not [row for row, number in Counter(rows).items() if number > 1]
        waiting = [one["serial_number"] for one in self.api.items("systems?state=pending")]
        assert set().union(*(poster.strangers for poster in self.posters)) <= set(waiting)
        assert len(waiting) == len(set(waiting))
        made = {
            "system": [one["serial_number"] for one in self.api.items("systems?state=pre_registered")],
            "folder": [one["name"] for one in self.api.items("folders")],
            "change set": [one["description"] for one in self.api.items("change-sets")],
            "token": [one["name"] for one in self.api.items("tokens")],
        }
        writes = [write for writer in self.writers for write in writer.acknowledged]
        for kind, found in made.items():
            word = {
                "system": "serial_number",
                "folder": "name",
                "change set": "description",
                "token": "name",
            }[kind]
            counted = Counter(found)
            wanted = [write.body[word] for write in writes if write.kind == kind]
            assert wanted
            assert {word: counted[word] for word in wanted} == dict.fromkeys(wanted, 1), kind
        jobs = self.api.items("jobs?kind=poll")
        assert len(jobs) == sum(write.kind == "job" for write in writes)
        eventually(self._jobs_have_ended, "the end of all jobs", seconds=PATIENCE)

    def told(self) -> str:
        """What was asked, in one line."""
        return (
            f"{self._posts()} posts and {self._writes()} writes acknowledged; repeated after a kill: "
            f"{dict(sorted(self.repeated.items()))}"
        )

    def _jobs_have_ended(self) -> bool:
        return all(one["ended_at"] for one in self.api.items("jobs?kind=poll"))

    def _posts(self) -> int:
        return sum(len(one.feedback) + len(one.strangers) for one in self.posters)

    def _writes(self) -> int:
        return sum(len(one.acknowledged) for one in self.writers)

    def _admit(self, number: int) -> Poster:
        return admit(self.server, self.api, number)


def admit(server: Server, api: Api, number: int) -> Poster:
    """A device that has proven its secret."""
    device = Device(
        server.http,
        serial=f"FTTKILL{number:04}",
        mac=f"02:79:00:00:00:{number:02X}",
        source=f"127.3.7.{number + 1}",
    )
    wanted = {"serial_number": device.serial, "network": "127.3.0.0/16"}
    system = api("POST", "systems", wanted, expect=201)["id"]
    device.event("Boot")
    device.event()
    assert device.secret
    return Poster(device, system, number)
