"""JSON of a stranger: read within bounds, looked into by a path, and laid flat as fields. Pure.

Numbers stay as they are written: a telephone number loses no digit, and no number is too large.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from roomkeeper.phonebooks.sources import SourceFailed
from roomkeeper.words import gettext as _

Value = Any
"""What JSON holds: dict, list, str, bool or None; numbers are texts."""

# Of 50,000 people with five objects each there are 250,000; each takes far more memory than its two characters.
MOST_PARTS: Final = 2_000_000
MOST_COMMAS: Final = 6_000_000
DEEPEST: Final = 8
LONGEST_NAME: Final = 200


def decode_json(body: bytes, server: str) -> Value:
    """The value. Raises `SourceFailed` for what is none, or too large to be taken apart."""
    if body.count(b"{") + body.count(b"[") > MOST_PARTS or body.count(b",") > MOST_COMMAS:
        raise SourceFailed(
            _("The JSON of {server} has too many parts. Have it tell its records in pages.", server=server)
        )
    try:
        return json.loads(body, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise SourceFailed(
            _(
                "{server} answered something that is not JSON. It begins with {begin!r}.",
                server=server,
                begin=body[:40].decode("utf-8", "replace"),
            )
        ) from None


def find_at(value: Value, path: str) -> Value:
    """What stands at a path: a JSON Pointer (`/data/items`) or dotted (`data.items`; a name may hold dots itself); ""
    is the value itself. None where there is nothing."""
    if path and isinstance(value, dict) and path in value:
        return value[path]
    for name in _names_of(path):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            return None
    return value


def _names_of(path: str) -> list[str]:
    if path.startswith("/"):
        return [name.replace("~1", "/").replace("~0", "~") for name in path[1:].split("/")]
    return [name for name in path.split(".") if name]


def text_of(value: Value) -> str:
    """A single value as text; "" for null and for what is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def flat(value: Value) -> Iterator[tuple[str, str]]:
    """(name, text) of every single value within: `name.first`, `phones[]`, `phones[].number`. What lies deeper than any
    card does is passed over."""
    yield from _flat(value, "", DEEPEST)


def _flat(value: Value, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list) and not depth:
        return
    if isinstance(value, dict):
        for part, inner in value.items():
            if len(part) <= LONGEST_NAME:
                yield from _flat(inner, f"{name}.{part}" if name else part, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner, f"{name}[]", depth - 1)
    elif text := text_of(value):
        yield name or "value", text
