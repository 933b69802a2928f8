"""HTTP feedback: what a device says happened or changed (protocol notes C.4). Not here: believing it.

JSON is turned into the elements that XML would have had, so that both say the same in the same paths.
"""

import json
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import (
    Identification,
    decode_identification,
    encode_identification,
    members_of,
)
from roomkeeper.protocols.posted_document import PostedDocument, read_posted_document
from roomkeeper.protocols.text import charset_of, decode_text
from roomkeeper.protocols.xapi.document import find_document, read_leaves
from roomkeeper.protocols.xapi.paths import parse_path
from roomkeeper.protocols.xml import (
    DEFAULT_LIMIT,
    MAX_DEPTH,
    MAX_NAME,
    check_text,
    clean_text,
    parse,
    serialise,
)
from roomkeeper.words import gettext as _

FeedbackKind: TypeAlias = Literal["Event", "Status", "Configuration"]

_KINDS: Final[dict[str, FeedbackKind]] = {
    "Event": "Event",
    "Status": "Status",
    "Configuration": "Configuration",
}
_IDENTIFICATION: Final = "Identification"
_MAX_JSON_NODES: Final = 60_000
_JSON_VALUE: Final = "Value"
_JSON_INDEX: Final = "id"
_JSON_ATTRIBUTES: Final = {_JSON_INDEX: "item", "ghost": "ghost"}
# White space, control bytes, byte order marks.
_BEFORE_THE_FIRST: Final = bytes(range(0x21)) + b"\xef\xbb\xbf\xff\xfe"
_BLANK: Final = "".join(map(chr, range(0x21))) + "\ufeff"


@dataclass(frozen=True, slots=True)
class FeedbackValue:
    """One value: its path below the kind (`Call[8]/Status`, `CallDisconnect/Duration`), its stripped text."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """One message. `ghosts` are paths of nodes that are gone; `name` is the event's (`CallDisconnect`), else "".

    Paths of events have no `[1]`, as events put item="1" on every element; others have. `mended` tells what was not as
    it should be, and what is lost by that.
    """

    identification: Identification
    kind: FeedbackKind
    values: tuple[FeedbackValue, ...] = ()
    ghosts: tuple[str, ...] = ()
    name: str = ""
    mended: tuple[str, ...] = ()


def decode_feedback(data: bytes, content_type: str = "") -> Feedback | PostedDocument:
    """The feedback in a request body, or the posted document that came to the same address.

    XML or JSON is told by the first character; of `content_type` the charset counts, and what else it says is only
    quoted where it is neither.
    Raises ProtocolError for anything else.
    """
    start = data.lstrip(_BEFORE_THE_FIRST)[:1]
    notes: list[str] = []
    if start == b"{":
        root = _parse_json(data, content_type, notes)
    elif start == b"<":
        root = parse(data, content_type=content_type, notes=notes)
    else:
        raise ProtocolError(
            _(
                "The feedback is neither XML nor JSON; it calls itself {content_type!r}.",
                content_type=content_type[:80],
            )
        )
    document = find_document(root, *_KINDS)
    if document is None or find_document(root, "PostedDocument") is not None:
        return replace(read_posted_document(root), mended=tuple(notes))
    kind = _KINDS[document.tag]
    leaves = read_leaves(document, first_index="never" if kind == "Event" else "of lists")
    return Feedback(
        identification=decode_identification(document),
        kind=kind,
        values=tuple(FeedbackValue(path, value) for path, value in leaves.values().items()),
        ghosts=tuple(leaves.ghosts),
        name=_find_event_name(document) if kind == "Event" else "",
        mended=(*notes, *leaves.notes()),
    )


def _find_event_name(event: Element) -> str:
    """`UserInterface/Message/Prompt/Response`: down while a node has a single child that is no value."""
    names: list[str] = []
    inside = [child for child in event if child.tag != _IDENTIFICATION]
    while len(inside) == 1 and (not names or len(inside[0]) or not (inside[0].text or "").strip()):
        names.append(inside[0].tag)
        inside = list(inside[0])
    return "/".join(names)


def _parse_json(data: bytes, content_type: str, notes: list[str]) -> Element:
    if len(data) > DEFAULT_LIMIT:
        raise ProtocolError(
            _(
                "The feedback has {count} bytes; at most {limit} are read.",
                count=len(data),
                limit=DEFAULT_LIMIT,
            )
        )
    if data.count(b",") + data.count(b"{") + data.count(b"[") > _MAX_JSON_NODES:
        raise ProtocolError(
            _("The feedback has more than {max_json_nodes} members.", max_json_nodes=_MAX_JSON_NODES)
        )
    decoded = decode_text(data, charset=charset_of(content_type))
    notes += decoded.notes
    try:
        # Numbers keep the device's digits, and no number can be long enough to be slow.
        content = json.loads(
            decoded.text.strip(_BLANK),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            strict=False,
        )
    except (ValueError, RecursionError) as error:
        raise ProtocolError(_("The feedback is not JSON: {error}.", error=str(error)[:120])) from None
    if not isinstance(content, dict):
        raise ProtocolError(_("The feedback's JSON is not an object."))
    for name, inside in content.items():
        if name in _KINDS or name == "PostedDocument":
            root = Element(name)
            _fill(root, inside, MAX_DEPTH)
            return root
    raise ProtocolError(_("The feedback's JSON is neither Event, Status nor Configuration."))


def _fill(element: Element, content: object, room: int) -> None:
    """Give an element the children, text and attributes that a JSON value describes (protocol notes C.4)."""
    if room == 0:
        raise ProtocolError(_("The feedback is nested deeper than {max_depth} levels.", max_depth=MAX_DEPTH))
    if not isinstance(content, dict):
        element.text = _text_of_json(content)
        return
    for name, inside in content.items():
        if name == _JSON_VALUE and not isinstance(inside, dict | list):
            element.text = _text_of_json(inside)
        elif name in _JSON_ATTRIBUTES and not isinstance(inside, dict | list):
            element.set(_JSON_ATTRIBUTES[name], _text_of_json(inside))
            if name == _JSON_INDEX:
                # JSON came with CE, which numbers lists alone.
                element.set("maxOccurrence", "n")
        elif len(name) > MAX_NAME:
            raise ProtocolError(
                _("The feedback has a name longer than {max_name} characters.", max_name=MAX_NAME)
            )
        else:
            for each in inside if isinstance(inside, list) else [inside]:
                _fill(SubElement(element, name), each, room - 1)


def _text_of_json(value: object) -> str:
    if isinstance(value, list):
        raise ProtocolError(_("The feedback has a list within a list."))
    return "" if value is None else clean_text(str(value))


def encode_feedback(feedback: Feedback, *, as_json: bool = False) -> bytes:
    """The message as a codec posts it.

    Raises ValueError for paths that are none or contradict each other, and for what XML cannot hold.
    """
    root = Element(str(feedback.kind))
    elements = {"": root}
    for value in feedback.values:
        check_text(value.value, value.path)
        element = _add(elements, value.path, feedback.kind)
        element.text = value.value
    for path in feedback.ghosts:
        _add(elements, path, feedback.kind).set("ghost", "True")
    if any(len(element) and (element.text or "ghost" in element.attrib) for element in root.iter()):
        raise ValueError(_("A value of the feedback stands above another one."))
    if as_json:
        identification = {
            wire: {_JSON_VALUE: getattr(feedback.identification, field)}
            for wire, field in members_of(feedback.identification)
        }
        content = {_IDENTIFICATION: identification} | _to_json(root)
        return json.dumps({feedback.kind: content}).encode("utf-8")
    inside = b"".join(serialise(child) for child in root)
    head = f"<{feedback.kind}>{encode_identification(feedback.identification)}"
    return head.encode("utf-8") + inside + f"</{feedback.kind}>".encode()


def _add(elements: dict[str, Element], path: str, kind: FeedbackKind) -> Element:
    """The element at a path, made with all above it where they are missing."""
    parent, here = elements[""], ""
    for node in parse_path(path):
        here = f"{here}/{node}"
        if here not in elements:
            elements[here] = SubElement(parent, node.name)
            item = node.item if node.item is not None or kind != "Event" else 1
            if item is not None:
                elements[here].set("item", str(item))
                if kind != "Event":
                    elements[here].set("maxOccurrence", "n")
        parent = elements[here]
    return parent


def _to_json(element: Element) -> dict[str, object]:
    content: dict[str, object] = {}
    is_ghost = "ghost" in element.attrib
    for name, attribute in _JSON_ATTRIBUTES.items():
        if attribute in element.attrib:
            content[name] = element.attrib[attribute]
    if not len(element) and not is_ghost:
        content[_JSON_VALUE] = element.text or ""
    below: dict[str, list[dict[str, object]]] = {}
    for child in element:
        below.setdefault(child.tag, []).append(_to_json(child))
    return content | {name: found[0] if len(found) == 1 else found for name, found in below.items()}
