"""Does a system still call us? Its own documents held against what it was told (pure; protocol notes C.3, C.5)."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from roomkeeper.devices.feedback_slots import find_slots
from roomkeeper.protocols.external_manager import SettingValue
from roomkeeper.protocols.xapi.paths import match_key

_SHOWN = 80


def find_stray_feedback(status: Mapping[str, str], slot: int, urls: Sequence[str]) -> str:
    """What is wrong with the feedback slot in a whole status, as a sentence; "" where it is ours and in order.

    `urls` are the addresses that it may have: one for each secret that the system may use.
    """
    found = next((one for one in find_slots(status) if one.number == slot), None)
    if found is None or not found.url:
        return f"Feedback slot {slot} is not registered."
    if found.url.casefold() not in {url.casefold() for url in urls}:
        return f"Feedback slot {slot} does not lead to us: it has {_place(found.url)}."
    # TC has no such word (protocol notes C.3).
    if found.status and found.status.casefold() != "ok":
        return f"Feedback slot {slot} has stopped: its status is {found.status[:_SHOWN]}."
    return ""


def find_stray_manager(configuration: Mapping[str, str], wanted: Sequence[Sequence[SettingValue]]) -> str:
    """Which setting of its manager the system has otherwise, as a sentence; "" where it calls us.

    `wanted` are the management settings, once for each secret that the system may use; any of them will do.
    """
    found = {match_key(path): value for path, value in configuration.items()}
    sentence = ""
    for settings in wanted:
        sentence = _first_difference(found, settings)
        if not sentence:
            return ""
    return sentence


def _first_difference(found: Mapping[str, str], settings: Sequence[SettingValue]) -> str:
    for setting in settings:
        value = found.get(match_key(setting.path))
        if not setting.path.startswith("Provisioning/") or value is None:
            continue
        if value.casefold() != setting.value.casefold():
            # Values may hold a secret: which one differs says enough.
            return f"{setting.path} is not what it was given: another manager, or somebody, has changed it."
    return ""


def _place(url: str) -> str:
    """Scheme and host of an address that a device gave; its path may hold anything."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}"[:_SHOWN]
    except ValueError:
        return "another address"
