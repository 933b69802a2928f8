"""Reading XML that a stranger sent, and writing text into XML of ours. Not here: what any element means.

The tree is built by expat into the standard library's elements, without namespaces: every tag is a local name
and `xmlns` is an ordinary attribute, so a wrong, missing or undeclared prefix never matters. lxml is not used
because it keeps every name it ever parsed for the life of the thread: posts full of invented names would fill
the memory for good.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.mending import NOT_XML_TEXT, clean, rebuild, says_utf8
from roomkeeper.words import gettext as _

DEFAULT_LIMIT: Final = 10_000_000  # bytes; real documents end at a few hundred kB (protocol notes B)
MAX_DEPTH: Final = 64  # levels; real documents have at most 12, SOAP envelope included
MAX_TAGS: Final = 60_000  # opening and closing together; the command document of a CE9 has 4,000
MAX_ATTRIBUTES: Final = 100_000  # the command document of a CE9 has 2,000
MAX_NAME: Final = 1_000  # characters of a tag or attribute; value spaces have names of up to 280

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)


def parse(
    data: bytes,
    *,
    limit: int = DEFAULT_LIMIT,
    content_type: str = "",
    notes: list[str] | None = None,
    most_tags: int = MAX_TAGS,
) -> Element:
    """The root element of a document, mended where it has what devices are known to get wrong.

    Tags are local names; comments and processing instructions are dropped; text is as sent (not stripped). Letters
    follow `text`, whose charset is that of `content_type`. White space before the document, byte order marks, control
    bytes, ampersands and angle brackets that are text are mended, a node that is no XML is left out; `notes` takes
    what was mended or lost, in words; `most_tags` is another cap on tags, for what is longer than a device's documents.
    Raises ProtocolError for anything that is still not XML, holds a DOCTYPE, or passes `limit` bytes or the caps above.
    """
    check_size(data, limit, most_tags)
    if says_utf8(data, content_type):
        try:
            return _build(data)
        except expat.ExpatError:
            # Nearly every document is well-formed: mend only what is not.
            pass
    cleaned = clean(data, content_type)
    try:
        root, found = _build(cleaned.document), cleaned.notes
    except expat.ExpatError as error:
        rebuilt = rebuild(cleaned.text, str(error))
        root, found = _finish(rebuilt.root, rebuilt.names), (*cleaned.notes, *rebuilt.notes)
    if notes is not None:
        notes += found
    return root


def check_size(data: bytes, limit: int, most_tags: int = MAX_TAGS) -> None:
    """Hold the caps on bytes, tags and attributes before any memory is spent. Raises ProtocolError."""
    if len(data) > limit:
        raise ProtocolError(
            _("The document has {count} bytes; at most {limit} are read.", count=len(data), limit=limit)
        )
    if data.count(b"<") > most_tags:
        raise ProtocolError(_("The document has more than {max_tags} tags.", max_tags=most_tags))
    most_attributes = max(MAX_ATTRIBUTES, most_tags)
    if data.count(b"=") > most_attributes:
        raise ProtocolError(
            _("The document has more than {max_attributes} attributes.", max_attributes=most_attributes)
        )


def create_parser(names: dict[str, str] | None = None) -> expat.XMLParserType:
    """A parser for a stranger's bytes. `names` gathers every tag and attribute name that it meets.

    The encoding is given, so that a declaration can never make Python look for a codec by a stranger's name.
    """
    parser = expat.ParserCreate("utf-8", None, {} if names is None else names)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_rest: object) -> NoReturn:
    # Entities live in a DOCTYPE: refusing it ends the parse before anything could be expanded.
    raise ProtocolError(_("The document has a DOCTYPE, which no device sends."))


def _build(text: bytes) -> Element:
    names: dict[str, str] = {}
    builder = TreeBuilder()
    parser = create_parser(names)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(text, True)
    return _finish(builder.close(), names)


def _finish(root: Element, names: Iterable[str]) -> Element:
    """Hold the caps on depth and names, and leave local names."""
    level = [root]
    for _rest in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            break
    else:
        raise ProtocolError(_("The document is nested deeper than {max_depth} levels.", max_depth=MAX_DEPTH))
    if any(len(name) > MAX_NAME for name in names):
        raise ProtocolError(
            _("The document has a name longer than {max_name} characters.", max_name=MAX_NAME)
        )
    if any(":" in name for name in names):
        for element in root.iter():
            element.tag = element.tag.rpartition(":")[2]
    return root


def clean_text(text: str) -> str:
    """Text with every character that XML (and PostgreSQL) cannot hold turned into a space."""
    return NOT_XML_TEXT.sub(" ", text)


def local_name(element: Element) -> str:
    """The element's name without prefix or namespace."""
    return element.tag.rpartition(":")[2].rpartition("}")[2]


def find_child(element: Element, name: str) -> Element | None:
    """The first child of that local name, or None."""
    for child in element:
        if child.tag == name:
            return child
    return None


def children(element: Element, name: str) -> Iterator[Element]:
    """All children of that local name, in the order of the document."""
    return (child for child in element if child.tag == name)


def text_at(element: Element, *names: str) -> str:
    """The stripped text at the end of a path of child names; "" where any of them is missing."""
    found: Element | None = element
    for name in names:
        if found is None:
            return ""
        found = find_child(found, name)
    return (found.text or "").strip() if found is not None else ""


def serialise(element: Element) -> bytes:
    """The element as a document of its own: UTF-8, no declaration, no namespaces, and nothing of what
    followed it.
    """
    parts: list[str] = []
    _serialise(element, parts)
    return "".join(parts).encode("utf-8")


def _serialise(element: Element, parts: list[str]) -> None:
    # At most MAX_DEPTH deep, as every element comes from `parse`.
    parts.append(f"<{element.tag}")
    for name, value in element.attrib.items():
        if name != "xmlns" and ":" not in name:
            parts.append(f' {name}="{_escape(value).replace(chr(34), "&quot;").replace(chr(10), "&#10;")}"')
    if len(element) or element.text:
        parts.append(f">{_escape(element.text or '')}")
        for child in element:
            _serialise(child, parts)
            parts.append(_escape(child.tail or ""))
        parts.append(f"</{element.tag}>")
    else:
        parts.append("/>")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def check_text(text: str, where: str) -> None:
    """Raise ValueError, naming `where`, if the text has a character that XML cannot hold in any form."""
    bad = NOT_XML_TEXT.search(text)
    if bad:
        raise ValueError(
            _(
                "{where} holds the character U+{ord:04X}, which XML cannot carry.",
                where=where,
                ord=ord(bad.group()),
            )
        )


def encode_text(text: str, where: str) -> str:
    """Text ready to stand in an element or between double quotes. Raises ValueError as `check_text` does.

    A carriage return is written as a reference, or the reader would turn it into a line feed.
    """
    check_text(text, where)
    return _escape(text).replace('"', "&quot;")


def encode_element(name: str, text: str, where: str = "", attributes: str = "") -> str:
    """`<name attributes>text</name>`, an empty element for empty text.

    `where` names the place in a refusal.
    """
    if not text:
        return f"<{name}{attributes}/>"
    return f"<{name}{attributes}>{encode_text(text, where or name)}</{name}>"


def is_name(text: str) -> bool:
    """Whether a device could name a node so: ASCII letters, digits, `_`, `-` and `.`, not beginning with a
    digit.
    """
    return _NAME.fullmatch(text) is not None
