"""The facts of a status that people look for first, with what they are called, from whichever release."""

from collections.abc import Mapping
from typing import Final

from roomkeeper.devices import names
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_FACTS: Final = (
    (noop("Product"), names.PRODUCT),
    (noop("Software"), (*names.SOFTWARE_NAME, *names.SOFTWARE_VERSION)),
    (noop("Serial number"), names.SERIAL_NUMBER),
    ("IPv4 address", names.IPV4_ADDRESS),
    ("IPv6 address", names.IPV6_ADDRESS),
    (noop("Link"), names.LINK),
    (noop("SIP"), names.SIP_STATUS),
    (noop("SIP reason"), names.SIP_REASON),
    (noop("SIP address"), names.SIP_URI),
    ("H.323", names.H323_STATUS),
    (noop("Webex"), names.WEBEX_STATUS),
    (noop("Standby"), names.STANDBY),
    (noop("Temperature"), names.TEMPERATURE),
    (noop("Clock"), names.CLOCK),
    (noop("Room in use"), names.ROOM_IN_USE),
    (noop("People present"), names.PEOPLE_PRESENT),
    (noop("Teams call"), names.TEAMS_CALL),
    (noop("Teams signed in"), names.TEAMS_SIGNED_IN),
    (noop("Teams version"), names.TEAMS_VERSION),
    (noop("Zoom"), names.ZOOM_STATE),
    ("802.1X", names.IEEE8021X_STATUS),
    ("802.1X reason", names.IEEE8021X_REASON),
    (noop("Network name"), names.NETWORK_NAME),
    (noop("LLDP neighbour"), names.LLDP_NEIGHBOUR),
    (noop("LLDP port"), names.LLDP_PORT),
    (noop("Compatibility level"), names.COMPATIBILITY_LEVEL),
)


def main_facts(facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """(label, value) of those that the status tells."""
    return [(_(label), value) for label, paths in _FACTS if (value := first_value(facts, *paths))]
