"""Reading from a device what it keeps beside its configuration: macros, panels, pictures. Only reads."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.backups.models import PartKind
from roomkeeper.backups.panels import Panel, decode_panels
from roomkeeper.devices import errors
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.quirks import Quirks, quirks_of
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning.actions import BODY_LIMIT
from roomkeeper.words import gettext as _

NAME_LIMIT: Final = 250
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{40,}={0,2}\s*")
_MACRO = re.compile(r"^(?P<macro>(?:.*/)?Macro(?:\[\d+\])?)/(?P<field>[A-Za-z]+)$")
Arguments = tuple[tuple[str, str], ...]
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
            self.missing.append(_("The {kind} {name!r} is too large to be kept.", kind=kind, name=name[:40]))
        else:
            self.parts.append(FoundPart(kind, name, text, details))


async def read_parts(driver: Driver) -> ReadParts:
    """Read them all, one after the other, by what this release takes. What it does not have is told in `missing`.
    Raises `DeviceError` where the device could not be asked."""
    found = ReadParts()
    quirks = quirks_of(driver.software_version, driver.family.name)
    await _read_macros(driver, quirks, found)
    await _read_panels(driver, quirks, found)
    await _read_pictures(driver, quirks, found)
    return found


async def _read_macros(driver: Driver, quirks: Quirks, found: ReadParts) -> None:
    values = None
    if quirks.has_macros:
        values = await _values(driver, "Macros/Macro/Get", (("Content", "True"),), quirks.backup_exclusion)
    if values is None:
        found.missing.append(_("Macros: this device does not provide them."))
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


async def _read_panels(driver: Driver, quirks: Quirks, found: ReadParts) -> None:
    panels: list[Panel] = []
    is_answered = False
    for command, more in (
        ("UserInterface/Extensions/Export", (*quirks.panel_icons, *quirks.backup_exclusion)),
        ("UserInterface/Extensions/List", quirks.backup_exclusion),
    ):
        values = await _values(driver, command, (), more)
        is_answered = is_answered or values is not None
        panels = decode_panels(values or {})
        if panels:
            break
    if not is_answered:
        found.missing.append(_("Panels: this device does not provide them."))
    for panel in panels:
        if panel.document:
            found.add(PartKind.EXTENSION, panel.panel_id, panel.document)
        else:
            found.missing.append(
                _("The panel {panel_id!r}: the device reported only its id.", panel_id=panel.panel_id[:40])
            )


async def _read_pictures(driver: Driver, quirks: Quirks, found: ReadParts) -> None:
    """Each kind for itself: models of one release take different ones (protocol notes O), and a kind that a device
    refuses says nothing of the others."""
    refused: list[str] = []
    for name in quirks.picture_types:
        values = await _values(driver, "UserInterface/Branding/Get", (("Type", name),))
        if values is None:
            refused.append(name)
            continue
        picture = max(values.values(), key=len, default="")
        if _BASE64.fullmatch(picture):
            found.add(PartKind.BRANDING, name, picture)
        elif picture:
            found.missing.append(
                _("The picture {name}: the device has one but does not provide it.", name=name)
            )
    if len(refused) == len(quirks.picture_types):
        found.missing.append(_("Pictures: this device does not provide them."))


async def _values(
    driver: Driver, command: str, arguments: Arguments, more: Arguments = ()
) -> dict[str, str] | None:
    """The data of the result; None where the device has no such command, or refuses it. Where it does not take `more`,
    which its release should, it is asked without."""
    for given in ((*arguments, *more), arguments) if more else (arguments,):
        try:
            return (await driver.run_command(CommandCall(command, given))).values
        except _REFUSALS:
            continue
    return None
