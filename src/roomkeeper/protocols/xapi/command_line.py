"""A command written as one text, as people and devices write it: `Audio Volume Set Level: 40`. Decides nothing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.words import gettext as _

QUOTED: Final = r"\"(?P<quoted>(?:[^\"\\]|\\.)*)\""
_ESCAPED: Final = re.compile(r"\\([\\\"])")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_PLAIN: Final = re.compile(r"[\w.+-]+")
_NODES: Final = 8
_LONGEST_PATH: Final = 255
_ROOTS: Final = re.compile(r"[;&|]*/?x(command|configuration|status|feedback)", re.IGNORECASE)
# As in a shell, a backslash at the end of a line says that it goes on.
_GOES_ON: Final = re.compile(r"(?<=\s)\\[ \t]*(?:\r?\n|\Z)")
# The beginning of an argument; what is quoted is passed over whole.
_PIECE: Final = re.compile(
    QUOTED
    + r"|(?P<name>[A-Za-z][A-Za-z0-9]{0,63}(?:\.\d{1,3})?)(?:\[\d{1,3}\])?:(?=\s|\"|\Z)"
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
    for piece in _PIECE.finditer(_GOES_ON.sub(" ", text)):
        if piece["word"] and (words or values) and _ROOTS.fullmatch(piece["word"]):
            raise ProtocolError(_("It holds more than one command. Write each in a line of its own."))
        if piece["open"]:
            raise ProtocolError(_('A quotation mark is not closed; inside of one write \\".'))
        if piece["name"]:
            values.append((piece["name"], []))
        elif values:
            values[-1][1].append(_text(piece))
        else:
            words.append(_text(piece))
            is_quoted |= piece["word"] is None
    arguments = ((name, " ".join(given) if given else None) for name, given in values)
    return CommandLine(tuple(words), is_quoted, tuple(arguments))


def read_call(text: str, body: str | None = None) -> CommandCall:
    """A command with its arguments, `xCommand` in front or not; a repeated name becomes a tuple. Raises ProtocolError
    with a sentence for what is none."""
    found = split_command(text)
    path = _path(found.words)
    nodes = path.split("/")
    is_command = not found.is_quoted and len(nodes) <= _NODES and len(path) <= _LONGEST_PATH
    if not is_command or not all(_WORD.fullmatch(node) for node in nodes):
        raise ProtocolError(_("It is not a command such as xCommand Audio Volume Set Level: 40."))
    together: dict[str, list[str]] = {}
    for name, value in found.arguments:
        if value is None:
            raise ProtocolError(_("{name}: has no value.", name=name))
        together.setdefault(name, []).append(value)
    arguments = ((name, given[0] if len(given) == 1 else tuple(given)) for name, given in together.items())
    return CommandCall(path, tuple(arguments), body)


def write_call(path: str, arguments: Iterable[tuple[str, str | Sequence[str]]]) -> str:
    """The command as one text that reads back as the same; a list repeats its argument."""
    parts = [path.replace("/", " ")]
    for name, value in arguments:
        parts += [f"{name}: {_in_quotes(one)}" for one in ([value] if isinstance(value, str) else value)]
    return " ".join(parts)


def _in_quotes(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def canonical_command(path: str) -> str:
    """The path with a slash between its nodes, as documents name commands: `xCommand SystemUnit Boot` is
    `SystemUnit/Boot`."""
    return _path(path.split())


def _path(words: Iterable[str]) -> str:
    parts = [part for word in words for part in word.split("/") if part]
    return "/".join(parts[1:] if parts and parts[0].lower() == "xcommand" else parts)


def unescape(text: str) -> str:
    """What stood between quotation marks, as it is meant."""
    return _ESCAPED.sub(r"\1", text)


def _text(piece: re.Match[str]) -> str:
    return piece["word"] if piece["quoted"] is None else unescape(piece["quoted"])
