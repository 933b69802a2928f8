"""Reading from a device what it keeps beside its configuration: macros, panels, pictures. Only reads."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.backups.models import PartKind
from roomkeeper.backups.panels import Panel, decode_panels
from roomkeeper.devices import errors
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.families.roomos.quirks import Quirks, quirks_of
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning.actions import BODY_LIMIT

NAME_LIMIT: Final = 250
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{40,}={0,2}\s*")
_MACRO = re.compile(r"^(?P<macro>(?:.*/)?Macro(?:\[\d+\])?)/(?P<field>[A-Za-z]+)$")
# The device has no such thing, or does not let this account at it: the backup goes without.
_REFUSALS = (errors.Unsupported, errors.Rejected, errors.NotAdministrator)


@dataclass(frozen=True, slots=True)
class FoundPart:
    """A part as the device gave it."""

    kind: str
    name: str
    text: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ReadParts:
    """What was read; `missing` are sentences: what could not be, and why."""

    parts: list[FoundPart] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, text: str, **details: Any) -> None:
        """Take a part in, unless it could not be put back."""
        if len(text) > BODY_LIMIT or len(name) > NAME_LIMIT:
            self.missing.append(f"The {kind} {name[:40]!r} is too large to be kept.")
        else:
            self.parts.append(FoundPart(kind, name, text, details))


async def read_parts(driver: Driver) -> ReadParts:
    """Read them all, one after the other. What a release does not have is told in `missing`. Raises `DeviceError`
    where the device could not be asked."""
    found = ReadParts()
    quirks = quirks_of(driver.software_version)
    await _read_macros(driver, found, quirks)
    await _read_panels(driver, found)
    await _read_pictures(driver, found, quirks)
    return found


async def _read_macros(driver: Driver, found: ReadParts, quirks: Quirks) -> None:
    call = CommandCall("Macros/Macro/Get", (("Content", "True"),))
    values = await _values(driver, call) if quirks.has_macros else None
    if values is None:
        found.missing.append("Macros: this device does not give them.")
        return
    macros: dict[str, dict[str, str]] = {}
    for path, value in values.items():
        match = _MACRO.match(path)
        if match is not None:
            macros.setdefault(match["macro"], {})[match["field"]] = value
    for macro in macros.values():
        if macro.get("Name"):
            is_active = macro.get("Active", "").lower() == "true"
            found.add(PartKind.MACRO, macro["Name"], macro.get("Content", ""), is_active=is_active)


async def _read_panels(driver: Driver, found: ReadParts) -> None:
    panels: list[Panel] = []
    is_answered = False
    for command in ("UserInterface/Extensions/Export", "UserInterface/Extensions/List"):
        values = await _values(driver, CommandCall(command))
        is_answered = is_answered or values is not None
        panels = decode_panels(values or {})
        if panels:
            break
    if not is_answered:
        found.missing.append("Panels: this device does not give them.")
    for panel in panels:
        if panel.document:
            found.add(PartKind.EXTENSION, panel.panel_id, panel.document)
        else:
            found.missing.append(
                f"The panel {panel.panel_id[:40]!r}: the device told its id and nothing else."
            )


async def _read_pictures(driver: Driver, found: ReadParts, quirks: Quirks) -> None:
    is_answered = False
    for name in quirks.picture_types:
        values = await _values(driver, CommandCall("UserInterface/Branding/Get", (("Type", name),)))
        if values is None:
            # Models of one release take different types: Boards no Background (protocol notes O).
            continue
        is_answered = True
        picture = max(values.values(), key=len, default="")
        if _BASE64.fullmatch(picture):
            found.add(PartKind.BRANDING, name, picture)
        elif picture:
            found.missing.append(f"The picture {name}: the device has one and does not hand it out.")
    if not is_answered:
        found.missing.append("Pictures: this device does not give them.")


async def _values(driver: Driver, call: CommandCall) -> dict[str, str] | None:
    """The data of the result; None where the device has no such command, or refuses it."""
    try:
        return (await driver.run_command(call)).values
    except _REFUSALS:
        return None
