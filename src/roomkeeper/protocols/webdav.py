"""WebDAV as far as CardDAV needs it: what is asked, and what a multistatus says. Not here: what is asked of whom.

A multistatus of a large address book has a million tags, so it is read with caps of its own and not by `xml.parse`;
names count without their namespaces, as everywhere. Sources: RFC 4918, RFC 5397, RFC 6352, RFC 6578.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.mending import clean, says_utf8
from roomkeeper.protocols.xml import MAX_DEPTH, MAX_NAME, create_parser, encode_text
from roomkeeper.words import gettext as _

MAX_RESPONSES: Final = 500_000
MAX_BYTES: Final = 64_000_000
_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'
_NAMES: Final = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
_LISTS: Final = frozenset({"current-user-principal", "addressbook-home-set"})
_OK: Final = 200


@dataclass(slots=True)
class Response:
    """What is said of one resource. `status` is 0 where only its properties have one; `texts` are the properties that
    are there, `hrefs` those that hold addresses, `types` what it is, `reports` what can be asked of it."""

    href: str = ""
    status: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    hrefs: dict[str, list[str]] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    reports: set[str] = field(default_factory=set)

    def take(self, other: "Response") -> None:
        """Have the properties of the other one, too."""
        self.texts |= other.texts
        self.hrefs |= other.hrefs
        self.types |= other.types
        self.reports |= other.reports


@dataclass(frozen=True, slots=True)
class Multistatus:
    """An answer about many resources, and the token with which to ask for what changes from here on."""

    responses: Sequence[Response]
    sync_token: str = ""


def encode_propfind(*properties: str) -> bytes:
    """Asks for properties; those of CardDAV are written `C:name`."""
    return _document(f"<propfind {_NAMES}>{_prop(properties)}</propfind>")


def encode_sync(token: str) -> bytes:
    """Asks for what changed since the token, or for everything where it is empty. Raises ValueError for a token that
    XML cannot hold."""
    return _document(
        f"<sync-collection {_NAMES}><sync-token>{encode_text(token, 'sync-token')}</sync-token>"
        f"<sync-level>1</sync-level>{_prop(('getetag',))}</sync-collection>"
    )


def encode_multiget(hrefs: Sequence[str]) -> bytes:
    """Asks for these cards. Raises ValueError for an address that XML cannot hold."""
    asked = "".join(f"<href>{encode_text(href, 'href')}</href>" for href in hrefs)
    return _document(
        f"<C:addressbook-multiget {_NAMES}>{_prop(('getetag', 'C:address-data'))}{asked}</C:addressbook-multiget>"
    )


def _prop(properties: Sequence[str]) -> str:
    return "<prop>" + "".join(f"<{name}/>" for name in properties) + "</prop>"


def _document(text: str) -> bytes:
    return (_DECLARATION + text).encode()


def decode_multistatus(data: bytes, content_type: str = "") -> Multistatus:
    """What a multistatus says. Raises ProtocolError for anything else, and past the caps."""
    if len(data) > MAX_BYTES:
        raise ProtocolError(_("The document has more than {limit} MB.", limit=MAX_BYTES // 1_000_000))
    if says_utf8(data, content_type):
        try:
            return _Reader().read(data)
        except expat.ExpatError:
            # Control bytes in somebody's card, most of the time.
            pass
    try:
        return _Reader().read(clean(data, content_type).document)
    except expat.ExpatError as error:
        raise ProtocolError(_("The answer is not whole XML: {error}.", error=error)) from error


class _Reader:
    """Builds responses from the events of the parser."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text: list[str] = []
        self._responses: list[Response] = []
        self._part = Response()
        self._token = ""

    def read(self, data: bytes) -> Multistatus:
        """Raises ExpatError and ProtocolError."""
        parser = create_parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(data, True)
        return Multistatus(self._responses, self._token)

    def _start(self, name: str, attributes: object) -> None:
        local = name.rpartition(":")[2]
        if len(self._path) >= MAX_DEPTH or len(name) > MAX_NAME:
            raise ProtocolError(
                _("The document is nested deeper than {max_depth} levels.", max_depth=MAX_DEPTH)
            )
        if not self._path and local != "multistatus":
            raise ProtocolError(_("The answer is not a multistatus but {name}.", name=local[:60]))
        self._path.append(local)
        self._text.clear()
        if self._path == ["multistatus", "response"]:
            if len(self._responses) >= MAX_RESPONSES:
                raise ProtocolError(_("The answer tells of more than {limit} entries.", limit=MAX_RESPONSES))
            self._responses.append(Response())
        elif self._path[1:] == ["response", "propstat"]:
            self._part = Response()

    def _end(self, name: str) -> None:
        text = "".join(self._text)
        self._text.clear()
        match self._path[1:]:
            case ["sync-token"]:
                self._token = text.strip()
            case ["response", "href"]:
                self._responses[-1].href = self._responses[-1].href or text.strip()
            case ["response", "status"]:
                self._responses[-1].status = _status(text)
            case ["response", "propstat", "status"]:
                self._part.status = _status(text)
            case ["response", "propstat"]:
                if self._part.status in (0, _OK):
                    self._responses[-1].take(self._part)
            case ["response", "propstat", "prop", property_name]:
                self._part.texts[property_name] = text
            case ["response", "propstat", "prop", "resourcetype", kind]:
                self._part.types.add(kind)
            case ["response", "propstat", "prop", list_name, "href"] if list_name in _LISTS:
                self._part.hrefs.setdefault(list_name, []).append(text.strip())
            case [
                "response",
                "propstat",
                "prop",
                "supported-report-set",
                "supported-report",
                "report",
                report,
            ]:
                self._part.reports.add(report)
        self._path.pop()


def _status(text: str) -> int:
    """Of “HTTP/1.1 404 Not Found” the number; 0 for what is none."""
    words = text.split()
    return (
        int(words[1])
        if len(words) > 1 and words[1].isascii() and words[1].isdigit() and len(words[1]) == 3
        else 0
    )
