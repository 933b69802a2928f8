"""The batcher: acknowledged means committed, and one bad post takes no other down (ARCHITECTURE.md)."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import DataError, transaction
from tests.acceptance.device import FEEDBACK
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.external_manager import batch
from roomkeeper.external_manager.posts import Post
from roomkeeper.systems.models import System, TimelineEntry

POISON = b"PoisonedPost"


class Gate:
    """Lets the first batch wait, so that what comes meanwhile is one batch; fails on poison."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.opened = threading.Event()
        self.sizes: list[int] = []

    def __call__(self, posts: Sequence[Post], **how: Any) -> None:
        self.sizes.append(len(posts))
        assert self.opened.wait(20)
        with transaction.atomic():
            batch.handle(posts, **how)
            if any(POISON in post.raw for post in posts):
                raise self.error


def post_together(door: DoorProcess, gate: Gate, number: int) -> dict[str, int]:
    """Post events of so many devices, one of them poisoned, in one batch; the statuses by serial number."""
    devices = [Systems(door, None).device() for _ in range(number + 1)]
    for index, device in enumerate(devices):
        device.serial, device.mac = f"FTT21{index:06}", f"02:CC:00:00:00:{index:02X}"
    devices[number // 2].name = POISON.decode()
    with ThreadPoolExecutor(number + 1) as pool:
        first = pool.submit(devices[-1].event, "Boot")
        wait_until(lambda: gate.sizes == [1])
        later = {device.serial: pool.submit(device.event, "Boot") for device in devices[:-1]}
        wait_until(lambda: door.batcher._waiting_posts == number + 1)
        gate.opened.set()
        assert first.result().status == 200
        return {serial: one.result().status for serial, one in later.items()}


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds, or fail."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to be")


def check_only_the_poisoned_one_fails(open_door: Callable[..., DoorProcess], error: Exception) -> None:
    gate = Gate(error)
    statuses = post_together(open_door(handle=gate), gate, 20)
    assert gate.sizes[1] == 20
    poisoned = "FTT21000010"
    assert statuses == {serial: 503 if serial == poisoned else 200 for serial in statuses}
    stored = set(System.objects.values_list("serial_number", flat=True))
    assert stored == {*statuses, "FTT21000020"} - {poisoned}


def test_a_post_that_cannot_be_handled_fails_alone(open_door: Callable[..., DoorProcess]) -> None:
    check_only_the_poisoned_one_fails(open_door, RuntimeError("a mistake of ours"))


def test_a_post_that_the_database_refuses_fails_alone(open_door: Callable[..., DoorProcess]) -> None:
    check_only_the_poisoned_one_fails(open_door, DataError("value too long"))


def test_many_posts_of_one_system_in_one_batch(open_door: Callable[..., DoorProcess], person: Any) -> None:
    """A system that posts many times at once is one system, and every post is answered."""
    door = open_door()
    device, system = Systems(door, person).proven()
    stranger = Systems(door, person).device(serial="FTT22000001", mac="02:DD:00:00:00:01")
    with ThreadPoolExecutor(32) as pool:
        words = ["Boot", "Register", "Beat", "Odd"] * 8
        replies = [*pool.map(device.event, words), *pool.map(stranger.event, words)]
        calls = [
            pool.submit(device.feedback, "Event", f"<CallSuccessful><CallId>{n}</CallId></CallSuccessful>")
            for n in range(32)
        ]
        assert {one.result().status for one in calls} == {200}
    assert {reply.status for reply in replies} == {200}
    assert System.objects.filter(serial_number=stranger.serial).count() == 1
    assert TimelineEntry.objects.filter(system=system, kind="feedback").count() == 32


def test_text_that_databases_cannot_hold_is_taken_in(systems: Systems) -> None:
    """NUL characters, lone surrogates, names far too long: kept mended and cut, on every database."""
    device, system = systems.proven()
    long = "N" * 10_000
    for inside in ("\x00\x01name", long, "🛋" * 300, "<b>&amp;</b>"):
        body = device.event_body("Boot").replace(
            f"<SystemName>{device.name}</SystemName>".encode(), f"<SystemName>{inside}</SystemName>".encode()
        )
        reply = device.post("/tms/public/external/management/SystemManagementService.asmx", body)
        assert reply.status == 200
    claims = {"MACAddress": {"Value": device.mac}, "SerialNumber": {"Value": device.serial}}
    for value in ("\x00", "\ud800", long, "a\x1fb"):
        told = {"Event": {"Identification": claims, "Strange" + "x": {"Text": {"Value": value}}}}
        reply = device.post(FEEDBACK, json.dumps(told).encode(), content_type="application/json")
        assert reply.status == 200
    # Every column that a device fills, far too long, from a known system and from strangers.
    for secret, serial in ((device.secret, device.serial), ("", long), ("", "S\x00S")):
        for location in (long, "/\x00", "/Status"):
            body = device.document_body("/Status", "<Status/>").replace(b"/Status<", f"{location}<".encode())
            body = body.replace(device.serial.encode(), serial.encode())
            assert device.post(FEEDBACK, body, secret=secret).status == 200
        words = device.event_body("Boot").replace(b">Boot<", f">{long}<".encode())
        words = words.replace(device.serial.encode(), serial.encode()).replace(b"ce9.6", long.encode())
        events = "/tms/public/external/management/SystemManagementService.asmx"
        assert device.post(events, words, secret=secret, headers={"Host": "h" * 5_000}).status == 200
    system.refresh_from_db()
    assert "\x00" not in system.reported_name
