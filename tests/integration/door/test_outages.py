"""A server that was away leaves no dead feedback (rule R13): over the real door, with a clock moved by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import OperationalError
from tests.acceptance.device import Device
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.external_manager import batch
from roomkeeper.external_manager.posts import Post
from roomkeeper.systems import network_settings

REGISTER = "HttpFeedback/Register"


def commands_of(device: Device) -> list[str]:
    return list(device.event().orders.commands)


def test_the_slot_is_registered_with_the_first_answer_after_a_minute_away(
    open_door: Callable[..., DoorProcess], person: Any
) -> None:
    first = open_door()
    device, _ = Systems(first, person).proven()
    device.event()
    assert commands_of(device) == []
    second = open_door()
    second.clock.passed = timedelta(seconds=60)
    device.server = second.http
    assert commands_of(device) == [REGISTER]
    assert commands_of(device) == []


def test_a_restart_within_seconds_registers_nothing(
    open_door: Callable[..., DoorProcess], person: Any
) -> None:
    first = open_door()
    device, _ = Systems(first, person).proven()
    device.event()
    device.server = open_door().http
    assert commands_of(device) == []
    assert network_settings.get().posts_resumed_at is None


def test_a_store_that_was_away_is_an_outage_too(open_door: Callable[..., DoorProcess], person: Any) -> None:
    is_away = False

    def handle(posts: list[Post], **how: Any) -> None:
        if is_away:
            raise OperationalError("the disk is full")
        batch.handle(posts, **how)

    door = open_door(handle=handle)
    device, _ = Systems(door, person).proven()
    device.event()
    assert commands_of(device) == []
    is_away = True
    assert device.event().status == 503
    door.clock.passed = timedelta(seconds=60)
    is_away = False
    assert commands_of(device) == [REGISTER]
