"""Reading back what a device shows: its panels and pictures, and setting all panels at once (protocol notes J).

That these commands exist is known; how their answers are laid out in detail is not (composed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.xml_in import BadDocument, PostedCall, child, name_of, parse, text_of
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("UserInterface/Extensions/List")
def list_panels(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The stored panels with what is on them."""
    panels = [_members(name, body) for name, body in endpoint.device.shelf.panels.items()]
    return {"Extensions": {"Panel": panels}}


@command("UserInterface/Extensions/Export")
def export_panels(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The same as one text that can be stored again."""
    panels = "".join(_panel_text(name, body) for name, body in endpoint.device.shelf.panels.items())
    return {"Configuration": f"<Extensions><Version>1.11</Version>{panels}</Extensions>"}


@command("UserInterface/Extensions/Set")
def set_panels(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Replace all panels by those of the body."""
    try:
        root = parse((call.body or "").encode())
    except BadDocument as error:
        raise CommandFailed(f"The body is no list of panels: {error}") from None
    panels = {}
    for panel in root:
        if name_of(panel) == "Panel" and text_of(child(panel, "PanelId")):
            text = etree.tostring(panel, encoding="unicode", with_tail=False)
            panels[text_of(child(panel, "PanelId"))] = f"<Extensions>{text}</Extensions>"
    endpoint.device.shelf.panels = panels
    return {}


@command("UserInterface/Branding/Get")
def get_picture(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """A stored picture."""
    picture = endpoint.device.shelf.branding.get(call.first("Type"))
    return {"Data": picture} if picture else {}


def _panel(body: str) -> Any:
    try:
        root = parse(body.encode())
    except BadDocument:
        return None
    return root if name_of(root) == "Panel" else child(root, "Panel")


def _members(name: str, body: str) -> Result:
    panel = _panel(body)
    own = {} if panel is None else _nested(panel)
    return {**own, "PanelId": name}


def _nested(element: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in element:
        if not len(one):
            found[name_of(one)] = (one.text or "").strip()
        else:
            found.setdefault(name_of(one), []).append(_nested(one))
    return found


def _panel_text(name: str, body: str) -> str:
    panel = _panel(body)
    if panel is None:
        return f"<Panel><PanelId>{name}</PanelId></Panel>"
    if child(panel, "PanelId") is None:
        etree.SubElement(panel, "PanelId").text = name
    return str(etree.tostring(panel, encoding="unicode", with_tail=False))
