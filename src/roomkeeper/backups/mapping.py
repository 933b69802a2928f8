"""What putting a backup on a system would do, setting by setting and part by part. Decides without doing.

Rules: what is hidden cannot be put back; passwords and our own management settings never are; what belongs to one
device alone is left alone on another, unless it takes over or the setting is picked by its path.
"""

import enum
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.devices.names import is_of_one_device
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.values import is_same, type_of
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.systems.documents import HIDDEN, ReportedConfiguration
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.words import gettext as _
from roomkeeper.words import noop


class MappingVerdict(enum.StrEnum):
    """What becomes of a setting or a part."""

    CHANGE = "change"
    ALREADY = "already"
    ABSENT = "absent"
    REFUSED = "refused"
    HIDDEN = "hidden"
    OURS = "ours"
    OWN = "own"


WORDS: Final[Mapping[MappingVerdict, str]] = {
    MappingVerdict.CHANGE: noop("will change"),
    MappingVerdict.ALREADY: noop("already set"),
    MappingVerdict.ABSENT: noop("not on this device"),
    MappingVerdict.REFUSED: noop("not allowed there"),
    MappingVerdict.HIDDEN: noop("hidden, cannot be restored"),
    MappingVerdict.OURS: noop("left alone: management"),
    MappingVerdict.OWN: noop("left alone: the device's own"),
}
# What makes a system call us, where it sends feedback, and by what we reach it (docs: management modes).
_OURS = (
    "Provisioning",
    "Phonebook/Server",
    "HttpFeedback",
    "NetworkServices/HTTP/Mode",
    "NetworkServices/HTTPS/Mode",
    "NetworkServices/SNMP/Mode",
)
# The network that it stands in is the room's, but a wrong address cuts it off: never without being asked for.
_NETWORK = ("Network",)
_NAME = "SystemUnit/Name"
_PASSWORD = re.compile(r"(password|passphrase|privacykey|secret)(\[\d+\])?$", re.IGNORECASE)
_INDEX = re.compile(r"\[\d+\]")
_KIND_WORDS: Final = {
    "macros": "macro",
    "extensions": "extension",
    "panels": "extension",
    "branding": "branding",
}
SETTINGS_WORD: Final = "settings"


class PicksRefused(ValueError):
    """What was picked names nothing."""

    status = 422
    field = "parts"


@dataclass(frozen=True, slots=True)
class Picks:
    """What of a backup is put back: everything, or what was picked. Prefixes are match keys of paths."""

    is_everything: bool = True
    has_all_settings: bool = False
    prefixes: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    parts: frozenset[tuple[str, str]] = frozenset()

    def has_setting(self, key: str) -> bool:
        """Whether the setting with this match key is picked."""
        return self.is_everything or self.has_all_settings or self.names(key)

    def names(self, key: str) -> bool:
        """Whether it is picked by its path."""
        return any(is_below(key, prefix) for prefix in self.prefixes)

    def has_part(self, kind: str, name: str) -> bool:
        """Whether the part is picked."""
        return self.is_everything or kind in self.kinds or (kind, name) in self.parts


@dataclass(frozen=True, slots=True)
class MappedSetting:
    """One setting of the backup; `found` is what the target has, None where it has no such setting."""

    path: str
    value: str
    found: str | None
    verdict: MappingVerdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SavedPart:
    """A part as the report needs it."""

    part_id: int
    kind: str
    name: str
    size: int
    is_redacted: bool = False
    is_active: bool = False
    # A macro that loads the device's API with `require`.
    uses_require: bool = False


@dataclass(frozen=True, slots=True)
class MappedPart:
    """One part of the backup."""

    part: SavedPart
    verdict: MappingVerdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """What is known of the system that a backup is put on. `commands` is None where it told none."""

    is_same_system: bool
    reported: ReportedConfiguration | None
    spaces: Mapping[str, ValueSpace] = field(default_factory=dict)
    managed_paths: Sequence[str] = ()
    commands: frozenset[str] | None = None
    # Whether macros that use `require` run on it.
    runs_required_macros: bool = True


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The whole mapping, in the order of the backup."""

    settings: tuple[MappedSetting, ...]
    parts: tuple[MappedPart, ...]

    @property
    def changes(self) -> dict[str, str]:
        """The settings that would be written."""
        return {one.path: one.value for one in self.settings if one.verdict is MappingVerdict.CHANGE}

    @property
    def counts(self) -> dict[str, int]:
        """Settings by verdict; every verdict is named."""
        return _counts(one.verdict for one in self.settings)

    @property
    def part_counts(self) -> dict[str, int]:
        """Parts by verdict."""
        return _counts(one.verdict for one in self.parts)


REQUIRES: Final = re.compile(r"""\brequire\s*\(\s*['"`]xapi['"`]\s*\)""")
"""What a macro of the older kind holds."""
REQUIRE: Final = noop(
    "it loads the API with require, which RoomOS 26 does not run by default: use import instead, or turn on"
    " Macros EvaluateTranspiled"
)
# The command that puts a part back, by its kind (protocol notes J).
COMMANDS: Final[Mapping[str, str]] = {
    "macro": "Macros/Macro/Save",
    "extension": "UserInterface/Extensions/Panel/Save",
    "branding": "UserInterface/Branding/Upload",
}


def read_picks(texts: Iterable[str]) -> Picks:
    """Picks as people and programs write them: `settings`, `macros`, `extensions`, `branding`, `macro:NAME`, or the
    beginning of a path such as `Audio` or `SIP/Proxy[1]`; none means everything. Raises `PicksRefused`."""
    prefixes: list[str] = []
    kinds: set[str] = set()
    parts: set[tuple[str, str]] = set()
    has_settings = False
    written = [text.strip() for text in texts if text.strip()]
    for text in written:
        kind, mark, name = text.partition(":")
        if text == SETTINGS_WORD:
            has_settings = True
        elif text in _KIND_WORDS:
            kinds.add(_KIND_WORDS[text])
        elif mark and kind in COMMANDS:
            parts.add((kind, name))
        else:
            try:
                prefixes.append(prefix_key(text))
            except ProtocolError as error:
                raise PicksRefused(
                    _("{text!r} cannot be part of a backup. {error}", text=text, error=error)
                ) from error
    return Picks(not written, has_settings, tuple(prefixes), frozenset(kinds), frozenset(parts))


def map_backup(
    saved: Mapping[str, str],
    parts: Iterable[SavedPart],
    target: RestoreTarget,
    picks: Picks,
    *,
    takes_over: bool = False,
) -> RestoreReport:
    """The report. `takes_over`: the target is new hardware for the system that the backup is of."""
    ours = [prefix_key(path) for path in _OURS] + [match_key(path) for path in target.managed_paths]
    found = target.reported.settings if target.reported else {}
    own_paths = {match_key(path): path for path in found}
    settings = tuple(
        _map_setting(path, value, key, own_paths.get(key), target, picks, ours, takes_over=takes_over)
        for path, value in saved.items()
        if picks.has_setting(key := match_key(path))
    )
    mapped = tuple(_map_part(part, target) for part in parts if picks.has_part(part.kind, part.name))
    return RestoreReport(settings, mapped)


def is_other_model(product: str, other: str) -> bool:
    """Whether two products are known and differ."""
    return bool(product and other and product != other)


def prefix_key(text: str) -> str:
    """The beginning of match keys: names without an index stand for all their indexes."""
    key = match_key(text)
    # match_key fills in [1]; what was written without an index means all of them.
    written = re.split(r"[/\s]+", text.strip().removeprefix("/"))
    nodes = key.split("/")
    if len(written) != len(nodes):
        return key
    return "/".join(
        node if "[" in original else _INDEX.sub("", node)
        for node, original in zip(nodes, written, strict=True)
    )


def is_below(key: str, prefix: str) -> bool:
    """Whether a match key stands at or below the prefix; a node of the prefix without an index stands for any."""
    nodes, wanted = key.split("/"), prefix.split("/")
    if len(wanted) > len(nodes):
        return False
    return all(
        node == want or ("[" not in want and node.partition("[")[0] == want)
        for node, want in zip(nodes, wanted, strict=False)
    )


def _map_setting(
    path: str,
    value: str,
    key: str,
    own_path: str | None,
    target: RestoreTarget,
    picks: Picks,
    ours: Sequence[str],
    *,
    takes_over: bool,
) -> MappedSetting:
    found = target.reported.settings[own_path] if target.reported and own_path else None
    told_path = own_path or path

    def told(verdict: MappingVerdict, reason: str = "") -> MappedSetting:
        return MappedSetting(told_path, value, found, verdict, reason)

    if found is None and target.reported is not None and target.reported.is_whole:
        return told(MappingVerdict.ABSENT, _("its configuration has no such setting"))
    if any(is_below(key, prefix) for prefix in ours) or MARK in value:
        return told(MappingVerdict.OURS, _("how the system and Roomkeeper reach each other is not restored"))
    if value == HIDDEN or _PASSWORD.search(path):
        return told(MappingVerdict.HIDDEN, _("passwords are not in a backup; set it by hand"))
    reference = target.reported.value_spaces.get(own_path or "", "") if target.reported else ""
    space = target.spaces.get(reference)
    if found is not None and is_same(found, value, space.kind if space else type_of(told_path, reference)):
        return told(MappingVerdict.ALREADY)
    if not picks.names(key) and (reason := _own_reason(key, target, takes_over=takes_over)):
        return told(MappingVerdict.OWN, reason)
    if target.reported is None:
        return told(MappingVerdict.CHANGE, _("no configuration was reported yet, so it cannot be checked"))
    if found is None:
        return told(MappingVerdict.CHANGE, _("the device has not reported this setting; it is sent anyway"))
    refusal = space.refusal(value) if space else None
    if refusal:
        return told(MappingVerdict.REFUSED, refusal)
    return told(MappingVerdict.CHANGE)


def _own_reason(key: str, target: RestoreTarget, *, takes_over: bool) -> str:
    """Why a setting stays as it is unless somebody picks it by its path; "" where it does not."""
    if is_below(key, prefix_key(_NAME)):
        return _("the name is the system's name in Roomkeeper; rename it there")
    if target.is_same_system and not takes_over:
        return ""
    if any(is_below(key, prefix_key(path)) for path in _NETWORK):
        return _("a wrong address would cut it off; select Network to write it")
    if not takes_over and is_of_one_device(key):
        return _("two devices cannot share it; select it by its path to write it")
    return ""


def _map_part(part: SavedPart, target: RestoreTarget) -> MappedPart:
    if part.is_redacted:
        return MappedPart(
            part, MappingVerdict.OURS, _("it contained this server's secret, which no backup holds")
        )
    command = COMMANDS[part.kind]
    if target.commands is not None and command.lower() not in target.commands:
        return MappedPart(part, MappingVerdict.ABSENT, _("it has no command {command}", command=command))
    reasons = [] if target.commands is not None else [_("it is tried")]
    if part.uses_require and not target.runs_required_macros:
        reasons.append(_(REQUIRE))
    return MappedPart(part, MappingVerdict.CHANGE, "; ".join(reasons))


def _counts(verdicts: Iterable[MappingVerdict]) -> dict[str, int]:
    found = Counter(verdicts)
    return {verdict.value: found[verdict] for verdict in MappingVerdict}
