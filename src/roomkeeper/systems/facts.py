"""Which values of a status document are facts: kept by name, their changes kept as rows (rule R8). Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache

# Protocol notes I.1: where a manager reads the basics. A pattern matches the path without its indexes.
_FACTS = re.compile(
    r"SystemUnit/(ProductId|ProductPlatform|ProductType|Uptime|Hardware/(Module/SerialNumber|Monitoring/Temperature/Status"
    r"|Temperature|HasWifi|UDI)|Software/(Version|DisplayName|Name|ReleaseDate)"
    r"|State/(NumberOfActiveCalls|NumberOfInProgressCalls|NumberOfSuspendedCalls|System))"
    r"|Network/(Ethernet/(MacAddress|Speed)|IPv4/(Address|Gateway|SubnetMask)|IPv6/Address)"
    r"|SIP/(Registration/(Status|URI|Reason)|Proxy/(Status|Address))"
    r"|H323/Gatekeeper/(Status|Address)|Webex/Status|Standby/(State|Active)"
    r"|UserInterface/ContactInfo/Name|Audio/(Volume|VolumeMute|Microphones/Mute)"
    r"|NetworkServices/NTP/(Status|CurrentAddress)|Provisioning/(Status|Reason|Server)"
    r"|Provisioning/Software/UpgradeStatus/(Status|Phase|Message)"
    r"|RoomAnalytics/(PeoplePresence|PeopleCount/Current)|HttpFeedback/(Status|URL)"
    r"|Video/Monitors|Diagnostics/Message/(Type|Level)"
)
_INDEX = re.compile(r"\[\d+\]")
# Facts that move by themselves at every report; their changes tell nobody anything.
_RESTLESS = re.compile(r"SystemUnit/(Uptime|Hardware/Temperature$)|RoomAnalytics/PeopleCount")
VALUE_LIMIT = 255
# A hostile status could repeat a list node without end.
FACT_LIMIT = 300

_CALL_STATUS = re.compile(r"Call\[\d+\]/Status")
_NO_CALL = {"", "Idle", "Disconnecting"}


def read_facts(values: Mapping[str, str]) -> dict[str, str]:
    """The facts among a status document's values, by canonical path."""
    found: dict[str, str] = {}
    for path, value in values.items():
        if _is_fact(path):
            found[path[:VALUE_LIMIT]] = value[:VALUE_LIMIT]
            if len(found) == FACT_LIMIT:
                break
    return found


@lru_cache(maxsize=8_192)
def _is_fact(path: str) -> bool:
    # Documents of one release have the same few hundred paths over and over.
    return _FACTS.fullmatch(_INDEX.sub("", path)) is not None


def changed_facts(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(path, old, new) for each fact that differs and whose change is worth a row."""
    paths = {**old, **new}
    return [
        (path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path, "") != new.get(path, "") and not _RESTLESS.match(_INDEX.sub("", path))
    ]


def is_in_call(values: Mapping[str, str]) -> bool:
    """Whether the status shows a call that is up or coming up (protocol notes I.1, I.3)."""
    active = (
        values.get("SystemUnit/State/NumberOfActiveCalls"),
        values.get("SystemUnit/State/NumberOfInProgressCalls"),
    )
    if any(count not in (None, "", "0") for count in active):
        return True
    return any(
        path.startswith("Call[") and _CALL_STATUS.fullmatch(path) and value not in _NO_CALL
        for path, value in values.items()
    )
