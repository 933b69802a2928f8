"""How releases of TC, CE and RoomOS differ: names and abilities, by software version (protocol notes D.7, O).

No code asks for a version but this, and no other code holds a name that some release spells otherwise. A row of
`_OLDER` says below which release it holds, and only what differs from the releases above.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

from roomkeeper.devices.quirks import Quirks
from roomkeeper.protocols.xapi.dialect import Dialect

_SIP_AND_H323_NAMES: Final = (
    "SIP/URI",
    "SIP/DisplayName",
    "SIP/Authentication/UserName",
    "SIP/Authentication/Password",
    "H323/H323Alias",
    "H323/Authentication/LoginName",
    "H323/Authentication/Password",
)
_TC_SIP_AND_H323_NAMES: Final = (
    "SIP/Profile[1]/URI",
    "SIP/Profile[1]/DisplayName",
    "SIP/Profile[1]/Authentication[1]/LoginName",
    "SIP/Profile[1]/Authentication[1]/Password",
    "H323/Profile[1]/H323Alias",
    "H323/Profile[1]/Authentication/LoginName",
    "H323/Profile[1]/Authentication/Password",
)
_OTHER_OWN_NAMES: Final = (
    "SystemUnit/Name",
    "SystemUnit/ContactName",
    "Network[1]/IPv4/Address",
    "Network[1]/IPv6/Address",
    "UserInterface/ContactInfo/Name",
)
_TLS_VERIFY: Final = ("Provisioning/TlsVerify", "HttpFeedback/TlsVerify", "Phonebook/Server[1]/TlsVerify")
_OLD_VERIFY: Final = ("NetworkServices/HTTPS/VerifyServerCertificate",)
_PICTURES: Final = ("Background", "Branding", "HalfwakeBackground", "HalfwakeBranding")
_MUTE_EVIDENCE: Final = (
    ("Audio/Microphones/Mute", "Audio/Microphones/Mute", "On"),
    ("Audio/Microphones/Unmute", "Audio/Microphones/Mute", "Off"),
)


_NEWEST: Final = Quirks(
    name="RoomOS",
    dialect=Dialect.CE,
    has_sessions=True,
    feedback_arguments=(("Format", "XML"),),
    feedback_url_length=2048,
    feedback_limit=50,
    feedback_more=("/Status/MicrosoftTeams/Calling/InCall", "/Status/Webex/Status"),
    feedback_renamed=(),
    password_command="UserManagement/User/Passphrase/Set",  # noqa: S106 - a command's name
    password_arguments=(
        ("Username", "{username}"),
        ("NewPassphrase", "{password}"),
        ("YourPassphrase", "{own_password}"),
    ),
    password_account="",
    account_command="UserManagement/User/Get",
    forbidden_words=re.compile(r"permission|privilege|not authori[sz]ed", re.IGNORECASE),
    authority_command="Security/Certificates/CA/Add",
    verify_settings=_TLS_VERIFY,
    restart_command="SystemUnit/Boot",
    restart_takes_action=True,
    message_command="UserInterface/Message/Alert/Display",
    upgrade_has_forced=True,
    command_evidence=(
        ("Standby/Activate", "Standby/State", "Standby"),
        ("Standby/Halfwake", "Standby/State", "Halfwake"),
        ("Standby/Deactivate", "Standby/State", "Off"),
        *_MUTE_EVIDENCE,
    ),
    standby_path="Standby/State",
    sip_node="SIP",
    diagnostics_node="Diagnostics",
    temperature_path="SystemUnit/Hardware/Monitoring/Temperature/Status",
    sip_uri_path="SIP/URI",
    h323_id_path="H323/H323Alias/ID",
    h323_number_path="H323/H323Alias/E164",
    own_settings=(
        *_OTHER_OWN_NAMES,
        *_SIP_AND_H323_NAMES,
        "SystemUnit/BroadcastName",
        "SystemUnit/CustomDeviceId",
    ),
    time_server_paths=tuple(f"NetworkServices/NTP/Server[{number}]/Address" for number in (1, 2, 3)),
    time_zone_path="Time/Zone",
    wants_first_passphrase=True,
    has_macros=True,
    runs_required_macros=False,
    panel_icons=(("EmbedData", "On"),),
    backup_exclusion=(("Exclude", "CustomizationPackage"),),
    picture_types=(
        *_PICTURES,
        "SchedulerBackground",
        "SchedulerBranding",
        "WorkspaceAvatar",
    ),
)
# Of which nothing is known: the newest, but with the feedback that every release takes.
_UNKNOWN: Final = replace(
    _NEWEST,
    feedback_limit=15,
    feedback_more=(),
    runs_required_macros=True,
    panel_icons=(),
    backup_exclusion=(),
)
_TC_CHANGES: Final[dict[str, Any]] = {
    "name": "TC",
    "dialect": Dialect.TC,
    # TC answers the session calls with a redirect (protocol notes D.1).
    "has_sessions": False,
    # Format came with CE8 (protocol notes C.1).
    "feedback_arguments": (),
    "feedback_url_length": 255,
    "feedback_renamed": (
        ("/Status/SIP/Registration", "/Status/SIP/Profile/Registration"),
        ("/Status/Standby/State", "/Status/Standby/Active"),
        ("/Status/Diagnostics", "/Status/SystemUnit/Diagnostics"),
        ("/Event/UserInterface/Message/Prompt/Response", "/Event/Message/Prompt/Response"),
    ),
    "password_command": "SystemUnit/AdminPassword/Set",
    "password_arguments": (("Password", "{password}"),),
    "password_account": "admin",
    "account_command": "",
    "authority_command": "",
    "restart_command": "Boot",
    "restart_takes_action": False,
    "message_command": "Message/Alert/Display",
    "upgrade_has_forced": False,
    "command_evidence": (
        ("Standby/Activate", "Standby/Active", "On"),
        ("Standby/Deactivate", "Standby/Active", "Off"),
        *_MUTE_EVIDENCE,
    ),
    "standby_path": "Standby/Active",
    "sip_node": "SIP/Profile[1]",
    "diagnostics_node": "SystemUnit/Diagnostics",
    "sip_uri_path": "SIP/Profile[1]/URI",
    "h323_id_path": "H323/Profile[1]/H323Alias/ID",
    "h323_number_path": "H323/Profile[1]/H323Alias/E164",
    "own_settings": (*_OTHER_OWN_NAMES, *_TC_SIP_AND_H323_NAMES),
    "time_server_paths": ("NetworkServices/NTP/Address",),
    "time_zone_path": "Time/OlsonZone",
    "picture_types": (),
}

Release: TypeAlias = tuple[int, tuple[int, ...]]
"""By which releases are in order: 0 for TC and 1 for CE and RoomOS, then their numbers."""

# What differs below a release; newest first, each on top of the last.
_OLDER: Final[tuple[tuple[Release, dict[str, Any]], ...]] = (
    ((1, (26, 5)), {"backup_exclusion": ()}),
    (
        (1, (26, 1)),
        {
            "feedback_limit": 15,
            "feedback_more": ("/Status/MicrosoftTeams/Calling/InCall",),
            "runs_required_macros": True,
        },
    ),
    ((1, (11, 27)), {"wants_first_passphrase": False}),
    ((1, (11, 14)), {"feedback_more": ()}),
    ((1, (11,)), {"picture_types": _PICTURES}),
    ((1, (10,)), {"name": "CE", "temperature_path": "SystemUnit/Hardware/Temperature"}),
    ((1, (9, 15)), {"own_settings": (*_OTHER_OWN_NAMES, *_SIP_AND_H323_NAMES), "panel_icons": ()}),
    # When the one setting gave way to the three is not known to a release: 9.6 has the one, 9.9 the three.
    ((1, (9, 9)), {"verify_settings": (*_OLD_VERIFY, *_TLS_VERIFY)}),
    ((1, (9, 7)), {"verify_settings": _OLD_VERIFY}),
    ((1, (9, 2)), {"has_macros": False}),
    ((1, ()), _TC_CHANGES),
    ((0, (7, 2)), {"time_zone_path": ""}),
)
_VERSION: Final = re.compile(r"\s*(tc(?:nc)?|te|ce|roomos)\s?(\d{1,6}(?:\.\d{1,6}){0,3})", re.IGNORECASE)


def _all() -> list[tuple[Release | None, Quirks]]:
    found: list[tuple[Release | None, Quirks]] = [(None, _NEWEST)]
    for below, changes in _OLDER:
        found.append((below, replace(found[-1][1], **changes)))
    return found


_ROWS: Final = _all()
RELEASES: Final = tuple(quirks for _, quirks in _ROWS)
"""Every row of quirks, the newest first: for what has to hold whatever the release is."""


def release_of(software_version: str) -> Release | None:
    """The release of a software version as devices spell it (`TC7.3.3.c84180a`, `ce9.6.1.4516ae5aaa1`); None for what
    is none. `TCNC…` is TC without encryption, TE the E20's of TC's generation (inferred)."""
    match = _VERSION.match(software_version)
    if match is None:
        return None
    numbers = tuple(int(number) for number in match[2].split("."))
    return (0 if match[1][0].lower() == "t" else 1, numbers)


@lru_cache(maxsize=1024)
def quirks_of(software_version: str) -> Quirks:
    """The quirks of a software version as the device spells it; those of the newest, and feedback
    that all take, for one that says nothing."""
    release = release_of(software_version)
    if release is None:
        return _UNKNOWN
    # The oldest row that still lies above it.
    return next((quirks for below, quirks in reversed(_ROWS) if below is None or release < below), _NEWEST)


def every(field: str) -> tuple[str, ...]:
    """All values of a text field of the quirks, the newest release's first, each once and none empty."""
    return tuple(dict.fromkeys(value for quirks in RELEASES if (value := str(getattr(quirks, field)))))
