"""What is plugged into an endpoint: touch panels, microphones, schedulers (protocol notes I.1, I.2)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roomkeeper.virtual.device import VirtualDevice

TYPES = ("TouchPanel", "Camera", "AudioMicrophone", "ControlSystem", "RoomScheduler", "Headset", "Other")
_NODE = "Peripherals/ConnectedDevice"
_FIRST_ITEM = 1001


def connect(device: VirtualDevice, kind: str, name: str) -> int:
    """Plug something in, or in again; its item number.  Raises ValueError for an unknown type."""
    if kind not in TYPES:
        message = f"no peripheral type {kind!r}; there are: {', '.join(TYPES)}"
        raise ValueError(message)
    item = _find(device, name)
    if item is None:
        item = max((*device.status.members(_NODE), _FIRST_ITEM - 1)) + 1
    digest = hashlib.sha256(f"{device.identity.serial}:{name}".encode()).hexdigest()
    node = f"{_NODE}[{item}]"
    device.status.set(
        {
            f"{node}/HardwareInfo": "",
            f"{node}/ID": ":".join(("02", *(digest[place : place + 2] for place in range(0, 10, 2)))),
            f"{node}/Name": name,
            f"{node}/NetworkAddress": "169.254.1.42",
            f"{node}/SerialNumber": "FOC" + digest[:8].upper(),
            f"{node}/SoftwareInfo": device.version,
            f"{node}/Status": "Connected",
            f"{node}/Type": kind,
            f"{node}/UpgradeStatus": "None",
        }
    )
    if kind == "TouchPanel":
        device.clear_diagnosis("TouchPanelConnection")
    return item


def lose(device: VirtualDevice, name: str) -> bool:
    """Pull something out: it stays listed as lost; a lost touch panel is an error.  False where there is none."""
    item = _find(device, name)
    if item is None:
        return False
    node = f"{_NODE}[{item}]"
    device.status.set({f"{node}/Status": "LostConnection"})
    if device.status.find(f"{node}/Type") == "TouchPanel":
        device.diagnose("TouchPanelConnection", "Error", "The touch panel is not connected")
    return True


def _find(device: VirtualDevice, name: str) -> int | None:
    members = device.status.members(_NODE)
    return next((item for item in members if device.status.find(f"{_NODE}[{item}]/Name") == name), None)
