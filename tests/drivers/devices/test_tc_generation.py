"""The TC generation, twin against server: what a TC endpoint answers is read, and what it is told exists on it.

Names per release: protocol notes O.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.drivers.devices.conftest import SERIAL, target_of

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.families.roomos.quirks import quirks_of
from roomkeeper.devices.registry import create_driver, get_family
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.systems.documents.facts import is_in_call, read_facts
from roomkeeper.virtual.endpoint import VirtualEndpoint

Make = Callable[..., Any]


@pytest.fixture
async def endpoint(make_endpoint: Make) -> Any:
    return await make_endpoint("sx20-tc7")


@pytest.fixture
def driver(endpoint: VirtualEndpoint, transport: DeviceTransport) -> Driver:
    target = target_of(endpoint, serial_number=SERIAL)
    target = replace(target, tls=replace(target.tls, is_legacy=True))
    return create_driver(get_family("roomos"), transport.client(target))


async def test_call_shows_in_its_status(driver: Driver, endpoint: VirtualEndpoint) -> None:
    assert not is_in_call((await driver.read_status()).values)
    endpoint.status.set({"Call[31]/Status": "Connected", "SystemUnit/State/NumberOfActiveCalls": "1"})
    assert is_in_call((await driver.read_status()).values)


async def test_facts_of_its_status(driver: Driver, endpoint: VirtualEndpoint) -> None:
    endpoint.configuration.set("SIP/Profile[1]/Proxy[1]/Address", "sip.uni.invalid")
    endpoint.configuration.set("SIP/Profile[1]/URI", "aula@uni.invalid")
    found = read_facts((await driver.read_status()).values).values()
    assert {"Cisco TelePresence SX20", "TC7.3.3.c84180a", SERIAL, "127.1.78.1"} <= set(found)
    assert {"Registered", "aula@uni.invalid"} <= set(found)


async def test_configuration_has_one_spelling(driver: Driver) -> None:
    settings = (await driver.read_configuration()).settings
    assert {"SystemUnit/Name", "SIP/Profile[1]/URI", "Phonebook/Server[1]/URL"} <= set(settings)


async def test_restart_restarts_it(driver: Driver, endpoint: VirtualEndpoint) -> None:
    await driver.restart()

    async def ask_until_it_is_away() -> None:
        while True:
            await driver.read_feedback()

    async with asyncio.timeout(10):
        with pytest.raises(errors.ConnectionFailed):
            await ask_until_it_is_away()


async def test_message_is_shown(driver: Driver) -> None:
    await driver.show_message("Please leave the room", title="Fire drill", seconds=30)


@pytest.mark.parametrize(("command", "shown"), [("Standby/Activate", "On"), ("Standby/Deactivate", "Off")])
async def test_standby_is_proven_where_it_shows(
    driver: Driver, endpoint: VirtualEndpoint, command: str, shown: str
) -> None:
    await driver.run_command(CommandCall(command))
    path = quirks_of(endpoint.profile.version).standby_path
    assert (await driver.read_status()).values[path] == shown


HAPPENS = {
    "Call[31]/Status": "Connected",
    "SIP/Profile[1]/Registration[1]/Status": "Failed",
    "Standby/Active": "On",
    "SystemUnit/Diagnostics/Message[1]/Type": "ProvisioningStatus",
    "H323/Gatekeeper/Status": "Registered",
}
"""What goes on in a room, by the path at which TC tells it."""


@pytest.mark.parametrize(
    "path",
    [
        "Call[31]/Status",
        "SIP/Profile[1]/Registration[1]/Status",
        "Standby/Active",
        "SystemUnit/Diagnostics/Message[1]/Type",
        "H323/Gatekeeper/Status",
    ],
)
async def test_feedback_is_asked_for_what_it_tells(
    driver: Driver, endpoint: VirtualEndpoint, path: str
) -> None:
    # An expression that a codec does not know it accepts in silence, and then nothing comes.
    await driver.register_feedback("http://192.0.2.1/feedback")
    endpoint.status.set({path: HAPPENS[path]})
    slot = endpoint.device.slots[3]
    assert any(one.matches("Status", path, endpoint.status.find) for one in slot.expressions)


async def test_feedback_is_asked_for_answers_of_the_room(driver: Driver, endpoint: VirtualEndpoint) -> None:
    await driver.register_feedback("http://192.0.2.1/feedback")
    heard: list[str] = []
    endpoint.device.subscribe(
        lambda root, changed, ghosts: heard.extend(changed) if root == "Event" else None
    )
    await driver.run_command(CommandCall("Message/Prompt/Response", (("FeedbackId", "x"), ("OptionId", "1"))))
    slot = endpoint.device.slots[3]
    assert heard
    assert all(any(one.matches("Event", path, str) for one in slot.expressions) for path in heard)
