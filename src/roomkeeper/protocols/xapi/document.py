"""What all xAPI documents share: finding the document in what was sent, and walking its leaves as R7 paths.

Not here: what the leaves mean.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.mending import MAX_TOLD
from roomkeeper.protocols.xapi.paths import MAX_INDEX_DIGITS, MAX_KEY
from roomkeeper.protocols.xml import is_name, parse
from roomkeeper.words import gettext as _

# What a document may be wrapped in: SOAP, a posted document, and the answer of old codecs to getxml.
_WRAPPERS: Final = ("Envelope", "Body", "PostedDocument", "XmlDoc")
_MAX_ATTRIBUTE: Final = 255
_IDENTIFICATION: Final = "Identification"
_ITEM: Final = "item"
_MAX_OCCURRENCE: Final = "maxOccurrence"
_INDEX: Final = re.compile(r"\[\d+\]")
_NONE: Final[Counter[str]] = Counter()

FirstIndex: TypeAlias = Literal["of lists", "always", "never"]

# Lists whose first index is always written (rule R7), also where a document that numbers every node does not
# mark them with maxOccurrence: TC's names are not captured (protocol notes D.4, D.7, I.1).
LISTS: Final = frozenset(
    {
        "Call",
        "Diagnostics/Message",
        "H323/Profile",
        "HttpFeedback",
        "HttpFeedback/Expression",
        "Network",
        "NetworkServices/NTP/Server",
        "Phonebook/Server",
        "SIP/Profile",
        "SIP/Profile/Authentication",
        "SIP/Profile/Proxy",
        "SIP/Profile/Registration",
        "SIP/Proxy",
        "SIP/Registration",
        "SystemUnit/Diagnostics/Message",
    }
)

is_known_name = lru_cache(maxsize=4096)(is_name)


class Head(NamedTuple):
    """What the root of a document says about the device that made it; "" where it says nothing."""

    product: str
    version: str
    api_version: str


class Leaves(NamedTuple):
    """What stands below a document: in its order (R7 path, element with the text); what it says is gone; and what has
    a name that no device uses, with which it is left out.
    """

    found: list[tuple[str, Element]]
    ghosts: list[str]
    lost: list[str]

    def values(self) -> dict[str, str]:
        """Stripped values by path (texts may have trailing newlines: protocol notes F.3)."""
        return {path: (element.text or "").strip() for path, element in self.found}

    def notes(self) -> tuple[str, ...]:
        """What is lost, in words."""
        return tell_lost(self.lost)


def find_document(root: Element, *names: str) -> Element | None:
    """The element of one of those names: the root, or inside what documents are wrapped in."""
    if root.tag in names:
        return root
    if root.tag not in _WRAPPERS:
        return None
    for child in root:
        found = find_document(child, *names)
        if found is not None:
            return found
    return None


def tell_lost(paths: Sequence[str]) -> tuple[str, ...]:
    """In words that the nodes of those paths were left out; nothing for none."""
    if not paths:
        return ()
    more = _(" and {count} more", count=len(paths) - MAX_TOLD) if len(paths) > MAX_TOLD else ""
    shown = ", ".join(paths[:MAX_TOLD])
    return (_("left out, because no device uses such a name: {shown}{more}", shown=shown, more=more),)


def get_document(data: bytes, name: str, notes: list[str] | None = None) -> Element:
    """The root element of a document of that name. `notes` takes what was mended.

    Raises ProtocolError if the bytes hold another one, or none.
    """
    root = parse(data, notes=notes)
    found = find_document(root, name)
    if found is None:
        raise ProtocolError(
            _("This is a {tag} document where {name} was expected.", tag=root.tag[:40], name=name)
        )
    return found


def read_head(document: Element) -> Head:
    """Product, version and API version of a document."""
    return Head(
        *(document.get(name, "").strip()[:_MAX_ATTRIBUTE] for name in ("product", "version", "apiVersion"))
    )


def read_leaves(document: Element, *, first_index: FirstIndex = "of lists") -> Leaves:
    """All leaves below a document in its order, without the Identification that feedback puts first.

    A node that carries `item` has it as index in its path, and so has the second and each further sibling of
    one name that carries none. TC numbers every node (protocol notes D.4): where a document does, "of lists"
    writes `[1]` for lists alone, so that both generations spell a path alike; "always" keeps every one of
    them, "never" none (events put item="1" on everything). An element with children is no value, whatever
    text stands between them; one marked ghost="True" was removed. What has a name that no device
    uses, or a path longer than any device's, is lost with all below it.
    """
    if first_index == "of lists":
        is_numbered = _ITEM in document.attrib
        leaves = _walk(document, "of lists" if is_numbered else "always")
        if is_numbered or not any(map(_is_numbered_alone, leaves.found)):
            return leaves
    return _walk(document, first_index)


def _is_numbered_alone(found: tuple[str, Element]) -> bool:
    """Whether a leaf has a number and is no list: only releases that number every node write such leaves.

    CE and RoomOS write `maxOccurrence` with every `item` (all captures do), and never number the root. Asking
    the leaves too is for branches and parts of documents, whose root may be another's.
    """
    attributes = found[1].attrib
    return _ITEM in attributes and _MAX_OCCURRENCE not in attributes


def _walk(document: Element, first_index: FirstIndex) -> Leaves:
    leaves = Leaves([], [], [])
    # Room is left for the brackets that a match key adds to each node.
    _read_below(document, "", MAX_KEY - 3, leaves, first_index)
    return leaves


def _read_below(parent: Element, prefix: str, room: int, leaves: Leaves, first_index: FirstIndex) -> None:
    # At most xml.MAX_DEPTH deep.
    counts: dict[str, int] = {}
    siblings = Counter(child.tag for child in parent) if first_index == "of lists" else _NONE
    for child in parent:
        tag = child.tag
        if not prefix and tag == _IDENTIFICATION:
            continue
        if not is_known_name(tag):
            leaves.lost.append(f"{prefix}{tag[:40]}")
            continue
        attributes = child.attrib
        index = _read_index(attributes[_ITEM]) if _ITEM in attributes else None
        if index is not None:
            path = f"{prefix}{tag}[{index}]"
            if index == "1" and (
                first_index == "never"
                or (first_index == "of lists" and not _is_list(child, siblings, prefix))
            ):
                path = prefix + tag
        elif tag in counts:
            counts[tag] += 1
            path = f"{prefix}{tag}[{counts[tag]}]"
        else:
            counts[tag] = 1
            path = prefix + tag
        if len(path) > room:
            leaves.lost.append(f"{path[:60]}…")
            continue
        if "ghost" in attributes and attributes["ghost"].lower() == "true":
            leaves.ghosts.append(path)
        elif len(child):
            _read_below(child, path + "/", room - 3, leaves, first_index)
        else:
            leaves.found.append((path, child))


def _is_list(child: Element, siblings: Counter[str], prefix: str) -> bool:
    """Whether there can be several of a node: it says so, there are, or it is a list on every release."""
    return (
        _MAX_OCCURRENCE in child.attrib
        or _INDEX.sub("", prefix) + child.tag in LISTS
        or siblings[child.tag] > 1
    )


def _read_index(item: str) -> str | None:
    """The digits of an `item` attribute without leading zeros, None for what is no index."""
    if item.isascii() and item.isdigit() and len(item) <= MAX_INDEX_DIGITS:
        return item.lstrip("0") or "0"
    return None


def text_of(element: Element) -> str:
    """The element's own text, stripped."""
    return (element.text or "").strip()


def words_of(element: Element) -> str:
    """What a device says in an element, markup in it left out."""
    return " ".join("".join(element.itertext()).split())
