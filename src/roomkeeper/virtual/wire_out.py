"""What an endpoint posts: SOAP events, posted documents, feedback (protocol notes A.2, B, C.4)."""

from __future__ import annotations

import json
from typing import Any

from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.paths import order, split
from roomkeeper.virtual.xml_out import list_of_unknown_length, render_tree, single_attributes, text

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SERVICE = "http://www.tandberg.net/2004/11/SystemManagementService/"

SOAP_ACTION = f'"{_SERVICE}PostEvent"'
XML_TYPE = "text/xml; charset=utf-8"
JSON_TYPE = "application/json"


def _identification(
    device: VirtualDevice, indent: str, *, product_type: str, product_id: str, board: str | None
) -> str:
    identity = device.identity
    members = {
        "SystemName": device.name,
        "MACAddress": identity.mac,
        "IPAddress": identity.reported_address,
        "ProductType": product_type,
        "ProductID": product_id,
        "SWVersion": device.version,
        "HWBoard": board,
        "SerialNumber": identity.serial,
    }
    rows = "".join(
        f"{indent}  <{name}>{text(value)}</{name}>\n" for name, value in members.items() if value is not None
    )
    return f"{indent}<Identification>\n{rows}{indent}</Identification>\n"


def post_event(device: VirtualDevice, event: str) -> bytes:
    """The SOAP envelope of Boot, Register or Beat, with the members in the order that Cisco printed (notes A.2)."""
    dialect = device.profile.dialect
    who = _identification(
        device,
        "      ",
        product_type=dialect.post_product_type,
        product_id=dialect.post_product_id,
        board=dialect.post_hardware_board,
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<env:Envelope xmlns:env="{_SOAP}" xmlns="{_SERVICE}">\n'
        f'  <env:Body xmlns="{_SERVICE}">\n'
        f"    <PostEvent>\n{who}      <Event>{text(event)}</Event>\n    </PostEvent>\n"
        "  </env:Body>\n"
        "</env:Envelope>\n"
    ).encode()


def _own_identification(device: VirtualDevice) -> str:
    """As posted documents and feedback carry it: the model, and no board (notes B)."""
    return _identification(
        device, "  ", product_type=device.profile.product, product_id=device.profile.product_id, board=None
    )


def posted_document(device: VirtualDevice, location: str) -> bytes | None:
    """The document that a manager asked for by its location; None for one that this endpoint has not."""
    root = location.strip().strip("/").capitalize()
    if root not in ("Status", "Configuration", "Command", "Valuespace"):
        return None
    return (
        '<?xml version="1.0"?>\n<PostedDocument>\n'
        f"{_own_identification(device)}  <Location>{text(location.strip())}</Location>\n"
        f"{device.document(root)}\n</PostedDocument>\n"
    ).encode()


def upgrade_status(device: VirtualDevice) -> bytes:
    """The progress of an upgrade for Software/Feedback/URL; its full shape is unknown (notes B)."""
    node = "Provisioning/Software/UpgradeStatus"
    facts = [
        (path[len("Provisioning/Software/") :], value) for path, value in device.status.under(node).items()
    ]
    return (
        f'<?xml version="1.0"?>\n<PostedDocument>\n{_own_identification(device)}{render_tree(facts)}</PostedDocument>\n'
    ).encode()


def feedback_xml(device: VirtualDevice, root: str, changed: dict[str, str], ghosts: list[str]) -> bytes:
    """One feedback post: the changed branch, or the event, below the identification (notes C.4)."""
    ordered = sorted(changed.items(), key=lambda one: order(one[0]))
    single = single_attributes(device.profile)
    if root == "Event":
        # Every element of an event carries item="1".
        numbered = [
            ("/".join(f"{name}[{item or 1}]" for name, item in split(path)), value) for path, value in ordered
        ]
        body = render_tree(numbered, node_attributes=lambda node, item: f' item="{item}"')
    elif root == "Configuration":
        body = render_tree(
            ordered,
            node_attributes=lambda node, item: (
                f' item="{item}" maxOccurrence="{device.configuration.maximum(node)}"'
            ),
            single=single,
        )
    else:
        body = render_tree(ordered, single=single) + "".join(_ghost(node, single) for node in ghosts)
    return f'<?xml version="1.0"?>\n<{root}>\n{_own_identification(device)}{body}</{root}>\n'.encode()


def _ghost(node: str, single: str) -> str:
    """`<Call ghost="True" item="8" maxOccurrence="n"/>` inside its parents."""
    *parents, (name, item) = split(node)
    opening = "".join(
        f"<{one}{single if number is None else list_of_unknown_length('', number)}>"
        for one, number in parents
    )
    closing = "".join(f"</{one}>" for one, _ in reversed(parents))
    return f'  {opening}<{name} ghost="True" item="{item or 1}" maxOccurrence="n"/>{closing}\n'


def _wrap(value: str) -> dict[str, Any]:
    number = value.removeprefix("-")
    return {"Value": int(value) if number.isascii() and number.isdigit() and len(number) < 16 else value}


def feedback_json(device: VirtualDevice, root: str, changed: dict[str, str], ghosts: list[str]) -> bytes:
    """The same tree with every leaf as {"Value": …}; list members carry "id" (notes C.4, E)."""
    identity = device.identity
    tree: dict[str, Any] = {
        "Identification": {
            "SystemName": _wrap(device.name),
            "MACAddress": {"Value": identity.mac},
            "IPAddress": {"Value": identity.reported_address},
            "ProductType": {"Value": device.profile.product},
            "ProductID": {"Value": device.profile.product_id},
            "SWVersion": {"Value": device.version},
            "SerialNumber": {"Value": identity.serial},
        }
    }
    for path, value in sorted(changed.items(), key=lambda one: order(one[0])):
        place(tree, split(path), _wrap(value))
    for node in ghosts:
        *parents, (name, item) = split(node)
        place(tree, (*parents, (name, item), ("ghost", None)), "True")
    return json.dumps({root: tree}).encode()


def place(tree: dict[str, Any], steps: tuple[tuple[str, int | None], ...], value: Any) -> None:
    """Put a value into a JSON tree: list members are objects in an array, told apart by `"id"` (notes E)."""
    here = tree
    for name, item in steps[:-1]:
        here = _member(here, name, item) if item is not None else here.setdefault(name, {})
    name, item = steps[-1]
    if item is None:
        here[name] = value
    elif isinstance(value, dict):
        _member(here, name, item).update(value)
    else:
        _member(here, name, item)["Value"] = value


def _member(here: dict[str, Any], name: str, item: int) -> dict[str, Any]:
    members: list[dict[str, Any]] = here.setdefault(name, [])
    for one in members:
        if one.get("id") == str(item):
            return one
    fresh: dict[str, Any] = {"id": str(item)}
    members.append(fresh)
    return fresh
