"""What a family's `manifest.toml` says, as frozen values. Not here: finding the folders, talking to a device.

A key that is not known, missing, or of the wrong kind is refused with the file and the key.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from roomkeeper.devices.table import ManifestError, Table
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import canonical

PLACEHOLDERS = frozenset(
    {"authority", "protocol", "events_path", "phone_book_url"}
    | {"snmp_community", "snmp_contact", "snmp_location"}
)
CAPABILITIES = (
    "identify",
    "read_status",
    "read_configuration",
    "read_valuespace",
    "read_command_document",
    "read_feedback",
    "read_services",
    "write_configuration",
    "run_command",
    "register_feedback",
    "restart",
    "set_password",
    "show_message",
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Level(Enum):
    """How far a family is supported; each level holds those before it."""

    IDENTIFIED = "identified"
    MONITORED = "monitored"
    MANAGED = "managed"
    PROVEN_ON_HARDWARE = "proven on hardware"

    def holds(self, other: "Level") -> bool:
        """Whether this level is at least that one."""
        order = list(Level)
        return order.index(self) >= order.index(other)


class Direction(Enum):
    """As seen from the managed system: inbound means that Roomkeeper connects to it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Condition(Enum):
    """When a network requirement holds."""

    REACHABLE = "reachable"
    SECURE_ONLY_OFF = "secure_only_off"
    SECURE_ONLY_ON = "secure_only_on"


@dataclass(frozen=True, slots=True)
class Match:
    """One way to recognise the family: every pattern that is given must be found, whatever the case.

    `product_words` looks at product type and product id together. Where several families match, the highest
    `weight` wins. A `sys_object_id` fits itself and what lies below it.
    """

    weight: int
    product_type: re.Pattern[str] | None = None
    product_id: re.Pattern[str] | None = None
    product_words: re.Pattern[str] | None = None
    software_version: re.Pattern[str] | None = None
    sys_object_id: str = ""

    def fits(self, product_type: str, product_id: str, software_version: str, sys_object_id: str) -> bool:
        """Whether a device that says this of itself is one."""
        said = (
            (self.product_type, product_type),
            (self.product_id, product_id),
            (self.product_words, f"{product_type} {product_id}"),
            (self.software_version, software_version),
        )
        if any(pattern is not None and not pattern.search(text) for pattern, text in said):
            return False
        own = self.sys_object_id
        return not own or sys_object_id == own or sys_object_id.startswith(f"{own}.")


@dataclass(frozen=True, slots=True)
class Transport:
    """A road by which Roomkeeper can talk to the system itself, with its usual port."""

    name: str
    port: int
    secure_only: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting written on adding and enforcing; `secure_only_value` replaces `value` in Secure-Only mode."""

    path: str
    value: str
    secure_only_value: str
    why: str
    # A placeholder without which it is not written either.
    only_with: str = ""

    def text(self, values: Mapping[str, str], *, is_secure_only: bool = False) -> str | None:
        """The value to write, placeholders filled; None where Roomkeeper has no value for one of them."""
        template = self.secure_only_value if is_secure_only else self.value
        needed = [*_PLACEHOLDER.findall(template), *([self.only_with] if self.only_with else [])]
        if any(not values.get(name) for name in needed):
            return None
        return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


@dataclass(frozen=True, slots=True)
class Feedback:
    """The HTTP feedback registration: which slot is ours, and what we want to hear of."""

    slot: int
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A row of the family's table of network requirements."""

    service: str
    protocol: str
    port: int
    direction: Direction
    purpose: str
    only_when: frozenset[Condition]
    is_optional: bool

    def holds(self, *, is_reachable: bool, is_secure_only: bool) -> bool:
        """Whether the row applies to a system in that mode."""
        now = {Condition.SECURE_ONLY_ON if is_secure_only else Condition.SECURE_ONLY_OFF}
        if is_reachable:
            now.add(Condition.REACHABLE)
        return self.only_when <= now


@dataclass(frozen=True, slots=True)
class Mode:
    """Whether a mode (Behind Firewall, Secure-Only) is supported, and what it changes, as a sentence."""

    is_supported: bool
    changes: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that stands in the way: in which situation, what it blocks, and a sentence for people."""

    name: str
    blocks: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that the driver does, and the level it belongs to."""

    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class Manifest:
    """A family, as its folder says. `name` is the folder's. `never_calls`: why its systems cannot call us, as a
    sentence; "" where they can. `is_presumed`: a system that has said nothing of itself yet is taken for one of these.
    `without_manager`: the family of those of its systems that turn out to lack the manager's mode."""

    name: str
    title: str
    about: str
    level: Level
    is_fallback: bool
    matches: tuple[Match, ...]
    transports: tuple[Transport, ...]
    settings: tuple[Setting, ...]
    feedback: Feedback | None
    requirements: tuple[Requirement, ...]
    behind_firewall: Mode
    secure_only: Mode
    limits: tuple[Limit, ...]
    capabilities: tuple[Capability, ...]
    never_calls: str = ""
    is_presumed: bool = False
    without_manager: str = ""

    def can(self, name: str) -> bool:
        """Whether the family has that capability."""
        return any(capability.name == name for capability in self.capabilities)

    def find_limit_on(self, act: str) -> Limit | None:
        """The limit that may block an act, such as `software_upgrade`."""
        return next((limit for limit in self.limits if act in limit.blocks), None)


def load_manifest(path: Path) -> Manifest:
    """The manifest in a file. Raises `ManifestError`, naming file and key."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from None
    top = Table(data, f"{path}")
    manifest = Manifest(
        name=path.parent.name,
        title=top.text("title"),
        about=top.text("about"),
        level=top.word("level", Level),
        is_fallback=top.flag("is_fallback", default=False),
        matches=tuple(_match(table) for table in top.tables("matches")),
        transports=tuple(_transport(table) for table in top.tables("transports")),
        settings=tuple(_setting(table) for table in top.tables("settings")),
        feedback=_feedback(top.find_table("feedback")),
        requirements=tuple(_requirement(table) for table in top.tables("requirements")),
        behind_firewall=_mode(top.table("behind_firewall")),
        secure_only=_mode(top.table("secure_only")),
        limits=tuple(_limit(table) for table in top.tables("limits")),
        capabilities=tuple(_capability(table) for table in top.tables("capabilities")),
        never_calls=top.text("never_calls", default=""),
        is_presumed=top.flag("is_presumed", default=False),
        without_manager=top.text("without_manager", default=""),
    )
    top.end()
    for capability in manifest.capabilities:
        if not manifest.level.holds(capability.level):
            raise ManifestError(
                f"{path}: capabilities: {capability.name} belongs to a level above the family's"
            )
    return manifest


def _match(table: Table) -> Match:
    names = ("product_type", "product_id", "product_words", "software_version")
    patterns = {name: table.find_pattern(name) for name in names}
    match = Match(
        weight=table.number("weight", 1, 1000),
        sys_object_id=table.text("sys_object_id", default=""),
        **patterns,
    )
    table.end()
    if not match.sys_object_id and not any(patterns.values()):
        raise ManifestError(f"{table.where}: a match needs a pattern or a sys_object_id")
    return match


def _transport(table: Table) -> Transport:
    transport = Transport(
        table.choice("name", ("https", "http", "snmp", "ftp", "telnet")),
        table.number("port", 1, 65535),
        table.flag("secure_only"),
    )
    table.end()
    return transport


def _setting(table: Table) -> Setting:
    value = table.text("value")
    setting = Setting(
        table.text("path"),
        value,
        table.text("secure_only_value", default=value),
        table.text("why"),
        table.text("only_with", default=""),
    )
    table.end()
    try:
        is_canonical = canonical(setting.path) == setting.path
    except ProtocolError:
        is_canonical = False
    if not is_canonical:
        raise ManifestError(f"{table.where}.path: {setting.path!r} is not a canonical setting path (rule R7)")
    for text in (setting.value, setting.secure_only_value):
        for name in _PLACEHOLDER.findall(text):
            if name not in PLACEHOLDERS:
                known = ", ".join(sorted(PLACEHOLDERS))
                raise ManifestError(f"{table.where}.value: unknown {{{name}}}; known are {known}")
    return setting


def _feedback(table: Table | None) -> Feedback | None:
    if table is None:
        return None
    # A codec has four slots and takes fifteen expressions at most (protocol notes C.1).
    feedback = Feedback(table.number("slot", 1, 4), table.texts("expressions"))
    table.end()
    if not 1 <= len(feedback.expressions) <= 15:
        raise ManifestError(f"{table.where}.expressions: a slot takes 1 to 15 of them")
    return feedback


def _requirement(table: Table) -> Requirement:
    requirement = Requirement(
        service=table.text("service"),
        protocol=table.choice("protocol", ("TCP", "UDP")),
        port=table.number("port", 1, 65535),
        direction=table.word("direction", Direction),
        purpose=table.text("purpose"),
        only_when=frozenset(table.words("only_when", Condition)),
        is_optional=table.flag("is_optional", default=False),
    )
    table.end()
    return requirement


def _mode(table: Table) -> Mode:
    mode = Mode(table.flag("is_supported"), table.text("changes"))
    table.end()
    return mode


def _limit(table: Table) -> Limit:
    limit = Limit(table.text("name"), table.texts("blocks", default=()), table.text("text"))
    table.end()
    return limit


def _capability(table: Table) -> Capability:
    capability = Capability(table.choice("name", CAPABILITIES), table.word("level", Level))
    table.end()
    return capability
