"""kill -9 under posts: every post that got 200 is there afterwards, and the server is back within seconds."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.acceptance.device import EVENTS, Device
from tests.acceptance.processes import Api, Server, eventually

pytestmark = pytest.mark.acceptance

DEVICES, ROUNDS = 6, 2
BACK_WITHIN = 15.0  # the goal is 5 s on a machine that does nothing else; the figure is printed


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
                body = self.device.event_body("Boot").replace(self.device.serial.encode(), stranger.encode())
                body = body.replace(self.device.mac.encode(), b"")
                source = f"127.5.{self.count // 200}.{self.number * 20 + self.count % 20 + 1}"
                if self.device.post(EVENTS, body, secret="", source=source).status == 200:
                    self.strangers.add(stranger)
            except OSError:
                continue


def test_every_acknowledged_post_survives(server_on_each_database: Server) -> None:
    server = server_on_each_database
    program, api = server.start_with_administrator()
    posters = [_admit(server, api, number) for number in range(DEVICES)]
    for _ in range(ROUNDS):
        stopping = threading.Event()
        threads = [threading.Thread(target=poster.run, args=(stopping,)) for poster in posters]
        before = sum(len(poster.feedback) for poster in posters)
        for thread in threads:
            thread.start()
        eventually(
            lambda before=before: sum(len(poster.feedback) for poster in posters) > before + 60,
            "some posts",
            every=0.01,
        )
        program.process.kill()
        program.process.wait()
        stopping.set()
        for thread in threads:
            thread.join()
        began = time.monotonic()
        program = server.start()
        assert posters[0].device.event().status == 200
        took = time.monotonic() - began
        print(f"kill -9: serves again after {took:.1f} s")
        assert took < BACK_WITHIN
        for poster in posters:
            rows = api.items(f"systems/{poster.system}/timeline?kind=feedback")
            assert poster.feedback <= {row["summary"] for row in rows}
        waiting = {one["serial_number"] for one in api.items("systems?state=pending")}
        acknowledged = set().union(*(poster.strangers for poster in posters))
        assert acknowledged
        assert acknowledged <= waiting


def test_a_setting_that_was_on_its_way_arrives(make_server: Callable[..., Server]) -> None:
    """kill -9 between the answer and the report leads to another round, not to loss (rule R7)."""
    server = make_server()
    program, api = server.start_with_administrator()
    poster = _admit(server, api, 1)
    device = poster.device
    device.document("/Configuration", device.configuration())
    wish = {"systems": [poster.system], "settings": {"SystemUnit/Name": "After"}}
    asked = api("POST", "change-sets", wish, expect=202)["id"]
    assert device.event().orders.settings["SystemUnit/Name"] == "After"
    program.process.kill()
    program.process.wait()
    server.start()
    assert api("GET", f"change-sets/{asked}")["state"] == "delivered"
    # The device never wrote it: it reports the old name, is told once more, and then has it.
    device.document("/Configuration", device.configuration())
    assert device.event().orders.settings["SystemUnit/Name"] == "After"
    device.name = "After"
    device.document("/Configuration", device.configuration())
    assert api("GET", f"change-sets/{asked}")["state"] == "confirmed"


def _admit(server: Server, api: Api, number: int) -> Poster:
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
