"""Which parts a device is asked for, by its release, and what a refusal of one of them means for the others."""

import asyncio
from typing import Any, cast

import pytest
from tests.cases import read_case

from roomkeeper.backups.reading import ReadParts, read_parts
from roomkeeper.devices import errors
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.registry import get_family
from roomkeeper.protocols.xapi.command import CommandCall, CommandResult

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 2


class Device(Driver):
    """Takes some types of pictures, and no other command."""

    def __init__(self, version: str, *types: str) -> None:
        # Nothing is sent: no client is needed.
        self.family = get_family("roomos")
        self.software_version = version
        self.types = types
        self.asked: list[str] = []

    async def run_command(self, call: CommandCall) -> CommandResult:
        """One command."""
        arguments: dict[str, Any] = dict(call.arguments)
        self.asked.append(arguments.get("Type", call.path))
        if call.path == "UserInterface/Branding/Get" and arguments["Type"] in self.types:
            return CommandResult("BrandingGetResult", True, {"Branding/Image": PICTURE})
        raise errors.Unsupported(evidence="an empty answer")


def read(device: Device) -> ReadParts:
    return asyncio.run(read_parts(cast(Driver, device)))


def test_a_type_that_is_refused_does_not_end_the_reading_of_the_others() -> None:
    assert b"three pictures in the backup" in read_case("06-branding-get.txt")
    types = ("Branding", "HalfwakeBackground", "HalfwakeBranding")
    found = read(Device("ce9.15.17.4", *types))
    assert [part.name for part in found.parts] == list(types)
    assert "Pictures: this device does not provide them." not in found.missing


@pytest.mark.parametrize(
    ("version", "asked", "unasked"),
    [
        ("TC7.3.3.c84180a", (), ("Background", "Macros/Macro/Get")),
        ("ce9.1.5", ("Background",), ("Macros/Macro/Get", "SchedulerBackground")),
        ("ce9.15.17.4", ("Macros/Macro/Get", "HalfwakeBranding"), ("SchedulerBackground",)),
        ("ce11.27.2.0", ("Macros/Macro/Get", "SchedulerBackground", "WorkspaceAvatar"), ()),
    ],
)
def test_a_release_is_asked_for_what_it_has(
    version: str, asked: tuple[str, ...], unasked: tuple[str, ...]
) -> None:
    device = Device(version)
    found = read(device)
    assert set(asked) <= set(device.asked)
    assert not set(unasked) & set(device.asked)
    assert "Pictures: this device does not provide them." in found.missing
    assert "Macros: this device does not provide them." in found.missing
