"""Mending XML that is nearly right, so that one bad node or one raw `&` costs that node and not the document.

Nothing is mended in silence: whatever is changed or left out is told in words. Not here: the caps on size.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.text import (
    charset_of,
    decode_text,
    is_utf8_first,
    looks_wide,
    names_other_codec,
)
from roomkeeper.words import gettext as _

MAX_REFERENCES: Final = 100_000  # ampersands: references, and those that stand for themselves
CONTROLS_MENDED: Final = "control characters became spaces"
_MAX_OPEN: Final = 200  # elements within each other; `xml` holds the real cap
_MAX_ATTRIBUTES: Final = 1_000  # of one element that is mended; real ones have at most six
MAX_TOLD: Final = 5  # lost nodes that are named; of more the number is told

NOT_XML_TEXT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANK: Final = " \t\r\n\ufeff"
_CONTROL_TO_SPACE: Final = bytes(
    0x20 if byte < 0x20 and byte not in b" \t\r\n" else byte for byte in range(256)
)
_DECLARATION: Final = re.compile(
    rb"\s*<\?xml[\s?][^>]{0,300}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']"
)
_DECLARATION_REACH: Final = 300  # characters within which an XML declaration has to end
_BEFORE_THE_FIRST: Final = bytes(range(0x21)) + b"\xef\xbb\xbf"
# Sections whose inside is no markup are passed over whole; one without an end reaches to the document's.
_SECTION: Final = r"<!\[CDATA\[(?:.*?\]\]>|.*\Z)|<!--(?:.*?-->|.*\Z)"
_BAD: Final = re.compile(
    _SECTION
    + r"|&#(?:x([0-9A-Fa-f]{1,9})|([0-9]{1,9}));"
    + r"|(&)(?!(?:amp|lt|gt|quot|apos);)"
    + r"|(\]\]>)",
    re.DOTALL,
)
_TAG: Final = re.compile(r"<(/?)([^\s<>/\"'=]++)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>")
# A start tag whose attributes are not: a quotation mark too few, or a `<` within them.
_BROKEN_TAG: Final = re.compile(r"<([^\W\d][\w.:-]*+)\s++[\w.:-]++\s*+=[^>]{0,1000}+>")
_SECTIONS: Final = (("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>"))
_ATTRIBUTE: Final = re.compile(r"([^\s=<>\"'/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>/]+)))?")
_NAME: Final = re.compile(r"[^\W\d][\w.:-]*")
_END_NAMES: Final = re.compile(r"</([^\s<>/\"'=]+)")
_REFERENCE: Final = re.compile(r"&(?:#x([0-9A-Fa-f]{1,9})|#([0-9]{1,9})|(amp|lt|gt|quot|apos));")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Cleaned(NamedTuple):
    """A document that expat may accept: `document` in UTF-8 without declaration, `text` before its markup was
    touched, and what was mended."""

    document: bytes
    text: str
    notes: tuple[str, ...]


class Rebuilt(NamedTuple):
    """A tree out of what is not well-formed, all names in it, and what was mended or lost."""

    root: Element
    names: frozenset[str]
    notes: tuple[str, ...]


def says_utf8(data: bytes, content_type: str = "") -> bool:
    """Whether a document is to be read as UTF-8 wherever it can be, by its header and its declaration."""
    charset = charset_of(content_type) if content_type else ""
    return is_utf8_first(charset or _declared(data))


def in_utf8(data: bytes, content_type: str) -> bytes:
    """An answer for whoever reads it without its header: as it came where the header does not matter, else in UTF-8
    with a byte order mark, which says so before any declaration.
    """
    charset = charset_of(content_type)
    declared = _declared(data)
    is_plain = data.isascii() or (not names_other_codec(charset) and is_utf8_first(declared))
    if is_plain and not looks_wide(data):
        return data
    text = decode_text(data, charset=charset, declared=declared).text
    return b"\xef\xbb\xbf" + text.encode("utf-8")


def _declared(data: bytes) -> str:
    if data.find(b"encoding", 0, _DECLARATION_REACH) < 0:
        return ""
    found = _DECLARATION.match(data)
    return found.group(1).decode("ascii").lower() if found else ""


def clean(data: bytes, content_type: str = "") -> Cleaned:
    """The same without what devices are known to get wrong: wrong encodings, control bytes (HDMI names hold 01-05,
    protocol notes B), ampersands that are text. Raises ProtocolError past the caps.
    """
    declared = _declared(data.lstrip(_BEFORE_THE_FIRST)[:_DECLARATION_REACH])
    decoded = decode_text(data, charset=charset_of(content_type), declared=declared)
    notes = list(decoded.notes)
    text = decoded.text.strip("\0").lstrip(_BLANK)
    text, is_replaced = _without_controls(text)
    text = text.lstrip(_BLANK)
    if text.startswith("<?xml") and text[5:6] in (" ", "\t", "\r", "\n", "?"):
        end = text.find("?>", 0, _DECLARATION_REACH)
        if end < 0:
            raise ProtocolError(_("The document's XML declaration does not end."))
        text = text[end + 2 :]
    if text.count("&") > MAX_REFERENCES:
        raise ProtocolError(
            _(
                "The document has more than {max_references} character references.",
                max_references=MAX_REFERENCES,
            )
        )
    counts = {"control": int(is_replaced), "raw": 0}

    def mend(match: re.Match[str]) -> str:
        hexadecimal, decimal, ampersand, section_end = match.groups()
        if hexadecimal or decimal:
            if _character(hexadecimal, decimal) is not None:
                return match.group()
            counts["control"] += 1
            return " "
        if ampersand or section_end:
            counts["raw"] += 1
            return "&amp;" if ampersand else "]]&gt;"
        return match.group()

    document = _BAD.sub(mend, text)
    if counts["control"]:
        notes.append(CONTROLS_MENDED)
    if counts["raw"]:
        notes.append(_("characters of markup that stood in text (such as a raw &) were taken as text"))
    return Cleaned(document.encode("utf-8"), text, tuple(notes))


def _without_controls(text: str) -> tuple[str, bool]:
    """(the text with spaces for what XML cannot hold, whether there was any); quick for millions of them."""
    encoded = text.encode("utf-8")
    without = encoded.translate(_CONTROL_TO_SPACE)
    is_replaced = without != encoded
    text = without.decode("utf-8") if is_replaced else text
    for character in ("\ufffe", "\uffff"):
        if character in text:
            text, is_replaced = text.replace(character, " "), True
    return text, is_replaced


def _character(hexadecimal: str | None, decimal: str | None) -> str | None:
    """The character of a numeric reference, None where XML has no such character."""
    code = int(hexadecimal, 16) if hexadecimal else int(decimal or "0")
    if code > 0x10FFFF or NOT_XML_TEXT.match(chr(code)):
        return None
    return chr(code)


def rebuild(text: str, problem: str) -> Rebuilt:
    """The tree of a document that is not well-formed, without the nodes that are not.

    Lost is a node whose name is none, with all below it, and a value whose end tag is missing or another's. Odd
    attributes cost themselves alone. Raises ProtocolError, naming `problem`, where it cannot be told what belongs
    where, and for a document that ends before its last tag: a part must never pass for the whole.
    """
    return _Rebuilding(text, problem).run()


class _Rebuilding:
    """One pass over the text: each piece of it once, no tag further back than it is long."""

    def __init__(self, text: str, problem: str) -> None:
        self.text = text
        self.problem = problem
        self.ends = frozenset(_END_NAMES.findall(text))
        self.names: set[str] = set()
        self.lost: list[str] = []
        self.parts: list[str] = []
        # Open elements as (name, element or None within what is lost); the first is a stand-in for the document.
        self.open: list[tuple[str, Element | None]] = [("", Element("document"))]

    def run(self) -> Rebuilt:
        for kind, content in self.pieces():
            if kind == "text":
                self.parts.append(content)
            elif kind == "tag":
                self.add_tag(content)
            else:
                self.lose_broken(content)
        self.end_text()
        top = self.open[0][1]
        if (
            len(self.open) != 1
            or top is None
            or len(top) != 1
            or f"{top.text or ''}{top[0].tail or ''}".strip()
        ):
            raise self.refusal()
        return Rebuilt(top[0], frozenset(self.names), self.notes())

    def refusal(self) -> ProtocolError:
        return ProtocolError(_("The document is not XML: {problem}.", problem=self.problem))

    def notes(self) -> tuple[str, ...]:
        if not self.lost:
            return (_("markup that is not well-formed was mended"),)
        shown = ", ".join(place[:120] for place in self.lost[:MAX_TOLD])
        more = _(" and {count} more", count=len(self.lost) - MAX_TOLD) if len(self.lost) > MAX_TOLD else ""
        return (_("left out, because it is not XML: {shown}{more}", shown=shown, more=more),)

    def pieces(self) -> Iterator[tuple[str, str]]:
        """What the text consists of: ("text", …), ("tag", …), ("broken", …): a tag
        whose attributes are not; and sections whose inside is text or nothing."""
        text, here = self.text, 0
        while here < len(text):
            start = text.find("<", here)
            if start < 0:
                yield "text", unescape(text[here:])
                return
            if start > here:
                yield "text", unescape(text[here:start])
            here = start
            section = self.section_at(here)
            if section is not None:
                content, here = section
                yield "text", content
                continue
            if text.startswith("<!DOCTYPE", here):
                raise ProtocolError(_("The document has a DOCTYPE, which no device sends."))
            tag, broken = _TAG.match(text, here), None
            if tag is None:
                broken = self.broken_tag_at(here)
            if broken is not None:
                yield "broken", broken.group()
                here = broken.end()
            elif tag is None or (not _NAME.fullmatch(tag.group(2)) and not self.is_closed(tag)):
                yield "text", "<"
                here += 1
            else:
                yield "tag", tag.group()
                here = tag.end()

    def section_at(self, here: int) -> tuple[str, int] | None:
        """(its text, where it ends) of a section whose inside is no markup, None where none begins."""
        for opening, closing in _SECTIONS:
            if self.text.startswith(opening, here):
                end = self.text.find(closing, here + len(opening))
                if end < 0:
                    raise self.refusal()
                content = self.text[here + len(opening) : end] if closing == "]]>" else ""
                return content, end + len(closing)
        return None

    def broken_tag_at(self, here: int) -> re.Match[str] | None:
        """A start tag of which only the attributes are broken, where its end is known."""
        broken = _BROKEN_TAG.match(self.text, here)
        is_known = broken is not None and (broken.group().endswith("/>") or broken.group(1) in self.ends)
        return broken if is_known else None

    def is_closed(self, tag: re.Match[str]) -> bool:
        """Whether what has no name that XML knows is a tag all the same, and not words in angle brackets."""
        return bool(tag.group(1)) or tag.group(3).endswith("/") or tag.group(2) in self.ends

    def end_text(self) -> None:
        """Put the text since the last tag where it belongs."""
        content, self.parts = "".join(self.parts), []
        element = self.open[-1][1]
        if element is None or not content:
            return
        if len(element):
            element[-1].tail = (element[-1].tail or "") + content
        else:
            element.text = (element.text or "") + content

    def add_tag(self, tag: str) -> None:
        found = _TAG.match(tag)
        assert found is not None  # noqa: S101 - it came from there
        is_end, name, rest = found.groups()
        self.end_text()
        if is_end:
            self.close(name)
            return
        parent = self.open[-1][1]
        element: Element | None = None
        if parent is not None:
            if _NAME.fullmatch(name):
                element = Element(name, self.attributes(rest))
                parent.append(element)
                self.names.add(name)
            else:
                self.lost.append(self.place(name))
        if not rest.endswith("/"):
            self.open.append((name, element))
            if len(self.open) > _MAX_OPEN:
                raise ProtocolError(
                    _("The document is nested deeper than {max_open} levels.", max_open=_MAX_OPEN)
                )

    def lose_broken(self, tag: str) -> None:
        """Open what has broken attributes as lost, with all below it."""
        found = _BROKEN_TAG.match(tag)
        assert found is not None  # noqa: S101 - it came from there
        self.end_text()
        if self.open[-1][1] is not None:
            self.lost.append(self.place(found.group(1)))
        if not tag.endswith("/>"):
            self.open.append((found.group(1), None))
            if len(self.open) > _MAX_OPEN:
                raise ProtocolError(
                    _("The document is nested deeper than {max_open} levels.", max_open=_MAX_OPEN)
                )

    def attributes(self, rest: str) -> dict[str, str]:
        found: dict[str, str] = {}
        if "=" not in rest:
            return found
        for match in islice(_ATTRIBUTE.finditer(rest), _MAX_ATTRIBUTES):
            name, double, single, bare = match.groups(default="")
            value = double or single or bare
            if _NAME.fullmatch(name):
                found.setdefault(name, unescape(value))
                self.names.add(name)
        return found

    def close(self, name: str) -> None:
        own, element = self.open[-1]
        if own == name and len(self.open) > 1:
            self.open.pop()
            return
        # The end tag of a value is missing, or is another's: that value cannot be told from what follows.
        is_value = len(self.open) > 2 and (element is None or not len(element))
        if is_value and all(name != other for other, _ in self.open):
            self.lose_last()
            return
        if is_value and self.open[-2][0] == name:
            self.lose_last()
            self.open.pop()
            return
        raise self.refusal()

    def lose_last(self) -> None:
        name, element = self.open.pop()
        parent = self.open[-1][1]
        if element is not None and parent is not None:
            parent.remove(element)
            self.lost.append(self.place(name))

    def place(self, name: str) -> str:
        return "/".join((*(other for other, _ in self.open[2:]), name))[-255:]


def unescape(text: str) -> str:
    """Text of markup as it is meant; what is no reference stays as it stands."""
    return _REFERENCE.sub(_character_of, text) if "&" in text else text


def _character_of(match: re.Match[str]) -> str:
    hexadecimal, decimal, entity = match.groups()
    if entity:
        return _ENTITIES[entity]
    return _character(hexadecimal, decimal) or " "
