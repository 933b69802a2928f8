"""A command written as one text, as people and devices write it: `Audio Volume Set Level: 40`. Decides nothing."""

import re
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.errors import ProtocolError

QUOTED: Final = r"\"(?P<quoted>(?:[^\"\\]|\\.)*)\""
_ESCAPED: Final = re.compile(r"\\([\\\"])")
# The beginning of an argument; what is quoted is passed over whole.
_PIECE: Final = re.compile(
    QUOTED
    + r"|(?P<name>[A-Za-z][A-Za-z0-9]{0,63})(?:\[\d{1,3}\])?:(?=\s|\"|\Z)"
    + r"|(?P<word>[^\s\"]+)|(?P<open>\")",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command in its parts, as they stand in the text. `words` come before the first argument; `is_quoted` tells
    whether one of them was quoted. The value of an argument is None where none was given."""

    words: tuple[str, ...]
    is_quoted: bool
    arguments: tuple[tuple[str, str | None], ...]


def split_command(text: str) -> CommandLine:
    """The parts of a command. Values may be quoted, with `\\"` and `\\\\` inside. Raises ProtocolError for a quotation
    mark that is not closed."""
    words: list[str] = []
    is_quoted = False
    values: list[tuple[str, list[str]]] = []
    for piece in _PIECE.finditer(text):
        if piece["open"]:
            raise ProtocolError('A quotation mark is not closed; inside of one write \\".')
        if piece["name"]:
            values.append((piece["name"], []))
        elif values:
            values[-1][1].append(_text(piece))
        else:
            words.append(_text(piece))
            is_quoted |= piece["word"] is None
    arguments = ((name, " ".join(given) if given else None) for name, given in values)
    return CommandLine(tuple(words), is_quoted, tuple(arguments))


def unescape(text: str) -> str:
    """What stood between quotation marks, as it is meant."""
    return _ESCAPED.sub(r"\1", text)


def _text(piece: re.Match[str]) -> str:
    return piece["word"] if piece["quoted"] is None else unescape(piece["quoted"])
