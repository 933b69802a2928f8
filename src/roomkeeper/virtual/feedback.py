"""HTTP feedback: slots, expressions, and posting what changed (protocol notes C)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from roomkeeper.virtual.paths import BadPath, split

_PREDICATE = re.compile(r"\[([^\]]*)\]")
_EQUALS = re.compile(r"^\s*(@?\w+)\s*=\s*['\"]?([^'\"]*)['\"]?\s*$")

TRIES = 10
SECONDS_BETWEEN_TRIES = 1.0


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    item: int | None = None
    condition: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """A feedback expression such as `/Status/Call[Status='Connected']`; what it cannot match, it ignores."""

    text: str
    root: str
    steps: tuple[_Step, ...]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Any text is an expression: malformed ones are accepted silently (protocol notes C.1)."""
        parts = [part for part in text.strip().replace("//", "/").split("/") if part]
        steps = []
        for part in parts[1:]:
            name = part.partition("[")[0]
            item, condition = None, None
            for inner in _PREDICATE.findall(part):
                equals = _EQUALS.match(inner)
                if inner.strip().isdigit():
                    item = int(inner)
                elif equals and equals[1] == "@item" and equals[2].isdigit():
                    item = int(equals[2])
                elif equals:
                    condition = (equals[1], equals[2])
            steps.append(_Step(name.lower(), item, condition))
        return cls(text, parts[0].lower() if parts else "", tuple(steps))

    def matches(self, root: str, path: str, look_up: Callable[[str], str]) -> bool:
        """Whether a change at `path` of document `root` is meant: at, below or above the expression's node."""
        if self.root != root.lower():
            return False
        try:
            steps = split(path) if path else ()
        except BadPath:
            return False
        return _match(self.steps, 0, steps, 0, look_up)


def _match(
    wanted: tuple[_Step, ...],
    w: int,
    steps: tuple[tuple[str, int | None], ...],
    s: int,
    look_up: Callable[[str], str],
) -> bool:
    if w == len(wanted) or s == len(steps):
        return True
    step = wanted[w]
    if step.name == "*":
        # Seen as /Status/Call/*/Status, where the star stands for the list member: it may match nothing.
        return _match(wanted, w + 1, steps, s, look_up) or _match(wanted, w + 1, steps, s + 1, look_up)
    name, item = steps[s]
    if step.name != name.lower() or (step.item is not None and step.item != (item or 1)):
        return False
    if step.condition is not None:
        node = "/".join(one if number is None else f"{one}[{number}]" for one, number in steps[: s + 1])
        if look_up(f"{node}/{step.condition[0]}") != step.condition[1]:
            return False
    return _match(wanted, w + 1, steps, s + 1, look_up)


@dataclass(slots=True)
class Slot:
    """One registration."""

    number: int
    url: str
    expressions: list[Expression] = field(default_factory=list)
    format: str = "XML"
    status: str = "OK"


Send = Callable[[str, bytes, str], Awaitable[int]]
"""Post (url, body, content type); answers the HTTP status; raises OSError-like errors."""
