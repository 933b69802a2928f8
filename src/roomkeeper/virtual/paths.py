"""Paths of the endpoint's own tree: `SIP/Proxy[2]/Address`, how they are split, compared and ordered."""

from __future__ import annotations

import re
from functools import lru_cache

Step = tuple[str, int | None]
_STEP = re.compile(r"^([A-Za-z_][\w.\-]*)(?:\[(\d+)\])?$")
_ROOTS = {"configuration", "status", "xconfiguration", "xstatus"}


class BadPath(ValueError):
    """Not a path of this tree."""


@lru_cache(maxsize=65536)
def split(path: str) -> tuple[Step, ...]:
    """`SIP/Proxy[2]/Address` as (("SIP", None), ("Proxy", 2), ("Address", None)); raises BadPath."""
    steps: list[Step] = []
    for part in path.split("/"):
        match = _STEP.match(part)
        if match is None:
            message = f"not a path: {path[:80]!r}"
            raise BadPath(message)
        steps.append((match[1], int(match[2]) if match[2] else None))
    return tuple(steps)


def join(steps: tuple[Step, ...]) -> str:
    """The inverse of `split`."""
    return "/".join(name if item is None else f"{name}[{item}]" for name, item in steps)


@lru_cache(maxsize=65536)
def order(path: str) -> tuple[tuple[str, int], ...]:
    """Where a path stands in a document: names by their bytes, list members by number (protocol notes D.4)."""
    return tuple((name, item or 0) for name, item in split(path))


@lru_cache(maxsize=65536)
def match_key(path: str) -> str:
    """One key for every spelling of a path: any case, a missing `[1]` filled in."""
    return path.lower().replace("[1]", "")


def normalise(text: str) -> str:
    """`xConfiguration SIP Proxy 2 Address`, `/Configuration/SIP/Proxy[2]/Address`: without root, with brackets."""
    words: list[str] = []
    for word in text.replace("/", " ").split():
        if word.isdigit() and words:
            words[-1] = f"{words[-1]}[{word}]"
        else:
            words.append(word)
    if len(words) > 1 and words[0].lower() in _ROOTS:
        words = words[1:]
    path = "/".join(words)
    split(path)
    return path


def is_under(path: str, prefix: str) -> bool:
    """Whether `path` is `prefix` or below it."""
    return path == prefix or path.startswith(prefix + "/")
