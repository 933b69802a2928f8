"""Commands for sound, standby and what the room sees (protocol notes I.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual.commands.registry import command
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


def _set_volume(endpoint: VirtualEndpoint, level: int) -> None:
    endpoint.device.status.set({"Audio/Volume": str(max(0, min(100, level)))})


def _volume(endpoint: VirtualEndpoint) -> int:
    return int(endpoint.device.status.find("Audio/Volume", "50"))


@command("Audio/Volume/Set")
def set_volume(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Set the loudspeaker's level."""
    _set_volume(endpoint, int(call.first("Level")))
    return {}


@command("Audio/Volume/Increase")
def increase_volume(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Louder."""
    _set_volume(endpoint, _volume(endpoint) + int(call.first("Steps", "5")))
    return {}


@command("Audio/Volume/Decrease")
def decrease_volume(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Softer."""
    _set_volume(endpoint, _volume(endpoint) - int(call.first("Steps", "5")))
    return {}


@command("Audio/Volume/SetToDefault")
def set_default_volume(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Back to Audio/DefaultVolume."""
    _set_volume(endpoint, int(endpoint.device.configuration.find("Audio/DefaultVolume", "50")))
    return {}


def _switching(name: str, path: str, value: str | None) -> None:
    def handler(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
        now = endpoint.device.status.find(path)
        endpoint.device.status.set({path: value if value is not None else ("Off" if now == "On" else "On")})
        return {}

    command(name)(handler)


for _name, _path, _value in (
    ("Audio/Microphones/Mute", "Audio/Microphones/Mute", "On"),
    ("Audio/Microphones/Unmute", "Audio/Microphones/Mute", "Off"),
    ("Audio/Microphones/ToggleMute", "Audio/Microphones/Mute", None),
    ("Audio/Volume/Mute", "Audio/VolumeMute", "On"),
    ("Audio/Volume/Unmute", "Audio/VolumeMute", "Off"),
    ("Audio/Volume/ToggleMute", "Audio/VolumeMute", None),
    ("Conference/DoNotDisturb/Activate", "Conference/DoNotDisturb", "Active"),
    ("Conference/DoNotDisturb/Deactivate", "Conference/DoNotDisturb", "Inactive"),
):
    _switching(_name, _path, _value)
