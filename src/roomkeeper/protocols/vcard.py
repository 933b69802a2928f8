"""vCard 2.1, 3.0 and 4.0, also mixed in one file: bytes to properties. Not here: what of a card is dialled.

Each card is read by the rules of its own version, and one that is wrong never costs the others: what cannot be read is
told with its line. Sources: vCard 2.1 of versit (1996), RFC 2426, RFC 6350, RFC 6868.
"""

import io
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.text import decode_text, looks_wide
from roomkeeper.words import gettext as _

MAX_FILE: Final = 200_000_000  # bytes; 50,000 people with a small photo each
MAX_CARDS: Final = 250_000
MAX_PROPERTIES: Final = 1_000  # of one card; address books write some 20
MAX_LINE: Final = 1_000_000  # bytes of an unfolded line; pictures are not kept, and notes are far shorter
MAX_HEADER: Final = 2_000  # bytes before the colon
MAX_PARAMETERS: Final = 50
MAX_DEPTH: Final = 5  # cards in a card

# Never text that is searched or dialled, and long.
_SKIPPED: Final = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_ENCODINGS: Final = {"QUOTED-PRINTABLE": "Q", "BASE64": "B", "B": "B", "8BIT": "", "7BIT": "", "8-BIT": ""}
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\s]+")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_CARET: Final = re.compile(r"\^([n'^])")
_CARETS: Final = {"n": "\n", "'": '"', "^": "^"}
_BOM: Final = b"\xef\xbb\xbf"


class CutOff(ProtocolError):
    """The file ends in the middle of a card."""


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a card, unfolded and decoded; `value` still has its escapes.

    `name`, `group` and the names of parameters are in upper case. `types` are the values of `TYPE`, and of what 2.1
    writes without a name, in lower case.
    """

    name: str
    value: str
    group: str = ""
    types: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    is_21: bool = False

    @property
    def text(self) -> str:
        """The value without escapes."""
        return _unescape(self.value, is_21=self.is_21)

    @property
    def parts(self) -> tuple[str, ...]:
        """What semicolons separate, without escapes: of a name family, given, additional, prefixes, suffixes."""
        return tuple(_unescape(part, is_21=self.is_21) for part in _split(self.value, ";"))

    @property
    def preference(self) -> int:
        """1 for what is preferred most, 101 where nothing is said."""
        said = self.parameters.get("PREF", "")
        if said.isdecimal() and said.isascii() and len(said) < 4:
            return max(int(said), 1)
        return 1 if "pref" in self.types else 101


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its version as it says, its properties in the order of the file, and the line in which it begins."""

    version: str
    line: int
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in the file that was left out, and why."""

    line: int
    reason: str


def read_cards(data: bytes) -> Iterator[Card | Unreadable]:
    """Every card of a file in its order, and what of it could not be read.

    Raises ProtocolError for what is too large or holds no card at all, `CutOff` where the last card does not end.
    """
    if len(data) > MAX_FILE:
        raise ProtocolError(_("The file has more than {limit} MB.", limit=MAX_FILE // 1_000_000))
    if looks_wide(data):
        data = decode_text(data).text.encode()
    count = 0
    for found in _cards(_Lines(data)):
        if isinstance(found, Card):
            count += 1
            if count > MAX_CARDS:
                raise ProtocolError(_("The file has more than {limit} cards.", limit=MAX_CARDS))
        yield found
    if not count:
        raise ProtocolError(_("The file holds no vCard: it has no line BEGIN:VCARD."))


class _Lines:
    """The physical lines of a file, with one to look at ahead."""

    def __init__(self, data: bytes) -> None:
        if b"\n" not in data:
            data = data.replace(b"\r", b"\n")
        self._file = io.BytesIO(data)
        self._ahead: bytes | None = None
        self.number = 0

    def peek(self) -> bytes | None:
        """The next line, without its end; None after the last."""
        if self._ahead is None:
            self._ahead = self._file.readline()
        return self._ahead.rstrip(b"\r\n") if self._ahead else None

    def next(self) -> bytes | None:
        """The next line, which is then behind."""
        line = self.peek()
        if line is not None:
            self._ahead = None
            self.number += 1
        return line


def _cards(lines: _Lines) -> Iterator[Card | Unreadable]:
    told = False
    while (line := lines.next()) is not None:
        text = line.removeprefix(_BOM).strip()
        if _is_mark(text, b"BEGIN"):
            yield from _card(lines)
        elif text and not told:
            told = True
            yield Unreadable(lines.number, _("It stands outside of any card."))


def _is_mark(line: bytes, word: bytes) -> bool:
    if line[:1].upper() != word[:1]:
        return False
    head, _colon, value = line.partition(b":")
    return head.strip().upper() == word and value.strip().upper() == b"VCARD"


def _is_any_mark(line: bytes) -> bool:
    return _is_mark(line, b"END") or _is_mark(line, b"BEGIN")


def _card(lines: _Lines, depth: int = 0) -> Iterator[Card | Unreadable]:
    """The card whose first line is behind, and what is wrong with it."""
    begins = lines.number
    found: list[Property] = []
    version, last = "", ""
    while True:
        upcoming = lines.peek()
        if upcoming is None:
            raise CutOff(
                _(
                    "The file ends in the middle of the card that begins in line {line}. Something cut it off.",
                    line=begins,
                )
            )
        mark = upcoming.removeprefix(_BOM).strip()
        if _is_mark(mark, b"END"):
            lines.next()
            break
        if _is_mark(mark, b"BEGIN"):
            if last == "AGENT" and depth < MAX_DEPTH:
                # 2.1: the card of somebody's assistant stands in the card, behind an empty AGENT.
                lines.next()
                yield from (one for one in _card(lines, depth + 1) if isinstance(one, Unreadable))
                last = ""
                continue
            yield Unreadable(begins, _("The card has no line END:VCARD; the next one begins after it."))
            break
        at = lines.number + 1
        try:
            one = _property(lines, version)
        except ValueError as error:
            yield Unreadable(at, str(error))
            continue
        if one is None:
            continue
        last = one.name if not one.value else ""
        if one.name == "VERSION" and not version:
            version = one.value.strip()[:10]
        elif len(found) < MAX_PROPERTIES:
            found.append(one)
        elif len(found) == MAX_PROPERTIES:
            yield Unreadable(
                at, _("The card has more than {limit} lines; the rest was left out.", limit=MAX_PROPERTIES)
            )
            found.append(one)
    yield Card(version, begins, tuple(found[:MAX_PROPERTIES]))


def _property(lines: _Lines, version: str) -> Property | None:
    """The next property, None where there is nothing to keep. Raises ValueError with a sentence."""
    first = (lines.next() or b"").removeprefix(_BOM)
    if not first.strip():
        return None
    colon = _colon(first)
    while colon < 0 and (more := lines.peek()) is not None and more[:1] in (b" ", b"\t"):
        # Folded before its colon.
        lines.next()
        first += more[1:]
        if len(first) > MAX_HEADER:
            break
        colon = _colon(first)
    if colon < 0:
        # An odd quotation mark.
        colon = first.find(b":")
    if not 0 < colon <= MAX_HEADER:
        _skip_folded(lines)
        raise ValueError(_("It is not of the form NAME:value."))
    # Names of 2.1's charsets and all else before the colon are ASCII, but labels in 4.0 are not.
    group, name, parameters, types, encoding = _header(_decode(first[:colon]))
    is_21 = version == "2.1"
    if name in _SKIPPED or encoding == "B":
        _skip_picture(lines)
        return None
    value = _value(lines, first[colon + 1 :], encoding, is_21=is_21)
    text = _decode(value, parameters.get("CHARSET", ""))
    return Property(name, text, group, types, parameters, is_21)


def _decode(data: bytes, charset: str = "") -> str:
    # Most of a file by far; UTF-7 and the like are none of the charsets that count.
    return data.decode() if data.isascii() else decode_text(data, charset=charset).text


def _colon(line: bytes) -> int:
    """Where the first colon outside of quotation marks is; -1 where there is none."""
    if b'"' not in line:
        return line.find(b":")
    quoted = False
    for place, sign in enumerate(line[: MAX_HEADER + 1]):
        if sign == 0x22:
            quoted = not quoted
        elif sign == 0x3A and not quoted:
            return place
    return -1


def _header(text: str) -> tuple[str, str, dict[str, str], tuple[str, ...], str]:
    """(group, name, parameters, types, encoding) of what stands before the colon."""
    head, *rest = _split(text, ";", quotes=True)
    group, _dot, name = head.strip().rpartition(".")
    if not _NAME.fullmatch(name):
        raise ValueError(_("It is not of the form NAME:value."))
    parameters: dict[str, str] = {}
    types: list[str] = []
    encoding = ""
    for part in rest[:MAX_PARAMETERS]:
        key, equals, value = part.strip().partition("=")
        key = key.strip().upper()
        if not equals:
            # 2.1 leaves the name of the parameter out.
            key, value = ("ENCODING" if key in _ENCODINGS else "TYPE"), key
        value = _CARET.sub(lambda found: _CARETS[found[1]], value.strip().replace('"', ""))
        if key == "TYPE":
            types += [one.strip().lower() for one in value.split(",") if one.strip()]
        elif key == "ENCODING":
            encoding = _ENCODINGS.get(value.upper(), "")
        else:
            parameters.setdefault(key, value)
    return group.upper(), name.upper(), parameters, tuple(dict.fromkeys(types)), encoding


def _value(lines: _Lines, first: bytes, encoding: str, *, is_21: bool) -> bytes:
    """The value whose first line is given, unfolded and without its transfer encoding."""
    parts, length, previous = [first], len(first), first
    while (more := lines.peek()) is not None:
        if encoding == "Q" and previous.endswith(b"=") and not _is_any_mark(more):
            parts[-1] = parts[-1].removesuffix(b"=")
            previous = more
        elif more[:1] in (b" ", b"\t") and more.strip():
            # 2.1 folds like mail, where the blank is one of the text; 3.0 and 4.0 put it in.
            previous = more if is_21 else more[1:]
        else:
            break
        lines.next()
        length += len(previous)
        if length <= MAX_LINE:
            parts.append(previous)
    if length > MAX_LINE:
        raise ValueError(_("It has more than {limit} bytes.", limit=MAX_LINE))
    value = b"".join(parts)
    return quopri.decodestring(value) if encoding == "Q" else value


def _skip_folded(lines: _Lines) -> None:
    while (more := lines.peek()) is not None and more[:1] in (b" ", b"\t"):
        lines.next()


def _skip_picture(lines: _Lines) -> None:
    """Go behind the lines of a picture: indented, or bare base64 as some phones write it, up to an empty line."""
    while (more := lines.peek()) is not None and more.strip():
        if more[:1] not in (b" ", b"\t") and not _BASE64.fullmatch(more):
            return
        lines.next()


def _split(text: str, separator: str, *, quotes: bool = False) -> list[str]:
    """The text at each separator that has no backslash before it and, where asked, is not in quotation marks."""
    if "\\" not in text and '"' not in text:
        return text.split(separator)
    found, start, quoted, place = [], 0, False, 0
    while place < len(text):
        sign = text[place]
        if sign == "\\" and not quotes:
            place += 1
        elif sign == '"' and quotes:
            quoted = not quoted
        elif sign == separator and not quoted:
            found.append(text[start:place])
            start = place + 1
        place += 1
    return [*found, text[start:]]


def _unescape(text: str, *, is_21: bool) -> str:
    """The text without backslashes before what they protect; 2.1 knows no line breaks but those of its encoding."""

    if "\\" not in text:
        return text.strip()

    def plain(found: re.Match[str]) -> str:
        sign = found[1]
        if sign in "nN" and not is_21:
            return "\n"
        return sign if sign in "\\,;:" else found[0]

    return _ESCAPE.sub(plain, text).strip()
