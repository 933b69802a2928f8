"""The Configuration document: what is set on a device, what to set, what it said to that. Not here: wanting."""

from collections.abc import Mapping
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
    text_of,
)
from roomkeeper.protocols.xapi.paths import SettingPath, Tree, canonical, parse_path, settings_tree
from roomkeeper.protocols.xapi.valuespace import read_reference
from roomkeeper.protocols.xml import encode_element, find_child, parse, text_at

_MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class ConfigurationLeaf:
    """One setting as reported.

    `value_space_ref` is a name in the Valuespace document, "" where the device gives none.
    """

    value: str
    value_space_ref: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationDocument:
    """What is set on a device, by canonical path. Passwords are reported as `***`."""

    product: str
    version: str
    api_version: str
    settings: dict[SettingPath, ConfigurationLeaf]
    ghosts: tuple[SettingPath, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigurationResult:
    """A device's answer to a write: `errors` are (path or "", reason).

    Other settings of the same write may be applied.
    """

    ok: bool
    errors: tuple[tuple[str, str], ...] = ()


def decode_configuration(data: bytes) -> ConfigurationDocument:
    """The Configuration document in a file, a getxml answer or a posted document.

    Raises ProtocolError for anything else.
    """
    document = get_document(data, "Configuration")
    head = read_head(document)
    leaves = read_leaves(document)
    settings = {
        path: ConfigurationLeaf((element.text or "").strip(), read_reference(element))
        for path, element in leaves.found
    }
    return ConfigurationDocument(head.product, head.version, head.api_version, settings, tuple(leaves.ghosts))


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
    """What a device answered to a putxml of configuration (protocol notes D.5).

    The shape of `<Error>` is not captured anywhere, so any element named Error or marked status="Error"
    counts, with its Reason or text, and its XPath (or its place in the tree) as path. `<Success/>` or nothing
    is success; ActionError and Fault are failures without a path. Raises ProtocolError for sign-in pages and
    everything else.
    """
    root = parse(data)
    refusal = find_document(root, "ActionError", "Fault")
    if refusal is not None:
        return ConfigurationResult(ok=False, errors=(("", _read_reason(refusal)),))
    document = find_document(root, "Configuration")
    if document is None:
        raise ProtocolError(f"The device answered a configuration with a {root.tag[:40]} document.")
    errors: list[tuple[str, str]] = []
    _collect_errors(document, "", errors)
    return ConfigurationResult(ok=not errors, errors=tuple(errors))


def _collect_errors(parent: Element, place: str, errors: list[tuple[str, str]]) -> None:
    for child in parent:
        is_error_element = child.tag == "Error"
        here = place if is_error_element else f"{place}/{child.tag}".lstrip("/")[:255]
        if is_error_element or child.get("status") == "Error":
            errors.append((_read_error_path(child) or _canonical_or_raw(here), _read_reason(child)))
        else:
            _collect_errors(child, here, errors)


def _read_error_path(error: Element) -> str:
    for name in ("XPath", "Path"):
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
    """The device's own words, wherever in the element they stand."""
    reason = text_at(error, "Reason") or text_of(error)
    if not reason:
        for name in ("reason", "message", "Message", "Reason"):
            child = find_child(error, name)
            reason = reason or error.get(name, "") or (text_of(child) if child is not None else "")
    if not reason:
        reason = " ".join(read_leaves(error).values().values())
    return (reason or "The device gave no reason.")[:_MAX_REASON]
