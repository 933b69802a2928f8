"""How releases of TC, CE and RoomOS differ, one entry each (protocol notes D.7). No code asks for a version but this.

A row of `_TABLE` says which versions it is for and only what differs from the row for everything newer.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Quirks:
    """What a driver has to know about a release. Words in braces in arguments are filled by `password_call`."""

    name: str = "RoomOS"
    dialect: Dialect = Dialect.CE
    has_sessions: bool = True
    feedback_arguments: tuple[tuple[str, str], ...] = (("Format", "XML"),)
    feedback_url_length: int = 2048
    password_command: str = "UserManagement/User/Passphrase/Set"  # noqa: S105 - a command's name
    password_arguments: tuple[tuple[str, str], ...] = (
        ("Username", "{username}"),
        ("NewPassphrase", "{password}"),
        ("YourPassphrase", "{own_password}"),
    )
    # The only account whose password the command sets; "" for any.
    password_account: str = ""
    # How a refusal for want of rights is worded: no capture shows it, so by its sense.
    forbidden_words: re.Pattern[str] = re.compile(r"permission|privilege|not authori[sz]ed", re.IGNORECASE)
    restart_command: str = "SystemUnit/Boot"
    message_command: str = "UserInterface/Message/Alert/Display"
    upgrade_has_forced: bool = True
    standby_path: str = "Standby/State"
    sip_uri_path: str = "SIP/URI"
    # How many time servers it takes, and where; TC takes one, and names time zones by their distance from GMT.
    time_server_paths: tuple[str, ...] = tuple(
        f"NetworkServices/NTP/Server[{number}]/Address" for number in (1, 2, 3)
    )
    time_zone_path: str = "Time/Zone"

    def password_call(self, username: str, password: str, own_password: str) -> CommandCall:
        """The command that sets an account's password (protocol notes J)."""
        words = {"{username}": username, "{password}": password, "{own_password}": own_password}
        given = ((name, words[word]) for name, word in self.password_arguments)
        # An empty own password means that none is set, and then it is not asked for.
        arguments = tuple((name, value) for name, value in given if value or name != "YourPassphrase")
        return CommandCall(self.password_command, arguments)


_NEWEST: Final = Quirks()
# The first row whose pattern is found in the software version holds.
_TABLE: Final = (
    (
        re.compile(r"^tc\s?\d", re.IGNORECASE),
        replace(
            _NEWEST,
            name="TC",
            dialect=Dialect.TC,
            # TC answers the session calls with a redirect (protocol notes D.1).
            has_sessions=False,
            # Format came with CE8 (protocol notes C.1).
            feedback_arguments=(),
            feedback_url_length=255,
            password_command="SystemUnit/AdminPassword/Set",  # noqa: S106 - a command's name
            password_arguments=(("Password", "{password}"),),
            password_account="admin",  # noqa: S106 - a user's name
            upgrade_has_forced=False,
            standby_path="Standby/Active",
            sip_uri_path="SIP/Profile[1]/URI",
            time_server_paths=("NetworkServices/NTP/Address",),
            time_zone_path="",
        ),
    ),
    (re.compile(r"^ce\s?[89]\.", re.IGNORECASE), replace(_NEWEST, name="CE")),
)

# By which the releases set passwords.
PASSWORD_COMMANDS: Final = frozenset(
    quirks.password_command for quirks in (_NEWEST, *(quirks for _, quirks in _TABLE))
)


@lru_cache(maxsize=1024)
def quirks_of(software_version: str) -> Quirks:
    """The quirks of a software version as the device spells it; those of the newest for one that says nothing."""
    return next((quirks for pattern, quirks in _TABLE if pattern.search(software_version)), _NEWEST)
