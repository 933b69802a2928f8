"""A second family that is driven is a folder and nothing else: it is found, asked and told by what stands in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.quirks import quirks_of, releases_of
from roomkeeper.devices.registry import FAMILIES, create_driver, find_part, find_parts, get_family, recognise
from roomkeeper.protocols.xapi.command import CommandCall

MANIFEST = """
title = "Lanterns"
about = "Rooms of another maker, with an interface of their own."
level = "managed"
[[matches]]
weight = 90
product_words = "lantern"
[[transports]]
name = "http"
port = 80
secure_only = false
[behind_firewall]
is_supported = false
changes = "Nothing."
[secure_only]
is_supported = false
changes = "Nothing."
[[capabilities]]
name = "identify"
level = "identified"
[[capabilities]]
name = "read_status"
level = "monitored"
[[capabilities]]
name = "run_command"
level = "managed"
[[capabilities]]
name = "restart"
level = "managed"
"""
DRIVER = '''
"""Its wire."""

from pathlib import Path

from roomkeeper.devices.driver import Driver
from roomkeeper.devices.facts import Facts
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.protocols.xapi.command import CommandResult
from roomkeeper.protocols.xapi.status import decode_status

# In the product there is one search path, and none has to be given.
WHERE = @WHERE@


class FamilyDriver(Driver):
    """Talks to one of them."""

    async def identify(self):
        """Who it is."""
        said = (await self.read_status()).values
        self.software_version = said["Unit/Version"]
        return Facts(self.family.name, "", said["Unit/Model"], "", self.software_version, said["Unit/Number"], "")

    async def read_status(self):
        """Its whole status."""
        return decode_status(await self.client.get("/lantern/status", doing="reading its status"))

    async def run_command(self, call):
        """Run one command."""
        await self.client.get(f"/lantern/do/{call.path}", doing="running it")
        return CommandResult(call.path, True, {})

    async def restart(self):
        """Restart it."""
        quirks = quirks_of(self.software_version, self.family.name, search_path=WHERE)
        await self.run_command(quirks.restart_call(None))
'''
QUIRKS = '''
"""Its releases."""

from roomkeeper.devices.quirks import Quirks

OLD = Quirks(name="Wick", restart_command="Snuff")
NEW = Quirks(name="Lamp", restart_command="Switch/Off", command_evidence=(("Light", "Lamp/State", "Lit"),))
RELEASES = (NEW, OLD)


def quirks_of(software_version):
    """By its number."""
    return OLD if software_version.startswith("1.") else NEW
'''
NAMES = '''
"""What it is asked and told by."""

RESTART_COMMANDS = ("Switch/Off", "Snuff")


def is_fact(path):
    """Whether it is kept."""
    return path == "Lamp/State"
'''
STATUS = (
    "<Status><Unit><Model>Lantern 3</Model><Version>{}</Version><Number>L-7</Number></Unit>"
    "<Lamp><State>Lit</State></Lamp></Status>"
)
Make = Callable[..., Any]


@pytest.fixture
def search_path(tmp_path: Path) -> tuple[Path, ...]:
    folder = tmp_path / "lantern"
    folder.mkdir()
    path = (FAMILIES, tmp_path)
    where = f"tuple(map(Path, {[str(one) for one in path]}))"
    for name, text in {
        "manifest.toml": MANIFEST,
        "driver.py": DRIVER.replace("@WHERE@", where),
        "quirks.py": QUIRKS,
        "names.py": NAMES,
    }.items():
        (folder / name).write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(("version", "command"), [("1.4", "Snuff"), ("2.0", "Switch/Off")])
async def test_it_is_found_asked_and_told_by_what_stands_in_its_folder(
    version: str, command: str, search_path: tuple[Path, ...], transport: DeviceTransport, serve: Make
) -> None:
    def answer(request: bytes) -> bytes:
        body = STATUS.format(version).encode() if b"/status" in request.split(b"\r")[0] else b"<Done/>"
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
            len(body),
            body,
        )

    device = await serve(answer)
    family = recognise(product_id="Lantern 3", search_path=search_path)
    assert family.name == "lantern"
    driver = create_driver(family, transport.client(device.target()), search_path=search_path)
    facts = await driver.identify()
    assert (facts.family, facts.product, facts.serial_number) == ("lantern", "Lantern 3", "L-7")
    assert (await driver.read_status()).values["Lamp/State"] == "Lit"
    await driver.run_command(CommandCall("Light"))
    await driver.restart()
    paths = [request.split()[1].decode() for request in device.received]
    assert paths[-2:] == ["/lantern/do/Light", f"/lantern/do/{command}"]
    # What it does not promise is refused unsent.
    with pytest.raises(errors.Unsupported):
        await driver.write_configuration({"SystemUnit/Name": "x"})
    assert len(device.received) == len(paths)


def test_its_releases_and_names_are_its_own(search_path: tuple[Path, ...]) -> None:
    own = quirks_of("2.0", "lantern", search_path=search_path)
    assert own.evidence_for("light") == ("Lamp/State", "Lit")
    assert [one.name for one in releases_of("lantern", search_path=search_path)] == ["Lamp", "Wick"]
    # Nothing of another family is asked of it.
    assert (own.password_command, own.authority_command, own.verify_settings) == ("", "", ())
    assert find_part("services", "lantern", search_path=search_path) is None
    facts = [part.is_fact("Lamp/State") for part in find_parts("names", search_path=search_path)]
    assert sorted(facts) == [False, True]


def test_who_has_not_said_what_it_is_speaks_as_the_presumed_family() -> None:
    presumed = quirks_of("ce9.6.1")
    for family in (
        "",
        "unheard-of",
        *(name for name in ("mxp", "expressway") if not get_family(name).can("identify")),
    ):
        assert quirks_of("ce9.6.1", family) is presumed
    assert quirks_of("ce9.6.1", "room_navigator") is presumed
