"""Which calls a system is in: one rule for feedback, posted and polled status (rule R11). Pure; keeps nothing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

# A path and its value; None: the node is gone (a ghost).
Telling = tuple[str, str | None]

_CALL: Final = re.compile(r"Call(?:\[(\d{1,9})\])?(?:/(.+))?")
_NO_CALL: Final = frozenset({"idle", "disconnecting"})
# The classes in which a device counts its calls. Where it does not count those on hold by themselves, they are active.
_ACTIVE, _IN_PROGRESS, _SUSPENDED = "active", "in_progress", "suspended"
_PROGRESS_WORDS: Final = frozenset({"dialling", "ringing", "connecting", "earlymedia"})
_COUNTERS: Final = {
    "SystemUnit/State/NumberOfActiveCalls": _ACTIVE,
    "SystemUnit/State/NumberOfInProgressCalls": _IN_PROGRESS,
    "SystemUnit/State/NumberOfSuspendedCalls": _SUSPENDED,
}
_DETAILS: Final = {
    "RemoteNumber": "remote_uri",
    "DisplayName": "display_name",
    "Direction": "direction",
    "Protocol": "protocol",
}
TEAMS: Final = "teams"
_APPS: Final = {"MicrosoftTeams/Calling/InCall": TEAMS, "Zoom/AppExperience/State": "zoom"}
# How paths begin that say something about calls.
PATHS: Final = ("Call", "SystemUnit/State", "SystemUnit[1]/State", "MicrosoftTeams", "Zoom")
INITIALS: Final = frozenset(path[0] for path in PATHS)
# The words of Zoom's state are not published; those that speak of a meeting or a call count (protocol notes P.6, [I]).
_MEETING: Final = re.compile(r"meeting|call|conference|^(active|true)$", re.IGNORECASE)
_NO_MEETING: Final = re.compile(r"^no|end|left|idle|leaving|disconnect|inactive", re.IGNORECASE)
# A device has a handful of calls; a hostile one could tell of numbers without end.
_MOST: Final = 50
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Call:
    """One call by its number; `status` is the device's word. Texts are "" where the device told none."""

    status: str
    since: datetime
    remote_uri: str = ""
    display_name: str = ""
    direction: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a system. `unnumbered`: how many more its counters tell of, by class. `apps`: whether Teams or
    Zoom is in a meeting; an app that never told is not in it."""

    numbered: Mapping[int, Call] = field(default_factory=dict)
    unnumbered: Mapping[str, int] = field(default_factory=dict)
    apps: Mapping[str, bool] = field(default_factory=dict)
    counts_suspended: bool = False

    @property
    def is_in_call(self) -> bool:
        """Whether there is any."""
        return bool(self.numbered) or any(self.unnumbered.values()) or any(self.apps.values())

    @property
    def longest(self) -> Call | None:
        """The call that has gone on for longest, of those that have a number."""
        return min(self.numbered.values(), key=lambda call: call.since, default=None)

    @property
    def disconnects_prove_nothing(self) -> bool:
        """Whether it tells of Teams calls: then `CallDisconnect` may be about another one (rule R11)."""
        return TEAMS in self.apps


NO_CALLS: Final = Calls()


def of_status(values: Mapping[str, str], *, at: datetime, before: Calls = NO_CALLS) -> Calls:
    """The calls of a whole status document. `before` only says since when those are known that go on."""
    found = after(NO_CALLS, values.items(), at=at)
    lasting = {
        number: replace(call, since=before.numbered[number].since)
        if number in before.numbered and call.since == at
        else call
        for number, call in found.numbered.items()
    }
    return replace(found, numbered=lasting)


def after(calls: Calls, told: Iterable[Telling], *, at: datetime) -> Calls:
    """The calls after what a device told at one moment: whole or changed branches, ghosts, counters.

    A call counts with any status but Idle and Disconnecting. A ghost of its node ends it; one of a child does not.
    The counters settle what they count.
    """
    numbered, unnumbered, apps = dict(calls.numbered), dict(calls.unnumbered), dict(calls.apps)
    counts: dict[str, int] = {}
    branches: dict[int, dict[str, str]] = {}
    for path, value in told:
        plain = path.replace("[1]", "")
        match = _CALL.fullmatch(path) if path.startswith("Call") else None
        if match is not None:
            number, below = int(match[1] or 1), (match[2] or "").replace("[1]", "")
            if not below and value is None:
                branches.pop(number, None)
                numbered.pop(number, None)
            elif below and value is not None:
                branches.setdefault(number, {})[below] = value
        elif plain in _COUNTERS:
            if value is not None and value.strip().isascii() and value.strip().isdigit():
                counts[_COUNTERS[plain]] = min(int(value.strip()[:9]), _MOST)
        elif plain in _APPS:
            app = _APPS[plain]
            apps[app] = value is not None and _is_meeting(app, value.strip())
    counts_suspended = calls.counts_suspended or _SUSPENDED in counts
    for number, branch in branches.items():
        _take_branch(numbered, unnumbered, number, branch, at, counts_suspended=counts_suspended)
    for kind, count in counts.items():
        mine = [n for n, call in numbered.items() if _class_of(call, counts_suspended) == kind]
        if count == 0:
            for number in mine:
                del numbered[number]
        unnumbered[kind] = max(0, count - len(mine))
    if not counts_suspended:
        unnumbered.pop(_SUSPENDED, None)
    return Calls(numbered, {kind: n for kind, n in unnumbered.items() if n}, apps, counts_suspended)


def _take_branch(
    numbered: dict[int, Call],
    unnumbered: dict[str, int],
    number: int,
    branch: Mapping[str, str],
    at: datetime,
    *,
    counts_suspended: bool,
) -> None:
    known = numbered.get(number)
    word = branch.get("Status", "").strip()[:_LONGEST]
    if word.lower() in _NO_CALL:
        numbered.pop(number, None)
        return
    if known is None:
        if not word or len(numbered) >= _MOST:
            return
        known = Call(word, at - _duration(branch, at))
        kind = _class_of(known, counts_suspended)
        # It is one of those that were only counted so far.
        unnumbered[kind] = max(0, unnumbered.get(kind, 0) - 1)
    details: dict[str, Any] = {
        name: branch[node].strip()[:_LONGEST]
        for node, name in _DETAILS.items()
        if branch.get(node, "").strip()
    }
    numbered[number] = replace(known, status=word or known.status, **details)


def _duration(branch: Mapping[str, str], at: datetime) -> timedelta:
    text = branch.get("Duration", "").strip()
    # Longer than a year is no duration of a call.
    return timedelta(seconds=int(text)) if re.fullmatch(r"[0-9]{1,7}", text, re.ASCII) else at - at


def _class_of(call: Call, counts_suspended: bool) -> str:
    word = call.status.lower()
    if word in _PROGRESS_WORDS:
        return _IN_PROGRESS
    return _SUSPENDED if word == "onhold" and counts_suspended else _ACTIVE


def _is_meeting(app: str, word: str) -> bool:
    if app == TEAMS:
        return word.lower() == "true"
    return _MEETING.search(word) is not None and _NO_MEETING.search(word) is None


def told_by_event(name: str, values: Mapping[str, str]) -> list[Telling]:
    """What an event says of one call, as status would say it (protocol notes C.4). Without a `CallId` it says
    nothing: which call began or ended is not known."""
    inside = {path.replace("[1]", "").rpartition("/")[2]: value for path, value in values.items()}
    number = inside.get("CallId", "").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 9) or int(number) == 0:
        return []
    node = f"Call[{int(number)}]"
    if name == "CallDisconnect":
        return [(node, None)]
    if name == "CallSuccessful":
        more = {
            "RemoteNumber": inside.get("RemoteURI", ""),
            "Direction": inside.get("Direction", "").capitalize(),
            "Protocol": inside.get("Protocol", ""),
        }
        told: list[Telling] = [(f"{node}/Status", "Connected")]
        return told + [(f"{node}/{leaf}", value) for leaf, value in more.items() if value]
    return []


def encode(calls: Calls) -> dict[str, Any]:
    """The form in which they are stored; {} for none."""
    stored: dict[str, Any] = {}
    if calls.numbered:
        stored["numbered"] = {
            str(number): {name: _plain(getattr(call, name)) for name in _FIELDS if getattr(call, name)}
            for number, call in sorted(calls.numbered.items())
        }
    if calls.unnumbered:
        stored["unnumbered"] = dict(sorted(calls.unnumbered.items()))
    if calls.apps:
        stored["apps"] = dict(sorted(calls.apps.items()))
    if calls.counts_suspended:
        stored["counts_suspended"] = True
    return stored


_FIELDS: Final = ("status", "since", "remote_uri", "display_name", "direction", "protocol")


def _plain(value: str | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else value


def decode(stored: Mapping[str, Any]) -> Calls:
    """From the stored form."""
    return Calls(
        {
            int(number): Call(**{**call, "since": datetime.fromisoformat(call["since"])})
            for number, call in stored.get("numbered", {}).items()
        },
        stored.get("unnumbered", {}),
        stored.get("apps", {}),
        stored.get("counts_suspended", False),
    )


def after_silence(calls: Calls) -> Calls:
    """Of a system without sign of life past its limit no call is known; what it tells of stays known."""
    return Calls({}, {}, dict.fromkeys(calls.apps, False), calls.counts_suspended)
