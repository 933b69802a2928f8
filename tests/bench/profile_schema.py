"""A virtual endpoint's profile against a schema of the vendor: what the one has otherwise than the other.

The schema is a JSON file of https://roomos.cisco.com that whoever runs this brings; it is read and never kept. Its
products have code names (a Room Bar is davinci); a profile says its own.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roomkeeper.virtual.profile import Profile, ProfileLeaf, load
from roomkeeper.virtual.value_spaces import CommandSpec, VirtualValueSpace
from tests.bench.figures import tell

_LIST = re.compile(r"\[(\d+)\.\.(\d+)\]")
_INDEX = re.compile(r"\[(?:\d+|n)\]")


class BadSchema(ValueError):
    """Not a schema, or none of that product."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a schema says of one product: settings by path, status paths without indexes, commands by path."""

    settings: dict[str, dict[str, Any]]
    statuses: frozenset[str]
    commands: dict[str, dict[str, Any]]


def read_schema(path: Path, product: str) -> Schema:
    """The part of a schema file that is about a product; raises BadSchema, OSError."""
    try:
        objects = json.loads(path.read_text(encoding="utf-8"))["objects"]
        of_product = [one for one in objects if product in one.get("products", ())]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadSchema(f"{path} is no schema: {error}") from None
    if not of_product:
        known = sorted({name for one in objects for name in one.get("products", ())})
        raise BadSchema(f"{path} has nothing of {product!r}; it has {', '.join(known)}")
    settings, statuses, commands = {}, set(), {}
    for one in of_product:
        name = one["path"].replace(" ", "/")
        if one["type"] == "Configuration":
            settings.update(dict.fromkeys(_expand(name), one["attributes"]))
        elif one["type"] == "Status":
            statuses.add(_INDEX.sub("", name))
        elif one["type"] == "Command":
            commands[name] = one["attributes"]
    return Schema(settings, frozenset(statuses), commands)


def _expand(path: str) -> Iterator[str]:
    match = _LIST.search(path)
    if match is None:
        yield path
        return
    for item in range(int(match[1]), int(match[2]) + 1):
        yield from _expand(f"{path[: match.start()]}[{item}]{path[match.end() :]}")


def differences(profile: Profile, schema: Schema) -> list[str]:
    """A line for each setting, status and command of the profile that the schema has otherwise or not at all."""
    found = []
    for path, leaf in profile.configuration.items():
        said = schema.settings.get(path)
        if said is None:
            found.append(f"setting {path}: not in the schema")
            continue
        found += [f"setting {path}: {words}" for words in _setting(leaf, said)]
    for path in profile.status:
        if _INDEX.sub("", path) not in schema.statuses:
            found.append(f"status {path}: not in the schema")
    for path, spec in profile.commands.items():
        known = schema.commands.get(path)
        if known is None:
            found.append(f"command {path}: not in the schema")
            continue
        found += [f"command {path}: {words}" for words in _command(spec, known)]
    return found


def missing(profile: Profile, schema: Schema) -> list[str]:
    """The settings that the schema has and the profile does not."""
    return [path for path in schema.settings if path not in profile.configuration]


def _setting(leaf: ProfileLeaf, said: dict[str, Any]) -> Iterator[str]:
    yield from _space(leaf.space, said["valuespace"])
    # Some defaults are names that a device makes up for itself, or differ from product to product in words.
    default = str(said.get("default", ""))
    if default != leaf.default and (default or leaf.default):
        yield f"starts as {default!r}, here as {leaf.default!r}"


def _space(space: VirtualValueSpace, said: dict[str, Any]) -> Iterator[str]:
    kind = str(said["type"]).removesuffix("Array")
    if kind != space.kind:
        yield f"is {kind}, here {space.kind}"
        return
    if kind == "Literal":
        only_there = sorted(set(said["Values"]) - set(space.values))
        only_here = sorted(set(space.values) - set(said["Values"]))
        if only_there:
            yield "lacks " + ", ".join(only_there[:20]) + (" …" if len(only_there) > 20 else "")
        if only_here:
            yield "has more: " + ", ".join(only_here[:20])
        return
    low, high = ("Min", "Max") if kind == "Integer" else ("MinLength", "MaxLength")
    there = (int(said[low]), int(said[high]))
    if there != (space.minimum, space.maximum):
        yield f"is {there[0]}..{there[1]}, here {space.minimum}..{space.maximum}"


def _command(spec: CommandSpec, said: dict[str, Any]) -> Iterator[str]:
    theirs = {one["name"]: one for one in said.get("params", ())}
    ours = {one.name: one for one in spec.parameters}
    for name in theirs.keys() - ours.keys():
        yield f"lacks {name}"
    for name in ours.keys() - theirs.keys():
        yield f"has more: {name}"
    for name in sorted(ours.keys() & theirs.keys()):
        there = theirs[name]
        for words in _space(ours[name].space, there["valuespace"]):
            yield f"{name} {words}"
        if bool(there.get("required")) is not ours[name].is_required:
            yield f"{name} is {'' if there.get('required') else 'not '}required"
        multiple = int(there["valuespace"].get("multiple", 0))
        if multiple != ours[name].multiple:
            yield f"{name} may stand {multiple or 1} times, here {ours[name].multiple or 1}"


def main(arguments: list[str]) -> int:
    """`python -m tests.bench profile --profile NAME --schema FILE`: 1 where there is a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench profile", description=__doc__)
    parser.add_argument("--profile", required=True, help="the name of a profile, as room-bar-roomos26")
    parser.add_argument("--schema", required=True, type=Path, help="a schema file of the vendor")
    parser.add_argument("--product", default="", help="the schema's code name of the product")
    parser.add_argument(
        "--missing", action="store_true", help="also the settings that the profile leaves out"
    )
    chosen = parser.parse_args(arguments)
    profile = load(chosen.profile)
    try:
        schema = read_schema(chosen.schema, chosen.product or profile.schema_product)
    except (BadSchema, OSError) as error:
        tell(str(error))
        return 2
    found = differences(profile, schema)
    for line in found:
        tell(line)
    if chosen.missing:
        for path in missing(profile, schema):
            tell(f"setting {path}: not in the profile")
    tell(
        f"{profile.name}: {len(found)} differences; {len(profile.configuration)} of"
        f" {len(schema.settings)} settings, {len(profile.commands)} of {len(schema.commands)} commands"
    )
    return 1 if found else 0
