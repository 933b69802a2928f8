"""How releases of a family differ: names and abilities, by software version.

A family that has differences says them in `quirks.py` of its folder: `quirks_of(software_version)`, and `RELEASES`, the
newest first. Whoever has a family's name and a software version asks here; nobody else looks into a family's folder.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from roomkeeper.devices.registry import SEARCH_PATH, find_part
from roomkeeper.protocols.xapi.command import CommandCall, CommandDescription
from roomkeeper.protocols.xapi.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Quirks:
    """What one has to know about a release; what a family does not say, its systems do not have ("", (), False).

    Paths are canonical (rule R7). Words in braces in arguments are filled by `password_call`.
    """

    name: str = ""
    dialect: Dialect = Dialect.CE
    has_sessions: bool = False

    # Feedback. Expressions that a release does not know it accepts in silence (protocol notes C.1).
    feedback_arguments: tuple[tuple[str, str], ...] = ()
    feedback_url_length: int = 255
    feedback_limit: int = 15
    # What is told besides the family's expressions, and what a family's expression is called here.
    feedback_more: tuple[str, ...] = ()
    feedback_renamed: tuple[tuple[str, str], ...] = ()

    # Accounts.
    password_command: str = ""
    password_arguments: tuple[tuple[str, str], ...] = ()
    # The only account whose password the command sets; "" for any.
    password_account: str = ""
    account_command: str = ""
    # How a refusal for want of rights is worded: no capture shows it, so by its sense.
    forbidden_words: re.Pattern[str] = re.compile(r"permission|privilege|not authori[sz]ed", re.IGNORECASE)

    # Trust: by which command it is given an authority, and which settings say that it checks our certificate.
    authority_command: str = ""
    verify_settings: tuple[str, ...] = ()

    # Commands.
    restart_command: str = ""
    # False: only where the device's own command document lists it.
    restart_takes_action: bool = False
    message_command: str = ""
    upgrade_has_forced: bool = False
    # (command, status path, value): what shows that the command ran (protocol notes I.1, I.2, I.4).
    command_evidence: tuple[tuple[str, str, str], ...] = ()

    # Status.
    standby_path: str = ""
    sip_node: str = ""
    diagnostics_node: str = ""
    temperature_path: str = ""

    # Settings. Those of `own_settings`, and what lies below them, say what one device alone is called or reached by.
    sip_uri_path: str = ""
    h323_id_path: str = ""
    h323_number_path: str = ""
    own_settings: tuple[str, ...] = ()
    # How many time servers it takes, and where; TC takes one.
    time_server_paths: tuple[str, ...] = ()
    # Where it takes, and tells, a zone by its name of the tz database; before TC7.2 a GMT text alone.
    time_zone_path: str = ""

    # Whether one that is new, or was reset to factory settings, lets nobody in before its first passphrase is set
    # (protocol notes P.3). On the wire it looks like any refused login.
    wants_first_passphrase: bool = False

    # What else is kept on it.
    has_macros: bool = False
    # Whether macros that load the API with `require` run as shipped (EvaluateTranspiled, protocol notes P.5).
    runs_required_macros: bool = False
    # Icons of panels are in an export only where it is asked for them (vendor schemas 9.15 on).
    panel_icons: tuple[tuple[str, str], ...] = ()
    # What came with a customization package comes back with it, and is not part of a backup (26.5 on).
    backup_exclusion: tuple[tuple[str, str], ...] = ()
    picture_types: tuple[str, ...] = ()

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


@lru_cache(maxsize=1024)
def quirks_of(
    software_version: str, family: str = "", *, search_path: tuple[Path, ...] = SEARCH_PATH
) -> Quirks:
    """The quirks of a software version as a device of that family spells it. Without a family, those of the one that a
    system is presumed to be of; nothing is known of a family that is driven and says none."""
    part = find_part("quirks", family, search_path=search_path)
    if part is None:
        return Quirks()
    found: Quirks = part.quirks_of(software_version)
    return found


def releases_of(family: str = "", *, search_path: tuple[Path, ...] = SEARCH_PATH) -> tuple[Quirks, ...]:
    """The quirks of all releases of a family, the newest first: for what has to hold whatever the release is."""
    part = find_part("quirks", family, search_path=search_path)
    return tuple(part.RELEASES) if part is not None else (Quirks(),)
