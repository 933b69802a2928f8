"""The PostEvent request: a device says that it started, registered or is alive. Not here: the answer.

Decoding is the hottest line of the product, so it reads expat's events straight into a dictionary and builds
no tree.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final
from xml.parsers import expat

from roomkeeper.protocols import soap
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import (
    FIELD_NAMES,
    MAX_MEMBER,
    WIRE_NAMES,
    Identification,
    encode_identification,
    find_field,
)
from roomkeeper.protocols.mending import clean, says_utf8
from roomkeeper.protocols.xml import MAX_DEPTH, create_parser, encode_element, parse, serialise
from roomkeeper.words import gettext as _

SERVICE_NAMESPACE: Final = "http://www.tandberg.net/2004/11/SystemManagementService/"
MAX_POST_EVENT: Final = 1_000_000  # bytes; a real one has 700 to 1,000

_EVENT: Final = "event"
_KNOWN_TAGS: Final = dict(zip(WIRE_NAMES, FIELD_NAMES, strict=True)) | {"Event": _EVENT}


class Beat(Enum):
    """Why a device posts, by wire word (protocol notes A.3). OTHER is answered like HEARTBEAT."""

    BOOT = "Boot"
    REGISTER = "Register"
    HEARTBEAT = "Beat"
    OTHER = ""


_BEAT_BY_WORD: Final = {beat.value.lower(): beat for beat in Beat if beat.value}


@dataclass(frozen=True, slots=True)
class PostEvent:
    """One post. `event_word` is the device's own word, trimmed; `soap_version` is the one to answer in; `mended` tells
    what was not as it should be.
    """

    identification: Identification
    event: Beat
    event_word: str
    soap_version: str = soap.SOAP_11
    mended: tuple[str, ...] = ()


class _Reader:
    """Expat's handlers for one post: first they only look for PostEvent, inside it they collect members."""

    __slots__ = ("current", "depth", "found", "is_found", "parser", "soap_version", "text")

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.text: list[str] = []
        self.current: str | None = None
        self.depth = 0
        self.is_found = False
        self.soap_version = soap.SOAP_11
        self.parser = create_parser()
        self.parser.StartElementHandler = self.handle_outer_start

    def handle_outer_start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self.depth += 1
        if name == "PostEvent":
            self.is_found = True
            self.depth = 0
            self.parser.StartElementHandler = self.handle_start
            self.parser.EndElementHandler = self.handle_end
            self.parser.CharacterDataHandler = self.text.append
        elif name == "Envelope":
            if soap.ENVELOPE_12 in attributes.values():
                self.soap_version = soap.SOAP_12
        elif self.depth > MAX_DEPTH:
            raise ProtocolError(_("The post is not a PostEvent."))

    def handle_start(self, tag: str, _rest: dict[str, str]) -> None:
        self.current = _KNOWN_TAGS.get(tag) or _find_unusual(tag)
        self.text.clear()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ProtocolError(_("The post is nested deeper than {max_depth} levels.", max_depth=MAX_DEPTH))

    def handle_end(self, _: str) -> None:
        self.depth -= 1
        if self.current is not None:
            if not self.found.get(self.current):
                self.found[self.current] = "".join(self.text).strip()[:MAX_MEMBER]
            self.current = None
        elif self.depth < 0:
            self.parser.StartElementHandler = None
            self.parser.EndElementHandler = None
            self.parser.CharacterDataHandler = None


def _find_unusual(tag: str) -> str | None:
    """The field of a tag with a prefix or in another case, None for what we do not know."""
    name = tag.rpartition(":")[2].lower()
    return _EVENT if name == _EVENT else find_field(name)


def decode_post_event(data: bytes, content_type: str = "") -> PostEvent:
    """The PostEvent in a request body, whatever the SOAP version, prefixes and order (protocol notes A.2).

    Missing members are blank, an unknown or missing event is OTHER, the first non-blank of repeated members
    counts. Raises ProtocolError for what is no XML or holds no PostEvent.
    """
    if len(data) > MAX_POST_EVENT:
        raise ProtocolError(
            _(
                "The post has {count} bytes; a PostEvent has less than {max_post_event}.",
                count=len(data),
                max_post_event=MAX_POST_EVENT,
            )
        )
    # Nearly every post is well-formed: mend only what is not.
    reader = _read(data) if says_utf8(data, content_type) else None
    notes: list[str] = []
    if reader is None:
        cleaned = clean(data, content_type)
        notes += cleaned.notes
        reader = _read(cleaned.document)
    if reader is None:
        notes.clear()
        reader = _read(serialise(parse(data, content_type=content_type, notes=notes))) or _Reader()
    if not reader.is_found:
        raise ProtocolError(_("The post holds no PostEvent."))
    found = reader.found
    word = found.pop(_EVENT, "")
    return PostEvent(
        identification=Identification(**found),
        event=_BEAT_BY_WORD.get(word.lower(), Beat.OTHER),
        event_word=word,
        soap_version=reader.soap_version,
        mended=tuple(notes),
    )


def _read(document: bytes) -> _Reader | None:
    """What stands in a post, None where it is not well-formed."""
    reader = _Reader()
    try:
        reader.parser.Parse(document, True)
    except expat.ExpatError:
        return None
    return reader


def encode_post_event(post: PostEvent) -> bytes:
    """The request as a codec sends it (protocol notes A.2). Raises ValueError for what XML cannot hold."""
    content = encode_identification(post.identification) + encode_element("Event", post.event_word)
    return soap.encode_envelope(
        f'<PostEvent xmlns="{SERVICE_NAMESPACE}">{content}</PostEvent>', soap_version=post.soap_version
    )
