"""What endpoints are asked and told by, whatever their release: all names of a thing together. Pure.

For who reads or looks up without a release at hand: stored facts, rows of actions, settings of a template.
"""

import re
from functools import lru_cache
from typing import Final

from roomkeeper.devices.families.roomos.quirks import RELEASES, every
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import match_key

_INDEX: Final = re.compile(r"\[\d+\]")


def without_indexes(path: str) -> str:
    """The path without the numbers of its nodes: `SIP/Profile/Proxy/Address`."""
    return _INDEX.sub("", path)


def _below(field: str, rest: str) -> tuple[str, ...]:
    return tuple(f"{without_indexes(node)}/{rest}" for node in every(field))


RESTART_COMMANDS: Final = every("restart_command")
PASSWORD_COMMANDS: Final = every("password_command")
AUTHORITY_COMMANDS: Final = every("authority_command")

VERIFY_SETTINGS: Final = tuple(dict.fromkeys(path for quirks in RELEASES for path in quirks.verify_settings))

# TC's own first: what it calls as the newer releases do holds a GMT text there.
TIME_ZONE_SETTINGS: Final = tuple(reversed(every("time_zone_path")))

# Status, without indexes (protocol notes I.1, O).
PRODUCT: Final = ("SystemUnit/ProductId",)
SOFTWARE_NAME: Final = ("SystemUnit/Software/DisplayName",)
SOFTWARE_VERSION: Final = ("SystemUnit/Software/Version",)
SERIAL_NUMBER: Final = ("SystemUnit/Hardware/Module/SerialNumber",)
IPV4_ADDRESS: Final = ("Network/IPv4/Address",)
IPV6_ADDRESS: Final = ("Network/IPv6/Address",)
LINK: Final = ("Network/Ethernet/Speed",)
SIP_STATUS: Final = _below("sip_node", "Registration/Status")
SIP_URI: Final = _below("sip_node", "Registration/URI")
SIP_REASON: Final = _below("sip_node", "Registration/Reason")
SIP_PROXY_STATUS: Final = _below("sip_node", "Proxy/Status")
SIP_PROXY_ADDRESS: Final = _below("sip_node", "Proxy/Address")
H323_STATUS: Final = ("H323/Gatekeeper/Status",)
WEBEX_STATUS: Final = ("Webex/Status",)
STANDBY: Final = every("standby_path")
TEMPERATURE: Final = every("temperature_path")
CLOCK: Final = ("NetworkServices/NTP/Status",)
PEOPLE_PRESENT: Final = ("RoomAnalytics/PeoplePresence",)
# New by 11.14 to 26.2 (protocol notes P.5, P.6). What stands below Teams' version and LLDP is not published whole.
ROOM_IN_USE: Final = ("RoomAnalytics/RoomInUse",)
TEAMS_CALL: Final = ("MicrosoftTeams/Calling/InCall",)
TEAMS_SIGNED_IN: Final = ("MicrosoftTeams/User/SignedIn",)
ZOOM_STATE: Final = ("Zoom/AppExperience/State",)
IEEE8021X_STATUS: Final = ("Network/IEEE8021X/Status",)
IEEE8021X_REASON: Final = ("Network/IEEE8021X/Reason",)
NETWORK_NAME: Final = ("Network/FQDN",)
COMPATIBILITY_LEVEL: Final = ("SystemUnit/Hardware/Module/CompatibilityLevel",)
_TEAMS_SOFTWARE: Final = "MicrosoftTeams/Software/Version"
TEAMS_VERSION: Final = (f"{_TEAMS_SOFTWARE}/TeamsApp", f"{_TEAMS_SOFTWARE}/Android", _TEAMS_SOFTWARE)
_LLDP: Final = "Network/LLDP"
LLDP_NEIGHBOUR: Final = (f"{_LLDP}/SystemName", f"{_LLDP}/DeviceId", f"{_LLDP}/ChassisId")
LLDP_PORT: Final = (f"{_LLDP}/PortID", f"{_LLDP}/PortId")
_FACT_NODES: Final = frozenset({_LLDP, _TEAMS_SOFTWARE})
# Of the rest that stands below them little tells anybody anything.
_DEVICE_NODES: Final = frozenset({"Peripherals/ConnectedDevice", "Cameras/Camera"})
_DEVICE_LEAVES: Final = frozenset({"ID", "Name", "Type", "Status", "Connected", "Model"})
DIAGNOSTICS_NODES: Final = every("diagnostics_node")

FACTS: Final = frozenset(
    {
        *PRODUCT,
        *SOFTWARE_NAME,
        *SOFTWARE_VERSION,
        *SERIAL_NUMBER,
        *IPV4_ADDRESS,
        *IPV6_ADDRESS,
        *LINK,
        *SIP_STATUS,
        *SIP_URI,
        *SIP_REASON,
        *SIP_PROXY_STATUS,
        *SIP_PROXY_ADDRESS,
        *H323_STATUS,
        *WEBEX_STATUS,
        *STANDBY,
        *TEMPERATURE,
        *CLOCK,
        *PEOPLE_PRESENT,
        *ROOM_IN_USE,
        *TEAMS_CALL,
        *TEAMS_SIGNED_IN,
        *TEAMS_VERSION,
        *ZOOM_STATE,
        *IEEE8021X_STATUS,
        *IEEE8021X_REASON,
        *NETWORK_NAME,
        *COMPATIBILITY_LEVEL,
        "MicrosoftTeams/Calling/IncomingCall",
        *(
            f"{node}/Message/{part}"
            for node in DIAGNOSTICS_NODES
            for part in ("Type", "Level", "Description")
        ),
        "SystemUnit/ProductPlatform",
        "SystemUnit/ProductType",
        "SystemUnit/Uptime",
        "SystemUnit/Hardware/HasWifi",
        "SystemUnit/Hardware/UDI",
        "SystemUnit/Software/Name",
        "SystemUnit/Software/ReleaseDate",
        "SystemUnit/State/NumberOfActiveCalls",
        "SystemUnit/State/NumberOfInProgressCalls",
        "SystemUnit/State/NumberOfSuspendedCalls",
        "SystemUnit/State/System",
        "Network/Ethernet/MacAddress",
        "Network/IPv4/Gateway",
        "Network/IPv4/SubnetMask",
        "H323/Gatekeeper/Address",
        "UserInterface/ContactInfo/Name",
        "Audio/Volume",
        "Audio/VolumeMute",
        "Audio/Microphones/Mute",
        "NetworkServices/NTP/CurrentAddress",
        "Provisioning/Status",
        "Provisioning/Reason",
        "Provisioning/Server",
        "Provisioning/Software/UpgradeStatus/Status",
        "Provisioning/Software/UpgradeStatus/Phase",
        "Provisioning/Software/UpgradeStatus/Message",
        "RoomAnalytics/PeopleCount/Current",
        "HttpFeedback/Status",
        "HttpFeedback/URL",
        "Video/Monitors",
    }
)
"""Which values of a status are facts: kept by name, their changes kept as rows (rule R8)."""

# They move by themselves at every report; their changes tell nobody anything.
_RESTLESS: Final = frozenset(
    {"SystemUnit/Uptime", "SystemUnit/Hardware/Temperature", "RoomAnalytics/PeopleCount/Current"}
)
_OWN: Final = tuple(
    dict.fromkeys(without_indexes(path).lower() for quirks in RELEASES for path in quirks.own_settings)
)


@lru_cache(maxsize=8_192)
def is_fact(path: str) -> bool:
    """Whether the value at that path is a fact. Documents of one release have the same few hundred paths."""
    plain = without_indexes(path)
    if plain in FACTS:
        return True
    branch, _, leaf = plain.rpartition("/")
    return branch in _FACT_NODES or (branch in _DEVICE_NODES and leaf in _DEVICE_LEAVES)


def is_restless(path: str) -> bool:
    """Whether a fact moves by itself at every report."""
    return without_indexes(path) in _RESTLESS


@lru_cache(maxsize=8_192)
def is_of_one_device(path: str) -> bool:
    """Whether a setting says what one device alone is called or reached by, whichever release spells it; in any
    spelling that is taken as input (rule R7), with or without indexes."""
    try:
        key = without_indexes(match_key(path))
    except ProtocolError:
        return False
    return any(key == own or key.startswith(f"{own}/") for own in _OWN)


def is_restart(command: str) -> bool:
    """Whether the command restarts an endpoint, in any letter case."""
    return command.lower() in {name.lower() for name in RESTART_COMMANDS}
