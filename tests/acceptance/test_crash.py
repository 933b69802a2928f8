"""kill -9 under a mixed load: what was acknowledged is there afterwards, and once; no key is stuck."""

import os
import time
from collections.abc import Callable

import pytest

from tests.acceptance.killing import MixedLoad, admit
from tests.acceptance.processes import Server

pytestmark = pytest.mark.acceptance

# `make kill` does fifteen.
ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))


def test_nothing_acknowledged_is_lost_or_done_twice(server_on_each_database: Server) -> None:
    load = MixedLoad(server_on_each_database)
    for number in range(ROUNDS):
        began = time.monotonic()
        load.round()
        print(f"kill -9, round {number + 1}: {time.monotonic() - began:.1f} s; {load.told()}")
    load.check()


def test_a_setting_that_was_on_its_way_arrives(make_server: Callable[..., Server]) -> None:
    """kill -9 between the answer and the report leads to another round, not to loss (rule R7)."""
    server = make_server()
    program, api = server.start_with_administrator()
    poster = admit(server, api, 1)
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
