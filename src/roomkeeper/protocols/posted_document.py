"""Documents that a device posts because an answer asked for them (protocol notes B).

Not here: what stands in them.
"""

from dataclasses import dataclass, replace
from typing import Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import (
    MAX_MEMBER,
    Identification,
    decode_identification,
    encode_identification,
    find_field,
)
from roomkeeper.protocols.mending import says_utf8
from roomkeeper.protocols.xml import (
    DEFAULT_LIMIT,
    MAX_DEPTH,
    check_size,
    create_parser,
    encode_element,
    is_name,
    parse,
    serialise,
    text_at,
)
from roomkeeper.words import gettext as _

DOCUMENT_ROOTS: Final = ("Status", "Configuration", "Command", "Valuespace", "History", "UpgradeStatus")

_WRAPPER: Final = "PostedDocument"
_LOCATION: Final = "Location"
_MEMBERS: Final = frozenset({"Identification", _LOCATION})
_MAX_LOCATION: Final = 255


@dataclass(frozen=True, slots=True)
class PostedDocument:
    """One document: who says so, `location` as it was asked for (`/Status`), and the document itself.

    `payload` is the document's element alone, UTF-8, without namespaces and mended; `root` is its name. Where
    the device gives no location (the progress of an upgrade) it is `/` and the root's name. `mended` tells what was
    not as it should be.
    """

    identification: Identification
    location: str
    payload: bytes
    root: str
    mended: tuple[str, ...] = ()


def decode_posted_document(data: bytes, content_type: str = "") -> PostedDocument:
    """The document in a request body: plain, in SOAP, or without its wrapper.

    Raises ProtocolError if there is none.
    """
    check_size(data, DEFAULT_LIMIT)
    found = _PlainReader().read(data) if says_utf8(data, content_type) else None
    if found is not None:
        return found
    notes: list[str] = []
    root = parse(data, content_type=content_type, notes=notes)
    return replace(read_posted_document(root), mended=tuple(notes))


class _PlainReader:
    """Cuts the document out of a post that looks as CE sends it, in a third of the time that a tree takes.

    Whatever is unusual (markup beside elements, namespaces, bytes to mend) is left to the tree.
    """

    __slots__ = ("depth", "end", "field", "found", "parser", "root", "start", "text")

    def __init__(self) -> None:
        self.depth = 0
        self.field: str | None = None
        self.found: dict[str, str] = {}
        self.text: list[str] = []
        self.root = ""
        self.start = self.end = -1
        self.parser = create_parser()
        self.parser.StartElementHandler = self.handle_start
        self.parser.EndElementHandler = self.handle_end
        self.parser.CharacterDataHandler = self.text.append

    def read(self, data: bytes) -> PostedDocument | None:
        """The document, None where the post is not plain."""
        if b"<!" in data or b"xmlns" in data:
            return None
        try:
            self.parser.Parse(data, True)
        except (expat.ExpatError, _NotPlainError):
            return None
        finally:
            # The parser and this object hold each other: let go, and no garbage collection is needed.
            self.parser.StartElementHandler = self.parser.EndElementHandler = None
        # An empty element has no end tag of its own.
        if self.root in ("", _WRAPPER) or not data.startswith(f"</{self.root}".encode(), self.end):
            return None
        location = self.found.pop(_LOCATION, "")
        return PostedDocument(
            identification=Identification(**self.found),
            location=location or f"/{self.root}",
            payload=data[self.start : data.index(b">", self.end) + 1],
            root=self.root,
        )

    def handle_start(self, tag: str, _: dict[str, str]) -> None:
        self.depth += 1
        self.text.clear()
        if self.depth == 1:
            if tag != _WRAPPER:
                raise _NotPlainError
        elif self.depth == 2 and tag not in _MEMBERS:
            if self.root or not is_name(tag) or len(tag) >= _MAX_LOCATION:
                raise _NotPlainError
            self.root = tag
            self.start = self.parser.CurrentByteIndex
            self.parser.StartElementHandler = self.handle_inner_start
            self.parser.EndElementHandler = self.handle_inner_end
            self.parser.CharacterDataHandler = None
        else:
            self.field = _LOCATION if tag == _LOCATION else find_field(tag.lower())

    def handle_end(self, _: str) -> None:
        self.depth -= 1
        if self.field is not None:
            if not self.found.get(self.field):
                self.found[self.field] = "".join(self.text).strip()[:MAX_MEMBER]
            self.field = None

    def handle_inner_start(self, _: str, __: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _NotPlainError

    def handle_inner_end(self, _: str) -> None:
        self.depth -= 1
        if self.depth == 1:
            self.end = self.parser.CurrentByteIndex
            self.parser.StartElementHandler = self.handle_start
            self.parser.EndElementHandler = self.handle_end
            self.parser.CharacterDataHandler = self.text.append


class _NotPlainError(Exception):
    """The post has something that only the tree can judge."""


def read_posted_document(root: Element) -> PostedDocument:
    """The same from a parsed request."""
    wrapper = _find_wrapper(root)
    location = text_at(wrapper, _LOCATION)[:_MAX_LOCATION]
    document = wrapper if wrapper.tag in DOCUMENT_ROOTS else _find_payload(wrapper, location)
    if document is None:
        raise ProtocolError(_("The {tag} message holds no document.", tag=wrapper.tag[:40]))
    return PostedDocument(
        identification=decode_identification(wrapper),
        location=location or f"/{document.tag[: _MAX_LOCATION - 1]}",
        payload=serialise(document),
        root=document.tag,
    )


def _find_wrapper(root: Element) -> Element:
    """PostedDocument, in SOAP or not; failing that, the document itself, or whatever holds a Location."""
    level = [root]
    for _rest in range(4):
        for element in level:
            if (
                element.tag == _WRAPPER
                or element.tag in DOCUMENT_ROOTS
                or any(child.tag == _LOCATION for child in element)
            ):
                return element
        level = [child for element in level for child in element]
    raise ProtocolError(_("This is a {tag} message where a posted document was expected.", tag=root.tag[:40]))


def _find_payload(wrapper: Element, location: str) -> Element | None:
    """The child that the location names; else a document of a known name; else any other member."""
    candidates = [child for child in wrapper if child.tag not in _MEMBERS]
    wanted = location.strip("/").partition("/")[0].lower()
    for child in candidates:
        if child.tag.lower() == wanted:
            return child
    for child in candidates:
        if child.tag in DOCUMENT_ROOTS:
            return child
    return candidates[0] if candidates else None


def encode_posted_document(document: PostedDocument) -> bytes:
    """The request as a codec sends it. Raises ValueError if the payload is not XML with that root."""
    if not is_name(document.root) or parse(document.payload).tag != document.root:
        raise ValueError(
            _("The payload of the posted document is not a {root} document.", root=document.root)
        )
    members = encode_identification(document.identification) + encode_element(_LOCATION, document.location)
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<{_WRAPPER}>{members}'
    return head.encode("utf-8") + document.payload + f"</{_WRAPPER}>".encode()
