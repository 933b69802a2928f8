"""Profiles: the hand-written data that make one model and release different from another (rule R10)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import available_timezones

from roomkeeper.virtual.paths import is_under, match_key
from roomkeeper.virtual.value_spaces import CommandSpec, VirtualValueSpace, from_name, parse_command

_LATER_ZONES = {
    "America/Ciudad_Juarez": 2022,
    "America/Coyhaique": 2025,
    "America/Nuuk": 2020,
    "Asia/Qostanay": 2019,
    "Europe/Kyiv": 2022,
    "Pacific/Kanton": 2021,
}
"""The names that the time zone database got after a CE 9.6 was captured, and when."""
_LIST = re.compile(r"\[(\d+)(?:\.\.(\d+)|/(\d+))?\]")


@dataclass(frozen=True, slots=True)
class ProfileLeaf:
    """One setting: its path, value space, factory value, and the maximum of every list on its path."""

    path: str
    space: VirtualValueSpace
    default: str
    maxima: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileDialect:
    """What differs between TC, CE and RoomOS on the wire (protocol notes D.7, O, A.2, C.5)."""

    family: str = "CE"
    namespace: str = ""
    post_product_type: str = "TANDBERG Codec"
    post_product_id: str = "Cisco Codec"
    post_hardware_board: str = ""
    user_agent: str = "Cisco/CE"
    api_version: str = "4"
    numbers_every_node: bool = False
    restart_command: str = "SystemUnit/Boot"
    diagnostics_node: str = "Diagnostics"
    ships_with_https_only: bool = False
    posts_only_by_enabled_services: bool = False
    is_teams_room: bool = False
    has_feedback_format: bool = True
    has_sessions: bool = True
    has_web_socket: bool = True
    has_formputxml: bool = False
    has_snmp_v3: bool = False
    feedback_after_failure: str = "stopped"
    upgraded_version: str = ""
    serial_prefix: str = "FTT"
    manager_node: str = "Provisioning/ExternalManager"
    has_http_api: bool = True
    snmp_object_id: str = "1.3.6.1.4.1.5596.150.6.4.1"
    snmp_description: str = "Cisco Codec\nSoftW: {version}\nMCU: {product_id}\nDate: {date}\nS/N: {serial}"


@dataclass(frozen=True, slots=True)
class Profile:
    """A model on a release."""

    name: str
    title: str
    origin: str
    product: str
    product_id: str
    platform: str
    version: str
    dialect: ProfileDialect
    value_spaces: dict[str, VirtualValueSpace] = field(repr=False)
    configuration: dict[str, ProfileLeaf] = field(repr=False)
    configuration_keys: dict[str, str] = field(repr=False)
    maxima: dict[str, int] = field(repr=False)
    status: dict[str, str] = field(repr=False)
    commands: dict[str, CommandSpec] = field(repr=False)
    notes: str = ""
    unavailable: frozenset[str] = frozenset()
    """Commands that it has and does not run in its mode (a Teams room)."""
    schema_product: str = ""
    """The vendor's schemas' code name of the product, where it is known."""


class UnknownProfile(LookupError):
    """There is no virtual endpoint profile of that name."""


def _read(name: str) -> dict[str, Any]:
    file = resources.files("roomkeeper.virtual").joinpath("profiles", f"{name}.toml")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"no profile named {name!r}; there are: " + ", ".join(names())
        raise UnknownProfile(message) from None


def names() -> list[str]:
    """The names of all profiles (parts, whose names begin with an underscore, are not profiles)."""
    folder = resources.files("roomkeeper.virtual").joinpath("profiles")
    stems = (entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return sorted(stem for stem in stems if not stem.startswith("_"))


def _merge(data: dict[str, Any], section: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in data.get("extends", []):
        inherited = _merge(_read(part), section)
        for path, value in inherited.items():
            merged.pop(path, None)
            merged[path] = value
    without = data.get("without", {}).get(section, [])
    merged = {
        path: value
        for path, value in merged.items()
        if not any(is_under(_LIST.sub("", path), gone) or path == gone for gone in without)
    }
    merged.update(data.get(section, {}))
    return merged


def _expand(path: str) -> list[tuple[str, tuple[tuple[str, int], ...]]]:
    """`SIP/Proxy[1..4]/Address` into its four paths, each with the maximum of its lists."""
    match = next((one for one in _LIST.finditer(path) if one[2] or one[3]), None)
    if match is None:
        return [(path, ())]
    first = int(match[1])
    last, maximum = (int(match[2]), int(match[2])) if match[2] else (first, int(match[3]))
    found = []
    for item in range(first, last + 1):
        node = f"{path[: match.start()]}[{item}]"
        for tail, maxima in _expand(path[match.end() :]):
            found.append(
                (node + tail, ((node, maximum), *((node + deeper, most) for deeper, most in maxima)))
            )
    return found


def _configuration(lines: dict[str, str], spaces: dict[str, VirtualValueSpace]) -> dict[str, ProfileLeaf]:
    leaves: dict[str, ProfileLeaf] = {}
    for path, line in lines.items():
        space_name, _, default = line.partition(" ")
        space = spaces.get(space_name) or from_name(space_name)
        if space is None:
            message = f"{path}: unknown value space {space_name}"
            raise ValueError(message)
        spaces[space_name] = space
        for expanded, maxima in _expand(path):
            leaves[expanded] = ProfileLeaf(expanded, space, default, maxima)
    return leaves


def _literals(values: list[str] | str) -> tuple[str, ...]:
    """The values as listed, or the names of the `time zone database`: all, or those of the end of a year."""
    if isinstance(values, list):
        return tuple(values)
    year = values.removeprefix("time zone database").removeprefix(" of ")
    later = {name for name, since in _LATER_ZONES.items() if year and since > int(year)}
    return tuple(sorted(available_timezones() - {"Factory", "localtime"} - later))


@lru_cache(maxsize=64)
def load(name: str) -> Profile:
    """The profile of that name; raises UnknownProfile, ValueError where its data is wrong."""
    if name.startswith("_"):
        message = f"{name!r} is a part, not a profile"
        raise UnknownProfile(message)
    data = _read(name)
    product = data["product"]
    spaces = {
        label: VirtualValueSpace(label, "Literal", _literals(values))
        for label, values in _merge(data, "value_spaces").items()
    }
    configuration = _configuration(_merge(data, "configuration"), spaces)
    for label in data.get("more_value_spaces", []):
        space = from_name(label)
        if space is not None:
            spaces[label] = space
    commands = {path: parse_command(path, words) for path, words in _merge(data, "commands").items()}
    status = {
        expanded: str(value)
        for path, value in _merge(data, "status").items()
        for expanded, _ in _expand(path)
    }
    return Profile(
        name=name,
        title=data["title"],
        origin=data["origin"],
        product=product.get("product", "Cisco Codec"),
        product_id=product["product_id"],
        platform=product["platform"],
        version=product["version"],
        dialect=ProfileDialect(**_merge(data, "dialect")),
        value_spaces=spaces,
        configuration=configuration,
        configuration_keys={match_key(path): path for path in configuration},
        maxima={node: most for leaf in configuration.values() for node, most in leaf.maxima},
        status=status,
        commands=commands,
        notes=data.get("notes", ""),
        unavailable=frozenset(data.get("unavailable", [])),
        schema_product=product.get("schema_product", ""),
    )
