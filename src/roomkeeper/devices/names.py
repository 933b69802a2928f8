"""What systems of all families are asked and told by, whatever their release: all names of a thing together.

For who reads or looks up without a family and a release at hand: stored facts, rows of actions, settings of a template.
A family says its own in `names.py` of its folder, by the same names as here, and leaves out what it has not.
"""

from functools import lru_cache
from typing import Final

from roomkeeper.devices.registry import find_parts

_FAMILIES: Final = find_parts("names")


def _together(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for family in _FAMILIES for text in getattr(family, name, ())))


# Commands.
RESTART_COMMANDS: Final = _together("RESTART_COMMANDS")
PASSWORD_COMMANDS: Final = _together("PASSWORD_COMMANDS")
AUTHORITY_COMMANDS: Final = _together("AUTHORITY_COMMANDS")

# Settings.
VERIFY_SETTINGS: Final = _together("VERIFY_SETTINGS")
TIME_ZONE_SETTINGS: Final = _together("TIME_ZONE_SETTINGS")

# Status, without indexes.
PRODUCT: Final = _together("PRODUCT")
SOFTWARE_NAME: Final = _together("SOFTWARE_NAME")
SOFTWARE_VERSION: Final = _together("SOFTWARE_VERSION")
SERIAL_NUMBER: Final = _together("SERIAL_NUMBER")
IPV4_ADDRESS: Final = _together("IPV4_ADDRESS")
IPV6_ADDRESS: Final = _together("IPV6_ADDRESS")
LINK: Final = _together("LINK")
SIP_STATUS: Final = _together("SIP_STATUS")
SIP_REASON: Final = _together("SIP_REASON")
SIP_URI: Final = _together("SIP_URI")
H323_STATUS: Final = _together("H323_STATUS")
WEBEX_STATUS: Final = _together("WEBEX_STATUS")
STANDBY: Final = _together("STANDBY")
TEMPERATURE: Final = _together("TEMPERATURE")
CLOCK: Final = _together("CLOCK")
PEOPLE_PRESENT: Final = _together("PEOPLE_PRESENT")
ROOM_IN_USE: Final = _together("ROOM_IN_USE")
TEAMS_CALL: Final = _together("TEAMS_CALL")
TEAMS_SIGNED_IN: Final = _together("TEAMS_SIGNED_IN")
TEAMS_VERSION: Final = _together("TEAMS_VERSION")
ZOOM_STATE: Final = _together("ZOOM_STATE")
IEEE8021X_STATUS: Final = _together("IEEE8021X_STATUS")
IEEE8021X_REASON: Final = _together("IEEE8021X_REASON")
NETWORK_NAME: Final = _together("NETWORK_NAME")
COMPATIBILITY_LEVEL: Final = _together("COMPATIBILITY_LEVEL")
LLDP_NEIGHBOUR: Final = _together("LLDP_NEIGHBOUR")
LLDP_PORT: Final = _together("LLDP_PORT")
DIAGNOSTICS_NODES: Final = _together("DIAGNOSTICS_NODES")


@lru_cache(maxsize=8_192)
def is_fact(path: str) -> bool:
    """Whether the value at that path of a status is a fact: kept by name, its changes kept as rows (rule R8)."""
    return _any("is_fact", path)


def is_restless(path: str) -> bool:
    """Whether a fact moves by itself at every report."""
    return _any("is_restless", path)


@lru_cache(maxsize=8_192)
def is_of_one_device(path: str) -> bool:
    """Whether a setting says what one device alone is called or reached by, whichever release spells it; in any
    spelling that is taken as input (rule R7), with or without indexes."""
    return _any("is_of_one_device", path)


def is_restart(command: str) -> bool:
    """Whether the command restarts a system, in any letter case."""
    return command.lower() in {name.lower() for name in RESTART_COMMANDS}


def _any(question: str, path: str) -> bool:
    return any(getattr(family, question)(path) for family in _FAMILIES if hasattr(family, question))
