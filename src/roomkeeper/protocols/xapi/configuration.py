"""The Configuration document: what is set on a device, what to set, what it said to that. Not here: wanting."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.dialect import CUIL_2, Dialect
from roomkeeper.protocols.xapi.document import (
    find_document,
    get_document,
    read_head,
    read_leaves,
    words_of,
)
from roomkeeper.protocols.xapi.paths import (
    MAX_INDEX_DIGITS,
    SettingPath,
    Tree,
    canonical,
    parse_path,
    settings_tree,
)
from roomkeeper.protocols.xapi.valuespace import read_reference
from roomkeeper.protocols.xml import encode_element, find_child, parse, text_at
from roomkeeper.words import gettext as _

_MAX_REASON: Final = 500
_ITEM: Final = "item"
_MANY: Final = "maxOccurrence"
# How an error says which setting it means.
_PLACES: Final = ("XPath", "Path")
# Elements of answers that are no settings.
_WORDS_OF_ANSWERS: Final = frozenset({"Success", "Error", "Reason", "XPath", "Path", "Message"})


@dataclass(frozen=True, slots=True)
class ConfigurationLeaf:
    """One setting as reported.

    `value_space_ref` is a name in the Valuespace document, "" where the device gives none.
    """

    value: str
    value_space_ref: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationDocument:
    """What is set on a device, by canonical path. Passwords are reported as `***`. `mended` tells what was not as
    it should be.
    """

    product: str
    version: str
    api_version: str
    settings: dict[SettingPath, ConfigurationLeaf]
    ghosts: tuple[SettingPath, ...] = ()
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigurationResult:
    """A device's answer to a write. `ok`: it said so; `errors` are (path or "", its reason).

    With errors, other settings of the same write may be applied; with neither, nothing is known of any.
    """

    ok: bool
    errors: tuple[tuple[str, str], ...] = ()


def decode_configuration(data: bytes) -> ConfigurationDocument:
    """The Configuration document in a file, a getxml answer or a posted document.

    Raises ProtocolError for anything else.
    """
    notes: list[str] = []
    document = get_document(data, "Configuration", notes)
    head = read_head(document)
    leaves = read_leaves(document)
    settings = {
        path: ConfigurationLeaf((element.text or "").strip(), read_reference(element))
        for path, element in leaves.found
    }
    return ConfigurationDocument(
        head.product,
        head.version,
        head.api_version,
        settings,
        tuple(leaves.ghosts),
        (*notes, *leaves.notes()),
    )


def encode_configuration(values: Mapping[SettingPath, str], dialect: Dialect) -> bytes:
    """The body of a putxml that sets those values and no others; "" sets a value empty (protocol notes D.5).

    Raises ValueError, naming the path, for characters that XML cannot hold and for paths that are none.
    """
    attributes = f' xmlns="{CUIL_2}"' if dialect is Dialect.TC else ""
    content = encode_settings(values)
    return f'<?xml version="1.0"?>\n<Configuration{attributes}>{content}</Configuration>'.encode()


def encode_settings(values: Mapping[SettingPath, str]) -> str:
    """The settings as elements, without a root: one branch for settings that share it, in the order given."""
    return _encode_tree(settings_tree(values), "")


def _encode_tree(tree: Tree, prefix: str) -> str:
    parts: list[str] = []
    for step, below in tree.items():
        (node,) = parse_path(step)
        attributes = "" if node.item is None else f' item="{node.item}"'
        if isinstance(below, str):
            parts.append(encode_element(node.name, below, prefix + step, attributes))
        else:
            content = _encode_tree(below, f"{prefix}{step}/")
            parts.append(f"<{node.name}{attributes}>{content}</{node.name}>")
    return "".join(parts)


def decode_configuration_result(data: bytes) -> ConfigurationResult:
    """What a device answered to a putxml of configuration (protocol notes D.5, O).

    Success is `<Success/>` and nothing that refuses. Refusals come in three shapes, each with a reason and a path or
    a place in the tree: elements named Error, the attribute error="True", and status="Error", also on the root.
    ActionError and Fault are refusals without a path. What says neither is no success: it has to be read back.
    Raises ProtocolError for sign-in pages and everything else.
    """
    root = parse(data)
    refusal = find_document(root, "ActionError", "Fault")
    if refusal is not None:
        return ConfigurationResult(ok=False, errors=(("", _read_reason(refusal)),))
    document = find_document(root, "Configuration")
    if document is None:
        raise ProtocolError(
            _("The device answered a configuration with a {tag} document.", tag=root.tag[:40])
        )
    errors: list[tuple[str, str]] = []
    # TC numbers every node: its [1] says nothing then (protocol notes O).
    numbers_all = _ITEM in document.attrib or any(
        _ITEM in leaf.attrib and _MANY not in leaf.attrib for leaf in _leaves(document)
    )
    _collect_errors(document, "", numbers_all, errors)
    if not errors and _is_refusal(document):
        errors.append((_read_error_path(document), _read_reason(document)))
    succeeded = find_child(document, "Success") is not None
    return ConfigurationResult(ok=succeeded and not errors, errors=tuple(errors))


def _leaves(document: Element) -> Iterator[Element]:
    return (
        element for element in document.iter() if not len(element) and element.tag not in _WORDS_OF_ANSWERS
    )


def _is_refusal(element: Element) -> bool:
    return (
        element.tag == "Error"
        or element.get("error", "").strip().casefold() == "true"
        or element.get("status", "").strip().casefold() == "error"
    )


def _collect_errors(parent: Element, place: str, numbers_all: bool, errors: list[tuple[str, str]]) -> None:
    # At most xml.MAX_DEPTH deep.
    counts: Counter[str] = Counter()
    for child in parent:
        counts[child.tag] += 1
        here = place
        if child.tag != "Error":
            step = child.tag + _index_of(child, counts[child.tag], numbers_all)
            here = f"{place}/{step}".lstrip("/")[:255]
        before = len(errors)
        _collect_errors(child, here, numbers_all, errors)
        # The innermost that refuses knows the setting.
        if len(errors) == before and _is_refusal(child):
            errors.append((_read_error_path(child) or _canonical_or_raw(here), _read_reason(child)))


def _index_of(element: Element, count: int, numbers_all: bool) -> str:
    item = element.get(_ITEM, "").strip()
    if not (item.isascii() and item.isdigit() and len(item) <= MAX_INDEX_DIGITS):
        item = str(count) if count > 1 else ""
    is_silent = not item or (int(item) == 1 and numbers_all and _MANY not in element.attrib)
    return "" if is_silent else f"[{int(item)}]"


def _read_error_path(error: Element) -> str:
    for name in _PLACES:
        text = text_at(error, name) or error.get(name.lower(), "") or error.get(name, "")
        if text:
            return _canonical_or_raw(text)
    return ""


def _canonical_or_raw(text: str) -> str:
    """A canonical path where the text is one, else the text itself, cut: it is for people then."""
    try:
        return canonical(text) if text else ""
    except ProtocolError:
        return text.strip()[:255]


def _read_reason(error: Element) -> str:
    """The device's own words, wherever in the element they stand; of markup in them only the text."""
    for name in ("Reason", "Message", "reason", "message"):
        child = find_child(error, name)
        if words := (words_of(child) if child is not None else "") or error.get(name, "").strip():
            return words[:_MAX_REASON]
    own = [error.text or ""]
    for child in error:
        own += ["" if child.tag in _PLACES else words_of(child), child.tail or ""]
    words = " ".join(" ".join(own).split()) or words_of(error)
    return (words or _("The device gave no reason."))[:_MAX_REASON]
