"""Panels with their icons and without what a package brought, by what the release takes."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from roomkeeper.backups.reading import ReadParts, read_parts
from roomkeeper.devices import errors, registry
from roomkeeper.devices.driver import Driver
from roomkeeper.protocols.xapi.command import CommandCall, CommandResult

Arguments = Mapping[str, str]


class Shelf(Driver):
    """A device that gives what `give` says, and refuses (None) the rest."""

    def __init__(self, give: Callable[[str, Arguments], dict[str, str] | None]) -> None:
        self.family = registry.get_family("roomos")
        self._give = give
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def run_command(self, call: CommandCall) -> CommandResult:
        arguments = {name: str(value) for name, value in call.arguments}
        self.asked.append((call.path, arguments))
        found = self._give(call.path, arguments)
        if found is None:
            raise errors.Unsupported(evidence="It has no such command.")
        return CommandResult("Result", ok=True, values=found)


def read(device: Shelf, version: str) -> ReadParts:
    device.software_version = version
    return asyncio.run(read_parts(device))


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("ce9.6.1.4516ae5aaa1", {}),
        ("ce9.15.0.11.aec227943ed", {"EmbedData": "On"}),
        ("ce26.4.1.1", {"EmbedData": "On"}),
        ("ce26.5.2.2.1", {"EmbedData": "On", "Exclude": "CustomizationPackage"}),
    ],
)
def test_panels_come_with_their_icons_and_without_what_a_package_brought(
    version: str, wanted: dict[str, str]
) -> None:
    panel = "<Extensions><Panel><PanelId>lights</PanelId><Name>Lights</Name></Panel></Extensions>"
    device = Shelf(lambda path, arguments: {"Configuration": panel} if path.endswith("/Export") else None)
    found = read(device, version)
    assert ("UserInterface/Extensions/Export", wanted) in device.asked
    assert [part.name for part in found.parts] == ["lights"]


def test_a_device_that_does_not_take_what_its_release_should_is_asked_without() -> None:
    def strict(path: str, arguments: Arguments) -> dict[str, str] | None:
        if path != "Macros/Macro/Get" or "Exclude" in arguments:
            return None
        return {"Macro[1]/Name": "lights", "Macro[1]/Content": "x", "Macro[1]/Active": "True"}

    assert [part.name for part in read(Shelf(strict), "ce26.7.1.12").parts] == ["lights"]
