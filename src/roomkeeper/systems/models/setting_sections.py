"""The sections of Network settings, as the page shows them."""

from typing import Final

from roomkeeper.systems.models.setting_kinds import Section

INTERNAL: Final = Section(
    "Internal address",
    "What systems on the LAN are told to call. A host name takes precedence over the addresses.",
)
PUBLIC: Final = Section(
    "Public address",
    "What systems on the public internet and behind firewalls are told to call.",
)
OUTSIDE: Final = Section(
    "Outside address",
    "Where systems find this server if a proxy or a router is in front of it. Empty fields follow from"
    " the addresses "
    "above and from what this server listens on; behind a trusted proxy the ports are then 80 and 443. A"
    " port of 0"
    " means that nothing arrives there.",
)
CONNECTIVITY: Final = Section("Connectivity")
ADMISSION: Final = Section("Admission")
SECURITY: Final = Section("Security towards devices")
SNMP: Final = Section(
    "SNMP on systems",
    "Written to every system of a family that supports it, except in Secure-Only. Empty fields are not"
    " written.",
)
PHONE_BOOKS: Final = Section(
    "Phone books",
    "Systems are told to search here where a phone book is set on them or on a folder above them. The others keep the"
    " phone book server that they have.",
)
FEEDBACK: Final = Section(
    "Feedback",
    "Where systems send what happens on them: calls, alarms, changed settings.",
)
TIME: Final = Section(
    "Time on systems",
    "Requested of every system, unless a template or a persistent setting says otherwise. Empty: left as"
    " it is.",
)
HEARTBEAT: Final = Section(
    "Heartbeat",
    "How often a system is told to post, in seconds. After twice that and a minute it counts as not alive.",
)
WINDOW: Final = Section(
    "Maintenance window",
    "When systems may be disturbed, for folders without their own window.",
)
POLLING: Final = Section(
    "Polling",
    "How often a system that can be reached is polled, in seconds; less often if it sends feedback.",
)
