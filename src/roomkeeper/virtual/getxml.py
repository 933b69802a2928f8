"""`/getxml?location=…`: one path, or an XPath over the device's documents (protocol notes D.1)."""

from __future__ import annotations

from lxml import etree

from roomkeeper.virtual import xml_out
from roomkeeper.virtual.device import VirtualDevice

_ROOTS = ("Status", "Configuration", "Command", "Valuespace")
_MAX_LOCATION = 1024


class BadLocation(ValueError):
    """Not a path that can be evaluated."""


def evaluate(device: VirtualDevice, location: str) -> str | None:
    """The document pruned to what the location selects; None where nothing matches.  Raises BadLocation."""
    location = location.strip()
    if not location or len(location) > _MAX_LOCATION:
        raise BadLocation("Empty or overlong location")
    if not location.startswith("/"):
        location = "/" + location
    roots = _wanted_roots(location)
    if location.strip("/") in _ROOTS:
        return xml_out.DECLARATION + device.document(location.strip("/"))
    for root in roots:
        found = _prune(device.document(root), location)
        if found is not None:
            return xml_out.DECLARATION + found
    return None


def _wanted_roots(location: str) -> tuple[str, ...]:
    first = location.lstrip("/").partition("/")[0].partition("[")[0]
    if location.startswith("//") or first == "*":
        return _ROOTS
    return tuple(root for root in _ROOTS if root.lower() == first.lower())


def _without_namespaces(root: etree._Element) -> None:
    for element in root.iter():
        element.tag = etree.QName(element).localname
    etree.cleanup_namespaces(root)


def _prune(document: str, location: str) -> str | None:
    root = etree.fromstring(document.encode())
    _without_namespaces(root)
    try:
        found = root.getroottree().xpath(location)
    except etree.XPathError as error:
        raise BadLocation(str(error)) from None
    if not isinstance(found, list):
        raise BadLocation("The expression does not select nodes")
    elements = [one for one in found if isinstance(one, etree._Element)]
    if not elements:
        return None
    kept: set[etree._Element] = set()
    whole: set[etree._Element] = set()
    for one in elements:
        whole.add(one)
        kept.add(one)
        kept.update(one.iterancestors())
    _drop_others(root, kept, whole)
    etree.indent(root, space="  ")
    return etree.tostring(root, encoding="unicode")


def _drop_others(element: etree._Element, kept: set[etree._Element], whole: set[etree._Element]) -> None:
    if element in whole:
        return
    for child in list(element):
        if child in kept:
            _drop_others(child, kept, whole)
        else:
            element.remove(child)
