"""Commands of what a device stores: bookings, macros, panels, banner, branding (protocol notes H, J)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.device import Macro
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


def _nested(flat: dict[str, str]) -> Result:
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *nodes, name = path.split("/")
        here = tree
        for node in nodes:
            here = here.setdefault(node.partition("[")[0], {})
        here[name.partition("[")[0]] = value
    return tree


@command("Bookings/List")
def list_bookings(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The stored bookings; the exact layout is unknown (notes H.3, N.3 no. 9)."""
    offset, limit = int(call.first("Offset", "0")), int(call.first("Limit", "65534"))
    bookings = endpoint.device.shelf.bookings
    shown = [_nested(one) for one in bookings[offset : offset + limit]]
    return {"Booking": shown, "ResultInfo": {"TotalRows": str(len(bookings))}}


@command("Bookings/Get")
def get_booking(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """One booking."""
    for one in endpoint.device.shelf.bookings:
        if one.get("Id") == call.first("Id"):
            return {"Booking": _nested(one)}
    raise CommandFailed("No such booking")


@command("Bookings/Clear")
def clear_bookings(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget all bookings."""
    endpoint.replace_bookings([])
    return {}


@command("Bookings/Put")
def put_bookings(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Replace the list by a JSON body (notes H.2)."""
    try:
        items = json.loads(call.body or "")["Bookings"]
        bookings = [_from_json(one) for one in items]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandFailed("The body is not a list of bookings") from None
    endpoint.replace_bookings(bookings)
    return {}


def _from_json(one: dict[str, Any]) -> dict[str, str]:
    start = datetime.fromisoformat(str(one["Time"]["StartTime"]).replace("Z", "+00:00"))
    end = start + timedelta(minutes=int(one["Time"]["Duration"]))
    return {
        "Id": str(one["Id"]),
        "Title": str(one["Title"]),
        "Agenda": str(one.get("Agenda", "")),
        "Privacy": str(one.get("Privacy", "Public")),
        "Organizer/FirstName": str(one["Organizer"]["Name"]),
        "Organizer/Email": str(one["Organizer"].get("Email", "")),
        "Time/StartTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Time/StartTimeBuffer": str(one["Time"].get("StartTimeBuffer", 300)),
        "Time/EndTime": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Time/EndTimeBuffer": str(one["Time"].get("EndTimeBuffer", 0)),
        "DialInfo/Calls/Call/Number": str(one["Number"]),
        "DialInfo/Calls/Call/Protocol": str(one["Protocol"]),
        "DialInfo/ConnectMode": "OBTP",
    }


def _macro(endpoint: VirtualEndpoint, name: str) -> Macro:
    macro = endpoint.device.shelf.macros.get(name)
    if macro is None:
        raise CommandFailed("No such macro")
    return macro


@command("Macros/Macro/Save")
def save_macro(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Store a macro's code."""
    name, macros = call.first("Name"), endpoint.device.shelf.macros
    if not name:
        raise CommandFailed("The macro has no name")
    if name in macros and call.first("Overwrite", "True") == "False":
        raise CommandFailed("A macro with this name exists already")
    was_active = name in macros and macros[name].is_active
    macros[name] = Macro(name, call.body or "", was_active)
    return {}


def _switch_macros(endpoint: VirtualEndpoint, call: PostedCall, *, is_active: bool) -> Result:
    if endpoint.device.configuration.find("Macros/Mode", "Off") != "On":
        raise CommandFailed("Macros are not enabled: Macros Mode is Off")
    for name in call.all("Name") or list(endpoint.device.shelf.macros):
        _macro(endpoint, name).is_active = is_active
    return {}


@command("Macros/Macro/Activate")
def activate_macro(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Let macros run (their code is stored, not executed)."""
    return _switch_macros(endpoint, call, is_active=True)


@command("Macros/Macro/Deactivate")
def deactivate_macro(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Let macros rest."""
    return _switch_macros(endpoint, call, is_active=False)


@command("Macros/Macro/Get")
def get_macros(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Macros, with their code where asked."""
    name = call.first("Name")
    wanted = [_macro(endpoint, name)] if name else list(endpoint.device.shelf.macros.values())
    shown: list[Result] = []
    for one in wanted:
        entry: Result = {"Active": str(one.is_active), "Name": one.name}
        if call.first("Content", "False") == "True":
            entry = {"Active": str(one.is_active), "Content": one.content, "Name": one.name}
        shown.append(entry)
    return {"Macro": shown}


@command("Macros/Macro/Remove")
def remove_macro(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget one macro."""
    del endpoint.device.shelf.macros[_macro(endpoint, call.first("Name")).name]
    return {}


@command("Macros/Macro/RemoveAll")
def remove_macros(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget all macros."""
    endpoint.device.shelf.macros.clear()
    return {}


@command("UserInterface/Extensions/Panel/Save")
def save_panel(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Store a panel."""
    endpoint.device.shelf.panels[call.first("PanelId")] = call.body or ""
    return {}


@command("UserInterface/Extensions/Panel/Remove")
def remove_panel(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget a panel."""
    if endpoint.device.shelf.panels.pop(call.first("PanelId"), None) is None:
        raise CommandFailed("No such panel")
    return {}


@command("UserInterface/Extensions/Panel/Clicked")
def click_panel(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """As if somebody had touched it."""
    endpoint.device.raise_event("UserInterface/Extensions/Panel/Clicked", {"PanelId": call.first("PanelId")})
    return {}


@command("UserInterface/Extensions/Clear")
def clear_panels(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget all panels."""
    endpoint.device.shelf.panels.clear()
    return {}


@command("SystemUnit/SignInBanner/Set")
def set_banner(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The text shown to who signs in."""
    endpoint.device.shelf.banner = call.body or ""
    return {}


@command("SystemUnit/SignInBanner/Get")
def get_banner(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """That text."""
    return {"Message": endpoint.device.shelf.banner}


@command("SystemUnit/SignInBanner/Clear")
def clear_banner(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """No text."""
    endpoint.device.shelf.banner = ""
    return {}


@command("UserInterface/Branding/Upload")
def upload_branding(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Store a picture."""
    endpoint.device.shelf.branding[call.first("Type")] = call.body or ""
    return {}


@command("UserInterface/Branding/Clear")
def clear_branding(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget the pictures."""
    endpoint.device.shelf.branding.clear()
    return {}
