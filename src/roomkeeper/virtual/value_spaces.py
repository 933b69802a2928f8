"""Value spaces: what a setting or a command's parameter may hold (protocol notes D.4, M)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_RANGE = re.compile(r"^INT_(-?\d+)_(-?\d+)$")
_TEXT = re.compile(r"^(STR|PASSWORD)_(\d+)_(\d+)(?:_.*)?$")


@dataclass(frozen=True, slots=True)
class VirtualValueSpace:
    """One value space.  `kind` is Integer, String or Literal; lengths count characters."""

    name: str
    kind: str
    values: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0
    step: int = 1
    is_hidden: bool = False
    multiple: int = 0

    def refusal(self, value: str) -> str | None:
        """Why this value is refused, or None.  The words are ours: a device's are unknown (notes D.5)."""
        if self.kind == "Integer":
            try:
                number = int(value)
            except ValueError:
                return f"Invalid value '{value[:80]}', expected an integer"
            if not self.minimum <= number <= self.maximum:
                return f"Invalid value '{number}', expected {self.minimum}..{self.maximum}"
            if (number - self.minimum) % self.step:
                return f"Invalid value '{number}', expected steps of {self.step}"
            return None
        if self.kind == "Literal":
            return (
                None
                if value in self.values
                else f"Invalid value '{value[:80]}', expected one of " + ", ".join(self.values[:30])
            )
        if not self.minimum <= len(value) <= self.maximum:
            return f"Invalid length {len(value)}, expected {self.minimum}..{self.maximum} characters"
        return None

    def canonical(self, value: str) -> str:
        """The value in the spelling that the device keeps (literals are compared without case)."""
        if self.kind == "Literal":
            for known in self.values:
                if known.lower() == value.lower():
                    return known
        if self.kind == "Integer":
            return value.strip()
        return value


@lru_cache(maxsize=4096)
def from_name(name: str) -> VirtualValueSpace | None:
    """The value space that its own name describes (INT_0_100, STR_0_64_NoFilt, PASSWORD_0_50_NoFilt)."""
    match = _RANGE.match(name)
    if match:
        return VirtualValueSpace(name, "Integer", minimum=int(match[1]), maximum=int(match[2]))
    match = _TEXT.match(name)
    if match:
        return VirtualValueSpace(
            name, "String", minimum=int(match[2]), maximum=int(match[3]), is_hidden=match[1] == "PASSWORD"
        )
    return None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command."""

    name: str
    space: VirtualValueSpace
    is_required: bool = False
    multiple: int = 0
    default: str | None = None


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command as /command.xml describes it."""

    path: str
    role: str
    parameters: tuple[Parameter, ...] = ()
    is_multiline: bool = False
    backend: str = ""


def parse_parameter(text: str) -> Parameter:
    """`Expression*15 String 1 255`, `Format Literal XML|JSON = XML`, `Number! String 0 255` (! = required)."""
    head, _, default = text.partition(" = ")
    has_default = " = " in text or head.endswith(" =")
    words = head.removesuffix(" =").split()
    name, kind, rest = words[0], words[1], words[2:]
    is_required = "!" in name
    name = name.replace("!", "")
    name, _, multiple_text = name.partition("*")
    multiple = int(multiple_text or 0)
    if kind == "Literal":
        values = tuple(rest[0].split("|"))
        label = "Vs_literal_" + "_".join(values).replace(".", "") + (str(multiple) if multiple else "")
        space = VirtualValueSpace(label, "Literal", values, multiple=multiple)
    else:
        low, high = int(rest[0]), int(rest[1])
        word = kind.lower() if not multiple else {"Integer": "intArray", "String": "stringArray"}[kind]
        label = f"Vs_{word}_{low}_{high}" + (f"_{multiple}" if multiple else "")
        space = VirtualValueSpace(label, kind, minimum=low, maximum=high, multiple=multiple)
    return Parameter(name, space, is_required, multiple, default.strip() if has_default else None)


def parse_command(path: str, words: list[str]) -> CommandSpec:
    """A command from its profile line: role and flags first, then its parameters."""
    flags = words[0].split()
    parameters = sorted((parse_parameter(text) for text in words[1:]), key=lambda one: one.name)
    return CommandSpec(
        path,
        role=flags[0],
        parameters=tuple(parameters),
        is_multiline="+multiline" in flags,
        backend="onprem" if "+onprem" in flags else "",
    )
