"""Does a system still do as it was told: call us, post to us, search our books? Pure (rule R13; protocol notes C).

What it reports is held against what it was given, the same for posts and polls. What follows: `regaining`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from roomkeeper.devices.facts import FeedbackSlot
from roomkeeper.devices.feedback_slots import find_slots
from roomkeeper.protocols.external_manager import SettingValue
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.values import is_same, trimmed, type_of
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.systems.documents.redaction import MARK, redact_text
from roomkeeper.words import gettext as _

SHOWN: Final = 80
_PATH: Final = match_key("Provisioning/ExternalManager/Path")
_ADDRESS: Final = match_key("Provisioning/ExternalManager/Address")
_COMMUNITY: Final = match_key("NetworkServices/SNMP/CommunityName")


@dataclass(frozen=True, slots=True)
class ToldSettings:
    """What a system was told: `settings` and the feedback address once for each secret that it may use; its slot, and
    the expressions that are registered there, none where its family has no feedback."""

    settings: tuple[tuple[SettingValue, ...], ...]
    feedback_urls: tuple[str, ...]
    slot: int
    expressions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a system was told and has otherwise, in words that hold no secret. `found` None: it is gone.

    `is_foreign`: somebody wrote another value. Else the device lost what it had, as after an outage or a reset.
    """

    path: str
    wanted: str
    found: str | None
    sentence: str
    is_foreign: bool


def tells_of_slots(status: Mapping[str, str]) -> bool:
    """Whether a status is all of it, or all of its slots, so that a slot which is not in it is gone."""
    return any(path.startswith(("SystemUnit/", "HttpFeedback")) for path in status)


def faults_of_status(status: Mapping[str, str], told: ToldSettings) -> list[Fault]:
    """What is wrong with the feedback slot in a whole status; nothing where it is ours and in order."""
    return faults_of_slots(find_slots(status), told)


def faults_of_slots(slots: Iterable[FeedbackSlot], told: ToldSettings) -> list[Fault]:
    """The same by the slots that a device has."""
    if not told.expressions:
        return []
    slot = next((one for one in slots if one.number == told.slot), None)
    path = f"HttpFeedback[{told.slot}]"
    wanted = redact_text(told.feedback_urls[-1], ()) if told.feedback_urls else ""

    def fault(found: str | None, sentence: str, *, is_foreign: bool) -> list[Fault]:
        return [Fault(path, wanted, found, sentence, is_foreign)]

    if slot is None or not slot.url:
        return fault(None, _("Feedback slot {slot} is not registered.", slot=told.slot), is_foreign=False)
    if not any(_is_same_address(slot.url, url) for url in told.feedback_urls):
        place = place_of(slot.url)
        if any(place == place_of(url) for url in told.feedback_urls):
            words = _(
                "Feedback slot {slot} leads to this server, but with a different secret or path than "
                "it was given.",
                slot=told.slot,
            )
            return fault(place, words, is_foreign=True)
        words = _(
            "Feedback slot {slot} does not lead to this server: it has {place}.", slot=told.slot, place=place
        )
        return fault(place, words, is_foreign=True)
    # TC has no such word (protocol notes C.3).
    if slot.status and slot.status.casefold() != "ok":
        status = slot.status[:SHOWN]
        words = _("Feedback slot {slot} has stopped: its status is {status}.", slot=told.slot, status=status)
        return fault(status, words, is_foreign=False)
    if _expressions(slot.expressions) != _expressions(told.expressions):
        found = _("{count} other expressions", count=len(slot.expressions))
        words = _(
            "Feedback slot {slot} has different expressions than it was given, so some events "
            "are not reported.",
            slot=told.slot,
        )
        return fault(found, words, is_foreign=True)
    return []


def faults_of_configuration(
    reported: Mapping[str, str], told: ToldSettings, value_spaces: Mapping[str, str] | None = None
) -> list[Fault]:
    """Which of its management settings a system has otherwise; those that it does not report are none of them.

    Of several secrets that it may use the one that fits best counts. A stored value has a mark in a secret's place: any
    secret fits there.
    """
    by_key = {match_key(path): (path, value) for path, value in reported.items()}
    spaces = value_spaces or {}
    each = [_faults(by_key, spaces, settings) for settings in told.settings]
    return min(each, key=len, default=[])


def _faults(
    by_key: Mapping[str, tuple[str, str]], spaces: Mapping[str, str], settings: Sequence[SettingValue]
) -> list[Fault]:
    found = []
    for setting in settings:
        key = match_key(setting.path)
        path, value = by_key.get(key, (setting.path, None))
        if value is None or value == HIDDEN or _is_told(setting, value, type_of(path, spaces.get(path, ""))):
            continue
        found.append(
            Fault(
                path,
                _shown(key, setting.value),
                _shown(key, value),
                _sentence(key, path, value, setting.value),
                is_foreign=bool(trimmed(value)),
            )
        )
    return found


def _is_told(setting: SettingValue, value: str, kind: str) -> bool:
    """Addresses and paths of ours are the same in any letter case (rule R4)."""
    if "/" in setting.value or match_key(setting.path) == _ADDRESS:
        return _is_same_address(value, setting.value)
    return is_same(value, setting.value, kind)


def _is_same_address(one: str, other: str) -> bool:
    one, other = trimmed(one).casefold(), trimmed(other).casefold()
    if MARK.casefold() in one or MARK.casefold() in other:
        return redact_text(one).casefold() == redact_text(other).casefold()
    return one == other


def _sentence(key: str, path: str, value: str, wanted: str) -> str:
    if not trimmed(value):
        return _("{path} is empty.", path=path)
    if key == _ADDRESS:
        return _(
            "{path} is {value}, not {wanted}: another manager, or somebody, has changed it.",
            path=path,
            value=value[:SHOWN],
            wanted=wanted[:SHOWN],
        )
    if key == _PATH:
        same = redact_text(value).casefold() == redact_text(wanted).casefold()
        return _(
            "{path} holds {what}.",
            path=path,
            what=_("an old secret") if same else _("a different path than it was given"),
        )
    if "/" in wanted:
        if place_of(value) == place_of(wanted):
            return _(
                "{path} leads to this server, but with a different secret or path than it was given.",
                path=path,
            )
        return _("{path} leads to {place}.", path=path, place=place_of(value))
    if key == _COMMUNITY:
        return _("{path} differs from the one it was given.", path=path)
    return _("{path} is {value}, not {wanted}.", path=path, value=value[:SHOWN], wanted=wanted[:SHOWN])


def _shown(key: str, value: str) -> str:
    """A value without what may be a secret, of ours or of another manager."""
    if key == _COMMUNITY:
        return HIDDEN if value else ""
    if key == _PATH:
        redacted = redact_text(value)
        return redacted if MARK in redacted or not value else _("another path")
    return place_of(value) if "://" in value else value[:SHOWN]


def place_of(url: str) -> str:
    """Scheme and host of an address that a device gave; its path may hold anything."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname or ""
    except ValueError:
        return _("another address")
    return f"{parts.scheme}://{host}{port}"[:SHOWN] if host else _("another address")


def _expressions(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(trimmed(text).strip("/").casefold() for text in texts)
