"""HTTP feedback: slots, expressions, and posting what changed (protocol notes C)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from roomkeeper.virtual.paths import BadPath, Step, join, split

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

    def matches(self, root: str, path: str, look_up: Callable[[str], str], *, is_ghost: bool = False) -> bool:
        """Whether a change at `path` of document `root` is meant: at or below the expression's node.

        A ghost counts also above it: with the call its status is gone.
        """
        if self.root != root.lower():
            return False
        try:
            steps = split(path) if path else ()
        except BadPath:
            return False
        return _match(self.steps, steps, look_up, path, is_ghost=is_ghost)


def _match(
    wanted: tuple[_Step, ...],
    steps: tuple[Step, ...],
    look_up: Callable[[str], str],
    path: str,
    *,
    is_ghost: bool,
) -> bool:
    if not wanted:
        return True
    if not steps:
        return is_ghost
    step = wanted[0]
    if step.name == "*":
        # Seen as /Status/Call/*/Status, where the star stands for the list member: it may match nothing.
        return _match(wanted[1:], steps, look_up, path, is_ghost=is_ghost) or _match(
            wanted[1:], steps[1:], look_up, path, is_ghost=is_ghost
        )
    name, item = steps[0]
    if step.name != name.lower() or (step.item is not None and step.item != (item or 1)):
        return False
    if step.condition is not None and not is_ghost:
        node = join(split(path)[: len(split(path)) - len(steps) + 1])
        if look_up(f"{node}/{step.condition[0]}") != step.condition[1]:
            return False
    return _match(wanted[1:], steps[1:], look_up, path, is_ghost=is_ghost)


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
