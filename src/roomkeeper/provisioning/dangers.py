"""What a command does that people may not expect: a table, and a rule on the last word of others. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.command_line import canonical_command
from roomkeeper.protocols.xapi.values import find_integer
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# The slot that families name in their manifest unless Network settings say otherwise (protocol notes C.1).
OUR_SLOT: Final = 3


@dataclass(frozen=True, slots=True)
class Danger:
    """What a command does that people may not expect. `is_final`: nothing here can undo it."""

    sentence: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """Commands by a pattern of their path; with `argument` only where that has one of the values, in any case."""

    path: re.Pattern[str]
    sentence: str
    is_final: bool
    argument: str = ""
    values: frozenset[str] = frozenset()

    def fits(self, path: str, given: Mapping[str, Sequence[str]]) -> bool:
        if self.path.fullmatch(path) is None:
            return False
        return not self.argument or not self.values.isdisjoint(given.get(self.argument, ()))


def _row(path: str, sentence: str, *, final: bool, when: str = "", is_one_of: str = "") -> _Row:
    return _Row(re.compile(path), sentence, final, when, frozenset(is_one_of.split()))


_RESET: Final = noop(
    "The device loses its settings, its accounts and what makes it call this server. Someone has to go"
    " there to"
    " bring it back."
)
_OTHER_SOFTWARE: Final = noop(
    "The device loads other software and restarts; a call that it is in ends. Not every release can be"
    " downgraded"
    " again."
)
_GONE: Final = noop("What it removes is lost: no copy is made first.")
_OFF: Final = noop("The device switches off, and someone has to switch it on at its place.")
_RESTARTS: Final = noop("The device restarts; a call that it is in ends.")
_HARDENED: Final = noop(
    "Hardening switches off the device's local accounts and macros: this server can no longer sign in to it."
)
_CLOUD: Final = noop(
    "The device leaves this server for a cloud service. Someone has to go there to bring it back."
)
_FOR_GOOD: Final = noop("What it switches off cannot be switched on again from here.")
_LOCKED_OUT: Final = noop(
    "Where this is the account that this server uses, it can no longer sign in to the device."
)
_SLOT: Final = noop(
    "It is the feedback slot of this server, which no longer hears of calls and states until it is set again."
)
# By the protocol notes G, J, P.3 and the vendor's schemas. The first row that fits holds.
_TABLE: Final = (
    _row(r"systemunit/factoryreset", _RESET, final=True),
    _row(r"(systemunit/)?boot", _OFF, final=True, when="action", is_one_of="shutdown"),
    _row(r"systemunit/shutdown", _OFF, final=True),
    _row(r"(systemunit/)?(boot|softreset)", _RESTARTS, final=False),
    _row(
        r"systemunit/softwareupgrade|provisioning/(complete|start)upgrade|microsoftteams/softwareupgrade",
        _OTHER_SOFTWARE,
        final=True,
    ),
    # CE called Webex Spark (its `Spark/Registration/Start`).
    _row(
        r"(webex|spark)/registration/start", _HARDENED, final=True, when="securityaction", is_one_of="harden"
    ),
    _row(r"(webex|spark)/(registration/)?zerotouchprovisioning/start", _HARDENED, final=True),
    _row(r"(webex|spark)/registration/start", _CLOUD, final=True),
    _row(r"(.*/)?converttocloud", _CLOUD, final=True),
    _row(r"zoom/(reset|install)", _OTHER_SOFTWARE, final=True),
    _row(r"microsoftteams/(install|reset)", _OTHER_SOFTWARE, final=True),
    _row(
        r"provisioning/service/fetch",
        noop("The contents of the file replace what the device has; no copy is made first."),
        final=True,
        when="mode",
        is_one_of="replace",
    ),
    _row(r"usermanagement/user/(modify|add)", _LOCKED_OUT, final=True, when="active", is_one_of="false"),
    _row(r"usermanagement/user/modify", _LOCKED_OUT, final=True, when="removerole", is_one_of="admin"),
    _row(r"usermanagement/user/delete", _LOCKED_OUT, final=True),
    # Under Set its password the new one is stored here, too.
    _row(
        r"usermanagement/user/passphrase/(set|change)|systemunit/adminpassword/set", _LOCKED_OUT, final=False
    ),
    _row(r"(.*/)?developerpreview/activate", _OTHER_SOFTWARE, final=False),
    _row(r"security/session/terminate", noop("The user of that session is signed out."), final=False),
    _row(
        r"(security/)?(persistency|fips|strong).*",
        noop("It changes what the device stores and which methods it accepts, and restarts it."),
        final=True,
    ),
    _row(r"(.*/)?disablepermanently", _FOR_GOOD, final=True),
    # What a message shows ends anyway, stopping to share takes nothing away, and waking up gives back.
    _row(r"userinterface/message/.*/clear|.*/(stop|unregister|clearscreen)", "", final=False),
    _row(r"standby/deactivate|(.*/)?donotdisturb/deactivate", "", final=False),
    _row(r"call/disconnect(all)?", noop("The call that it is in ends."), final=False),
)
# For commands that the table does not name: those of releases to come.
_LAST_WORDS: Final = (
    (re.compile(r"(factory)?reset(all|to.*|settings)?|restoredefaults?|wipe.*|erase.*|format"), _RESET, True),
    (re.compile(r"(delete|remove|clear|purge|revoke)(?!d).*"), _GONE, True),
    (re.compile(r"(un)?install.*|upgrade.*|downgrade.*"), _OTHER_SOFTWARE, True),
    (re.compile(r"harden.*"), _HARDENED, True),
    (re.compile(r"boot|reboot|restart|softreset"), _RESTARTS, False),
    (re.compile(r"shutdown|poweroff"), _OFF, True),
    (
        re.compile(r"disable.*|deactivate.*|deregister.*"),
        noop("What it switches off no longer works until it is switched on again."),
        False,
    ),
)


def danger_of(call: CommandCall, *, our_slot: int = OUR_SLOT) -> Danger | None:
    """What is dangerous about the call, or None. `our_slot` is the feedback slot of this server on the device."""
    path = canonical_command(call.path).lower()
    given = {
        name.lower(): [one.strip().lower() for one in ([value] if isinstance(value, str) else value)]
        for name, value in call.arguments
    }
    if path.startswith("httpfeedback/") and path != "httpfeedback/enable":
        is_ours = any(find_integer(slot) == our_slot for slot in given.get("feedbackslot", ()))
        return Danger(_(_SLOT), False) if is_ours else None
    for row in _TABLE:
        if row.fits(path, given):
            return Danger(_(row.sentence), row.is_final) if row.sentence else None
    last = path.rpartition("/")[2]
    for words, sentence, is_final in _LAST_WORDS:
        if words.fullmatch(last):
            return Danger(_(sentence), is_final)
    return None
