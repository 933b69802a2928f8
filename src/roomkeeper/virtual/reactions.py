"""What settings do to the status: registrations, time, contact; as far as a manager looks (protocol notes I.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roomkeeper.virtual.device import VirtualDevice

_SIP = ("SIP/", "NetworkServices/SIP/")
_H323 = ("H323/", "NetworkServices/H323/")
_NTP = ("NetworkServices/NTP/",)
_ZONE = "Time/OlsonZone"
_POOL_ADDRESS = "192.0.2.123"


def react(device: VirtualDevice, path: str) -> None:
    """Bring the status in line after the setting at `path` changed."""
    if path.startswith(_SIP):
        _register_sip(device)
    elif path.startswith(_H323):
        _register_h323(device)
    elif path.startswith(_NTP):
        _synchronise(device)
    elif path == _ZONE:
        device.status.set(_known(device, {"Time/ZoneOlson": device.configuration.find(_ZONE)}))


def _known(device: VirtualDevice, facts: dict[str, str]) -> dict[str, str]:
    """Only what this model shows."""
    return {path: value for path, value in facts.items() if path in device.profile.status}


def _register_sip(device: VirtualDevice) -> None:
    """With a URI and a proxy it registers at once: there is no proxy out there to ask."""
    find = device.configuration.find
    is_tc = device.profile.dialect.family == "TC"
    node = "SIP/Profile[1]/" if is_tc else "SIP/"
    uri, proxy = find(f"{node}URI"), find(f"{node}Proxy[1]/Address")
    is_on = find("NetworkServices/SIP/Mode", "On") == "On"
    is_registered = bool(is_on and uri and proxy)
    facts = {
        f"{node}Registration[1]/Status": "Registered" if is_registered else "Inactive",
        f"{node}Registration[1]/URI": uri,
        f"{node}Proxy[1]/Address": proxy,
        f"{node}Proxy[1]/Status": "Active" if is_registered else "Off",
        "SIP/Authentication": "Digest" if find("SIP/Authentication/UserName") else "Off",
        "SIP/Secure": str(is_registered and find("SIP/DefaultTransport") == "Tls"),
    }
    if find("UserInterface/ContactInfo/Type", "Auto") in ("Auto", "SipUri"):
        number = uri if is_registered else device.identity.reported_address
        facts["UserInterface/ContactInfo/ContactMethod[1]/Number"] = number
    device.status.set(_known(device, facts))


def _register_h323(device: VirtualDevice) -> None:
    """Likewise with a gatekeeper and an alias."""
    find = device.configuration.find
    node = "H323/Profile[1]/" if device.profile.dialect.family == "TC" else "H323/"
    gatekeeper = find(f"{node}Gatekeeper/Address")
    alias = find(f"{node}H323Alias/ID") or find(f"{node}H323Alias/E164")
    is_on = find("NetworkServices/H323/Mode", "Off") == "On"
    is_registered = bool(is_on and gatekeeper and alias)
    facts = {
        "H323/Gatekeeper/Address": gatekeeper if is_on else "",
        "H323/Gatekeeper/Port": "1719" if is_registered else "0",
        "H323/Gatekeeper/Status": "Registered" if is_registered else "Inactive",
        "H323/Mode/Status": "Enabled" if is_on else "Disabled",
    }
    device.status.set(_known(device, facts))


def _synchronise(device: VirtualDevice) -> None:
    """Synced with the first server, unless it is off or has none."""
    find = device.configuration.find
    mode = find("NetworkServices/NTP/Mode", "Auto")
    servers = [find(f"NetworkServices/NTP/Server[{number}]/Address") for number in (1, 2, 3)]
    servers.append(find("NetworkServices/NTP/Address"))
    address = next((one for one in servers if one), "")
    if mode == "Auto" or address.endswith("pool.ntp.org"):
        address = _POOL_ADDRESS
    is_synced = mode != "Off" and bool(address)
    facts = {
        "NetworkServices/NTP/CurrentAddress": address if is_synced else "",
        "NetworkServices/NTP/Address": address if mode != "Off" else "",
        "NetworkServices/NTP/Server[1]/Address": address if mode != "Off" else "",
        "NetworkServices/NTP/Status": "Off" if mode == "Off" else "Synced" if is_synced else "NotSynced",
    }
    device.status.set(_known(device, facts))
