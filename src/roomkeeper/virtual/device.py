"""The state of one endpoint: configuration, status, users, feedback slots, bookings.  No sockets here."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from roomkeeper.virtual import xml_out
from roomkeeper.virtual.clock import Clock
from roomkeeper.virtual.configuration import ConfigurationTree, SettingRefused
from roomkeeper.virtual.feedback import Expression, Slot
from roomkeeper.virtual.identity import EndpointIdentity
from roomkeeper.virtual.profile import Profile
from roomkeeper.virtual.reactions import react
from roomkeeper.virtual.status import StatusTree

BusListener = Callable[[str, dict[str, str], tuple[str, ...]], None]
"""Gets (root, changed values by path, ghosts); root is Event, Status or Configuration."""


@dataclass(slots=True)
class DeviceUser:
    """A local account (protocol notes D.2, J)."""

    name: str
    password: str
    roles: tuple[str, ...] = ("Admin", "User")
    is_active: bool = True
    failed_logins: int = 0
    blocked_until: float = 0.0


@dataclass(slots=True)
class Macro:
    """A stored macro."""

    name: str
    content: str
    is_active: bool = False


@dataclass(slots=True)
class Shelf:
    """Things a device keeps that the other parts of it fill: free of rules of their own."""

    bookings: list[dict[str, str]] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    panels: dict[str, str] = field(default_factory=dict)
    banner: str = ""
    branding: dict[str, str] = field(default_factory=dict)
    authorities: dict[str, str] = field(default_factory=dict)
    service_use: dict[str, set[str]] = field(default_factory=dict)
    call_history: list[dict[str, str]] = field(default_factory=list)
    option_keys: list[str] = field(default_factory=list)
    prompt: str = ""
    snmp_users: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)
    """Every address that somebody gave it since its start, in which setting or slot: `Phonebook/Server[1]/URL`."""

    def note_address(self, where: str, address: str) -> None:
        """Somebody told it an address."""
        known = self.told.setdefault(where, [])
        if address and address not in known:
            known.append(address)


class VirtualDevice:
    """One endpoint's state and what changes it."""

    def __init__(
        self,
        profile: Profile,
        identity: EndpointIdentity,
        clock: Clock,
        *,
        username: str = "admin",
        password: str = "",
    ) -> None:
        self.profile = profile
        self.identity = identity
        self.clock = clock
        self.version = profile.version
        self.configuration = ConfigurationTree(profile)
        self.users = {username: DeviceUser(username, password)}
        self.slots: dict[int, Slot] = {}
        self.shelf = Shelf()
        self.is_strong_security = False
        self.needs_first_passphrase = False
        """Nobody is let in before a passphrase is set (`out_of_the_box`)."""
        self.clock_offset = timedelta()
        """How far its clock is ahead (a fault switch)."""
        self._bus: list[BusListener] = []
        self._diagnostics: dict[str, int] = {}
        self._booted = clock.monotonic()
        self.status = self._new_status(profile)
        self.configuration.preset({"SystemUnit/Name": identity.name})
        self.check_passwords()
        self.configuration.listen(self._configuration_changed)

    # Facts

    def _new_status(self, profile: Profile) -> StatusTree:
        shared, own = _templates(profile)
        tree = StatusTree(shared)
        words = {
            "name": self.identity.name,
            "serial": self.identity.serial,
            "mac": self.identity.mac,
            "ip": self.identity.reported_address,
            "gateway": self.identity.reported_address.rpartition(".")[0] + ".254",
            "link_local": "fe80::" + self.identity.mac.replace(":", "")[-4:].lower(),
            "contact": self.identity.reported_address,
            "uri": f"{self.identity.serial.lower()}@video.example.org",
            "board_serial": "PH" + hashlib.sha256(self.identity.mac.encode()).hexdigest()[:7].upper(),
            "touch_mac": "02:0f" + self.identity.mac[5:].lower(),
            "touch_serial": "FOC" + hashlib.sha256(self.identity.serial.encode()).hexdigest()[:8].upper(),
            **self._version_words(),
        }
        tree.preset({path: _fill(value, words) for path, value in own.items()})
        tree.compute("SystemUnit/Uptime", lambda: str(int(self.clock.monotonic() - self._booted)))
        if "Time/SystemTime" in profile.status:
            tree.compute("Time/SystemTime", self._local_time)
        tree.listen(lambda changed, ghosts: self.publish("Status", changed, ghosts))
        return tree

    def _version_words(self) -> dict[str, str]:
        family = self.profile.dialect.family
        numbers, _, commit = self.version.rpartition(".")
        bare = numbers.removeprefix("ce")
        date = self.profile.status.get("SystemUnit/Software/ReleaseDate", "")
        display = f"RoomOS {bare} {commit}" if family == "RoomOS" else f"ce {bare} {commit} {date}".strip()
        return {
            "version": self.version,
            "version_id": f"{numbers} {commit} {date}".strip(),
            "display_name": self.version if family == "TC" else display,
            "product_id": self.profile.product_id,
            "platform": self.profile.platform,
        }

    def _local_time(self) -> str:
        """The time of day in the zone of the settings: `2019-03-11T15:33:53+0000` (protocol notes I.1)."""
        # TC keeps a text about GMT in Time/Zone; what counts there is OlsonZone (protocol notes O).
        zone = self.configuration.find("Time/OlsonZone") or self.configuration.find("Time/Zone", "Etc/UTC")
        now = self.clock.now() + self.clock_offset
        with contextlib.suppress(ZoneInfoNotFoundError):
            now = now.astimezone(ZoneInfo(zone))
        return now.strftime("%Y-%m-%dT%H:%M:%S%z")

    @property
    def name(self) -> str:
        """The system name in force; an unnamed device shows its product (seen in ContactInfo)."""
        return self.configuration.find("SystemUnit/Name") or self.identity.name

    @property
    def release(self) -> tuple[int, int]:
        """The release's first two numbers, (26, 7); (0, 0) for what is neither CE nor RoomOS."""
        match = re.match(r"ce(\d+)\.(\d+)", self.version)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def out_of_the_box(self, username: str) -> None:
        """One account without a passphrase; from 11.27 on nothing else is let in before it has one (notes P.3)."""
        self.users = {username: DeviceUser(username, "")}
        self.needs_first_passphrase = self.release >= (11, 27)
        self.check_passwords()

    @property
    def uptime_seconds(self) -> float:
        """Seconds since this device was started."""
        return self.clock.monotonic() - self._booted

    def booted(self) -> None:
        """Begin a new life: uptime starts again, sessions and calls are gone by then."""
        self._booted = self.clock.monotonic()

    def change_version(self, version: str) -> None:
        """Become another release (after an upgrade)."""
        self.version = version
        words = self._version_words()
        facts = {
            path: _fill(template, words)
            for path, template in self.profile.status.items()
            if any("{" + word + "}" in template for word in ("version", "version_id", "display_name"))
        }
        self.status.set(facts)

    # Documents

    def document(self, root: str) -> str:
        """The whole document of that root (Status, Configuration, Command, Valuespace), without declaration."""
        if root == "Status":
            return xml_out.status_document(self.profile, self.status.as_dict(), self.version)
        if root == "Configuration":
            return xml_out.configuration_document(self.profile, self.configuration, self.version)
        if root == "Command":
            return xml_out.command_document(self.profile, self.version)
        if root == "Valuespace":
            return xml_out.valuespace_document(self.profile, self.version)
        raise KeyError(root)

    # Settings

    def write_settings(self, settings: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Write what can be written; (path, reason) for what was refused (protocol notes D.5)."""
        errors = []
        for path, value in settings:
            if self.configuration.find_leaf(path) is None:
                errors.append((path, "No match on address expression"))
                continue
            try:
                self.configuration.set(path, value)
            except SettingRefused as refused:
                errors.append((refused.path, refused.reason))
        return errors

    def _configuration_changed(self, path: str, before: str, after: str) -> None:
        leaf = self.configuration.find_leaf(path)
        shown = after if leaf is None else self.configuration.shown(leaf)
        if path.endswith(("/Address", "/URL")):
            self.shelf.note_address(path, after)
        self.publish("Configuration", {path: shown}, ())
        react(self, path)
        if (
            path == "SystemUnit/Name"
            and self.configuration.find("UserInterface/ContactInfo/Type", "Auto") == "Auto"
        ):
            self.status.set({"UserInterface/ContactInfo/Name": self.name})

    # The bus

    def subscribe(self, listener: BusListener) -> None:
        """Hear every event and change."""
        self._bus.append(listener)

    def unsubscribe(self, listener: BusListener) -> None:
        """Hear no more."""
        self._bus.remove(listener)

    def publish(self, root: str, changed: dict[str, str], ghosts: tuple[str, ...]) -> None:
        """Tell all listeners."""
        for listener in list(self._bus):
            listener(root, changed, ghosts)

    def raise_event(self, name: str, values: dict[str, str]) -> None:
        """An event such as `CallDisconnect`; `values` by path below its name."""
        self.publish("Event", {f"{name}/{path}": value for path, value in values.items()} or {name: ""}, ())

    # Feedback slots

    def register_feedback(self, number: int, url: str, expressions: list[str], form: str) -> None:
        """Take a slot; one in use is overwritten (protocol notes C.1)."""
        self.forget_feedback(number, announce=False)
        slot = Slot(number, url, [Expression.parse(one) for one in expressions if one], form)
        self.slots[number] = slot
        self.shelf.note_address(f"HttpFeedback[{number}]/URL", url)
        self._show_slot(slot)

    def forget_feedback(self, number: int, *, announce: bool = True) -> bool:
        """Give a slot up; False if it was free."""
        known = self.slots.pop(number, None)
        self.status.remove(f"HttpFeedback[{number}]", is_list_member=announce)
        return known is not None

    def set_slot_status(self, slot: Slot, status: str) -> None:
        """OK or Failed, in /Status/HttpFeedback too."""
        slot.status = status
        self._show_slot(slot)

    def _show_slot(self, slot: Slot) -> None:
        node = f"HttpFeedback[{slot.number}]"
        facts = {f"{node}/Expression[{n}]": one.text for n, one in enumerate(slot.expressions, 1)}
        facts[f"{node}/URL"] = slot.url
        if self.profile.dialect.has_feedback_format:
            facts[f"{node}/Format"] = slot.format
            facts[f"{node}/Status"] = slot.status
        self.status.set(facts)

    # Diagnostics

    def diagnose(self, kind: str, level: str, description: str, references: str = "") -> None:
        """Show a diagnostics message; one of each type (protocol notes I.2)."""
        messages = f"{self.profile.dialect.diagnostics_node}/Message"
        number = self._diagnostics.get(kind)
        if number is None:
            number = max((*self._diagnostics.values(), *self.status.members(messages), 0)) + 1
            self._diagnostics[kind] = number
        node = f"{messages}[{number}]"
        self.status.set(
            {
                f"{node}/Description": description,
                f"{node}/Level": level,
                f"{node}/References": references,
                f"{node}/Type": kind,
            }
        )

    def check_passwords(self) -> None:
        """Critical while a user has no passphrase (seen on a CE 9.6 as it left the factory)."""
        if any(user.password for user in self.users.values()):
            self.needs_first_passphrase = False
        if all(user.password for user in self.users.values()):
            self.clear_diagnosis("ValidPasswords")
        else:
            words = "There is one or more users without a passphrase set"
            self.diagnose("ValidPasswords", "Critical", words)

    def clear_diagnosis(self, kind: str) -> None:
        """Take a diagnostics message back."""
        number = self._diagnostics.pop(kind, None)
        if number is not None:
            self.status.remove(f"{self.profile.dialect.diagnostics_node}/Message[{number}]")


_TEMPLATES: dict[str, tuple[dict[str, str], dict[str, str]]] = {}


def _templates(profile: Profile) -> tuple[dict[str, str], dict[str, str]]:
    """The profile's status: what all of its endpoints share, and what is filled in for each."""
    if profile.name not in _TEMPLATES:
        shared = {path: value for path, value in profile.status.items() if "{" not in value}
        own = {path: value for path, value in profile.status.items() if "{" in value}
        _TEMPLATES[profile.name] = (shared, own)
    return _TEMPLATES[profile.name]


def _fill(template: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        template = template.replace("{" + word + "}", value)
    return template
