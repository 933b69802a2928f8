"""How releases of TC, CE and RoomOS differ: names and abilities, by software version (protocol notes D.7, O).

No code asks for a version but this, and no other code holds a name that some release spells otherwise. A row of
`_OLDER` says below which release it holds, and only what differs from the releases above.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

from roomkeeper.protocols.xapi.command import CommandCall, CommandDescription
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


@dataclass(frozen=True, slots=True)
class Quirks:
    """What one has to know about a release; "" and () for what it does not have.

    Paths are canonical (rule R7). Words in braces in arguments are filled by `password_call`.
    """

    name: str = "RoomOS"
    dialect: Dialect = Dialect.CE
    has_sessions: bool = True

    # Feedback. Expressions that a release does not know it accepts in silence (protocol notes C.1).
    feedback_arguments: tuple[tuple[str, str], ...] = (("Format", "XML"),)
    feedback_url_length: int = 2048
    feedback_limit: int = 50
    # What is told besides the family's expressions, and what a family's expression is called here.
    feedback_more: tuple[str, ...] = ("/Status/MicrosoftTeams/Calling/InCall", "/Status/Webex/Status")
    feedback_renamed: tuple[tuple[str, str], ...] = ()

    # Accounts.
    password_command: str = "UserManagement/User/Passphrase/Set"  # noqa: S105 - a command's name
    password_arguments: tuple[tuple[str, str], ...] = (
        ("Username", "{username}"),
        ("NewPassphrase", "{password}"),
        ("YourPassphrase", "{own_password}"),
    )
    # The only account whose password the command sets; "" for any.
    password_account: str = ""
    account_command: str = "UserManagement/User/Get"
    # How a refusal for want of rights is worded: no capture shows it, so by its sense.
    forbidden_words: re.Pattern[str] = re.compile(r"permission|privilege|not authori[sz]ed", re.IGNORECASE)

    # Trust: by which command it is given an authority, and which settings say that it checks our certificate.
    authority_command: str = "Security/Certificates/CA/Add"
    verify_settings: tuple[str, ...] = _TLS_VERIFY

    # Commands.
    restart_command: str = "SystemUnit/Boot"
    # False: only where the device's own command document lists it.
    restart_takes_action: bool = True
    message_command: str = "UserInterface/Message/Alert/Display"
    upgrade_has_forced: bool = True
    # (command, status path, value): what shows that the command ran (protocol notes I.1, I.2, I.4).
    command_evidence: tuple[tuple[str, str, str], ...] = (
        ("Standby/Activate", "Standby/State", "Standby"),
        ("Standby/Halfwake", "Standby/State", "Halfwake"),
        ("Standby/Deactivate", "Standby/State", "Off"),
        *_MUTE_EVIDENCE,
    )

    # Status.
    standby_path: str = "Standby/State"
    sip_node: str = "SIP"
    diagnostics_node: str = "Diagnostics"
    temperature_path: str = "SystemUnit/Hardware/Monitoring/Temperature/Status"

    # Settings. Those of `own_settings`, and what lies below them, say what one device alone is called or reached by.
    sip_uri_path: str = "SIP/URI"
    own_settings: tuple[str, ...] = (
        *_OTHER_OWN_NAMES,
        *_SIP_AND_H323_NAMES,
        "SystemUnit/BroadcastName",
        "SystemUnit/CustomDeviceId",
    )
    # How many time servers it takes, and where; TC takes one.
    time_server_paths: tuple[str, ...] = tuple(
        f"NetworkServices/NTP/Server[{number}]/Address" for number in (1, 2, 3)
    )
    # Where it takes, and tells, a zone by its name of the tz database; before TC7.2 a GMT text alone.
    time_zone_path: str = "Time/Zone"

    # Whether one that is new, or was reset to factory settings, lets nobody in before its first passphrase is set
    # (protocol notes P.3). On the wire it looks like any refused login.
    wants_first_passphrase: bool = True

    # What else is kept on it.
    has_macros: bool = True
    # Whether macros that load the API with `require` run as shipped (EvaluateTranspiled, protocol notes P.5).
    runs_required_macros: bool = False
    # Icons of panels are in an export only where it is asked for them (vendor schemas 9.15 on).
    panel_icons: tuple[tuple[str, str], ...] = (("EmbedData", "On"),)
    # What came with a customization package comes back with it, and is not part of a backup (26.5 on).
    backup_exclusion: tuple[tuple[str, str], ...] = (("Exclude", "CustomizationPackage"),)
    picture_types: tuple[str, ...] = (
        *_PICTURES,
        "SchedulerBackground",
        "SchedulerBranding",
        "WorkspaceAvatar",
    )

    def password_call(self, username: str, password: str, own_password: str) -> CommandCall:
        """The command that sets an account's password (protocol notes J)."""
        words = {"{username}": username, "{password}": password, "{own_password}": own_password}
        given = ((name, words[word]) for name, word in self.password_arguments)
        # An empty own password means that none is set, and then it is not asked for.
        arguments = tuple((name, value) for name, value in given if value or name != "YourPassphrase")
        return CommandCall(self.password_command, arguments)

    def restart_call(self, listed: CommandDescription | None) -> CommandCall:
        """The command that restarts it. `listed` is what the device's own document says of `restart_command`, None
        where that is not known."""
        takes_action = self.restart_takes_action
        if not takes_action and listed is not None and (action := listed.parameters.get("Action")):
            takes_action = action.value_space is None or action.value_space.refusal("Restart") is None
        return CommandCall(self.restart_command, (("Action", "Restart"),) if takes_action else ())

    def expressions(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """The family's feedback expressions as this release names them, with its own; what comes last gives way to
        its limit."""
        names = dict(self.feedback_renamed)
        own = [names.get(expression, expression) for expression in wanted]
        return (*own[: self.feedback_limit - len(self.feedback_more)], *self.feedback_more)

    def evidence_for(self, command: str) -> tuple[str, str] | None:
        """(status path, value) that proves that a command ran, in any letter case; None where no status shows it."""
        key = command.lower()
        return next(
            ((path, value) for name, path, value in self.command_evidence if name.lower() == key), None
        )


_NEWEST: Final = Quirks()
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
