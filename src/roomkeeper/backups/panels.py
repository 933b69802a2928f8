"""Panels of the touch screen: out of what devices answer, and as the text that `Panel/Save` takes. Pure.

How `Extensions/List` and `/Export` lay out their answers differs by release and is known in part only (protocol notes
J), so both forms are read: nodes of the result, and a text that holds XML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xml import parse

# What the panel editor of current releases writes; a device takes older ones as well.
VERSION = "1.11"
_PANEL = re.compile(r"^(?:.*?/)?(?P<panel>Panel(?:\[\d+\])?)/(?P<rest>.+)$")
_INDEX = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its id, and the document that stores it again; "" where the device told nothing but the id."""

    panel_id: str
    document: str


def decode_panels(values: Mapping[str, str]) -> list[Panel]:
    """The panels in a command's result (path to value), in its order."""
    for value in values.values():
        if "<Extensions" in value:
            return _in_document(value)
    branches: dict[str, list[tuple[list[str], str]]] = {}
    for path, value in values.items():
        found = _PANEL.match(path)
        # The first Panel of a path is the panel; pages below it have other names.
        if found is not None:
            branches.setdefault(found["panel"], []).append((found["rest"].split("/"), value))
    return [panel for leaves in branches.values() if (panel := _from_leaves(leaves)) is not None]


def _from_leaves(leaves: list[tuple[list[str], str]]) -> Panel | None:
    panel_id = next((value for steps, value in leaves if steps == ["PanelId"]), "")
    if not panel_id:
        return None
    told = [steps for steps, _ in leaves if steps != ["PanelId"]]
    return Panel(panel_id, _document(_render_leaves(leaves)) if told else "")


def _render_leaves(leaves: list[tuple[list[str], str]]) -> str:
    below: dict[str, list[tuple[list[str], str]]] = {}
    for steps, value in leaves:
        below.setdefault(steps[0], []).append((steps[1:], value))
    parts = []
    for step, found in below.items():
        name = _INDEX.sub("", step)
        inside = (
            escape(found[0][1])
            if found == [([], found[0][1])]
            else _render_leaves([one for one in found if one[0]])
        )
        parts.append(f"<{name}>{inside}</{name}>")
    return "".join(parts)


def _in_document(text: str) -> list[Panel]:
    try:
        root = parse(text[text.index("<Extensions") :].encode())
    except ProtocolError:
        return []
    panels = []
    for element in root:
        panel_id = next((one.text or "" for one in element if one.tag == "PanelId"), "")
        if element.tag == "Panel" and panel_id:
            panels.append(Panel(panel_id.strip(), _document(_render(element))))
    return panels


def _render(element: Element) -> str:
    """What stands inside the element, as text; panels carry nothing in attributes but numbers of items."""
    if len(element):
        return "".join(f"<{one.tag}>{_render(one)}</{one.tag}>" for one in element)
    return escape((element.text or "").strip())


def _document(inside: str) -> str:
    return f"<Extensions><Version>{VERSION}</Version><Panel>{inside}</Panel></Extensions>"
