"""What is registered at a Cisco Expressway or VCS: its status as XML, its management API as JSON (protocol notes F.8).
Not here: asking for it, and what is done with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xml import children, find_child, parse, text_at
from roomkeeper.words import gettext as _

STATUS_PATH: Final = "/getxml?location=/Status/Registrations"
MANAGEMENT_PATH: Final = "/api/management/status/registration/registration"
SIP: Final = "sip"
H323_ID: Final = "h323"
E164: Final = "e164"
IP: Final = "ip"
LIMIT: Final = 50_000_000
# A cluster has at most 3,750 registrations a peer, of some 40 tags with 200 aliases at worst.
_MOST_TAGS: Final = 1_000_000
_SCHEMES: Final = ("sip:", "sips:", "h323:")
_TYPES: Final = {"e164": E164, "h323id": H323_ID, "url": H323_ID, "email": H323_ID, "ipaddress": IP}


@dataclass(frozen=True, slots=True)
class Registration:
    """One registration: (kind, alias) in the order of the document, and what is known of the device. `peer` is the
    machine of the cluster that holds it, `address` where the device is."""

    protocol: str = ""
    aliases: tuple[tuple[str, str], ...] = ()
    product: str = ""
    subzone: str = ""
    peer: str = ""
    address: str = ""


def decode_status(
    data: bytes, content_type: str = "", *, notes: list[str] | None = None
) -> list[Registration]:
    """The registrations of a status document, as newer and older releases nest them; `notes` as `parse` takes them.
    Raises ProtocolError."""
    root = parse(data, limit=LIMIT, content_type=content_type, notes=notes, most_tags=_MOST_TAGS)
    top = root if root.tag == "Registrations" else find_child(root, "Registrations")
    if top is None:
        raise ProtocolError(
            _("This is a {tag} document where the status of registrations was expected.", tag=root.tag[:40])
        )
    return [_of_element(element) for element in children(top, "Registration")]


def _of_element(element: Element) -> Registration:
    protocol = _protocol_of(text_at(element, "Protocol"))
    details = find_child(element, protocol) if protocol else None
    vendor, subzone = find_child(element, "VendorInfo"), find_child(element, "SubZone")
    address = text_at(details, "CallSignalAddresses", "Address") if details is not None else ""
    return Registration(
        protocol=protocol,
        aliases=tuple(dict.fromkeys(_aliases_of(element, protocol))),
        product=(text_at(vendor, "Product") or (vendor.text or "").strip()) if vendor is not None else "",
        subzone=(text_at(subzone, "Name") or (subzone.text or "").strip()) if subzone is not None else "",
        peer=text_at(element, "Node"),
        address=address or (text_at(details, "Contact") if details is not None else ""),
    )


def _aliases_of(element: Element, protocol: str) -> Iterator[tuple[str, str]]:
    for found in element.iter("AOR"):
        if alias := _bare((found.text or "").strip()):
            yield SIP, alias
    for found in element.iter("Alias"):
        # The gatekeepers before VCS wrote the type as an attribute.
        alias = _bare(text_at(found, "Value") or (found.text or "").strip())
        kind = _TYPES.get((text_at(found, "Type") or found.get("type", "")).lower().replace(".", ""))
        if alias and kind is not None:
            yield (SIP if protocol == "SIP" and kind == H323_ID else kind), alias


def decode_management(found: Any) -> list[Registration]:
    """The registrations of all peers, of JSON that was read; those that are not active are left out. Raises
    ProtocolError."""
    if not isinstance(found, list):
        raise ProtocolError(_("The answer is not a list of peers with their registrations."))
    registrations: list[Registration] = []
    for peer in found:
        records = peer.get("records") if isinstance(peer, dict) else None
        if not isinstance(records, list):
            raise ProtocolError(_("The answer names a peer without its registrations."))
        name = _text(peer, "peer")
        registrations += [
            _of_record(record, name)
            for record in records
            if isinstance(record, dict) and record.get("active", True)
        ]
    return registrations


def _of_record(record: dict[str, Any], peer: str) -> Registration:
    protocol = _protocol_of(_text(record, "protocol"))
    alias, number = _bare(_text(record, "alias")), _bare(_text(record, "number"))
    kind = SIP if protocol == "SIP" else E164 if _is_number(alias) else H323_ID
    aliases = [(kind, alias)] if alias else []
    aliases += [(E164 if _is_number(number) else kind, number)] if number and number != alias else []
    return Registration(
        protocol,
        tuple(aliases),
        product=_text(record, "device_type"),
        subzone=_text(record, "subzone"),
        peer=peer,
    )


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""


def _protocol_of(text: str) -> str:
    return text.upper().replace(".", "")[:10]


def _bare(alias: str) -> str:
    """The alias without a scheme and what follows an address."""
    for scheme in _SCHEMES:
        if alias.lower().startswith(scheme):
            return alias[len(scheme) :].partition(";")[0]
    return alias


def _is_number(text: str) -> bool:
    return bool(text) and all(sign in "0123456789*#" for sign in text)
