"""How a device introduces itself: the Identification block of every post. Not here: believing it (R3)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.xml import encode_element, find_child

MAX_MEMBER: Final = 255  # characters kept of each member

_MAC_SEPARATORS: Final = str.maketrans("", "", ":-. ")
_TWELVE_HEX: Final = re.compile(r"[0-9A-F]{12}", re.ASCII)
_NO_MAC: Final = frozenset({"000000000000", "FFFFFFFFFFFF"})
# What stands where a serial number should: devices without one say these words (rule R3).
_NO_SERIAL: Final = re.compile(r"n/?a|none|unknown|0+|9+", re.ASCII | re.IGNORECASE)


def normalize_mac(text: str) -> str:
    """12 upper-case hex digits without separators; "" for what is not a MAC address, all zeros and all F included."""
    digits = text.translate(_MAC_SEPARATORS).upper()
    return digits if _TWELVE_HEX.fullmatch(digits) and digits not in _NO_MAC else ""


def normalize_serial(text: str) -> str:
    """The serial number as sent, trimmed; "" for what stands in place of one (rule R3)."""
    trimmed = text.strip()
    return "" if _NO_SERIAL.fullmatch(trimmed) else trimmed


def same_serial(one: str, other: str) -> bool:
    """Whether two serial numbers are one: compared without letter case (rule R3)."""
    return one.strip().upper() == other.strip().upper()


@dataclass(frozen=True, slots=True)
class Identification:
    """What a device claims to be: members as sent but trimmed, at most 255 characters, "" where it is silent.

    `product_id` of a PostEvent is no model on CE; the other documents name the model there (protocol notes A.2).
    """

    system_name: str = ""
    mac_address: str = ""
    ip_address: str = ""
    product_type: str = ""
    product_id: str = ""
    software_version: str = ""
    hardware_board: str = ""
    serial_number: str = ""
    ip_address_v6: str = ""

    @property
    def normalized_mac(self) -> str:
        """The MAC address in the form in which two are compared, "" if there is none."""
        return normalize_mac(self.mac_address)


# Wire names in the order of protocol notes A.2; the fields of Identification stand in the same order.
WIRE_NAMES: Final = (
    "SystemName",
    "MACAddress",
    "IPAddress",
    "ProductType",
    "ProductID",
    "SWVersion",
    "HWBoard",
    "SerialNumber",
    "IPAddressV6",
)
FIELD_NAMES: Final = tuple(field.name for field in fields(Identification))
_FIELD_BY_LOWER_NAME: Final = dict(zip((name.lower() for name in WIRE_NAMES), FIELD_NAMES, strict=True))

find_field: Final[Callable[[str], str | None]] = _FIELD_BY_LOWER_NAME.get


def decode_identification(parent: Element | None) -> Identification:
    """The Identification (or SystemIdentifier) child of an element; a blank one where it has none.

    Members are known by name in any case: some say ProductId where CE sends ProductID (protocol notes A.2).
    """
    if parent is None:
        return Identification()
    block = find_child(parent, "Identification")
    if block is None:
        block = find_child(parent, "SystemIdentifier")
    if block is None:
        return Identification()
    found: dict[str, str] = {}
    for member in block:
        field = find_field(member.tag.lower())
        if field and not found.get(field):
            found[field] = (member.text or "").strip()[:MAX_MEMBER]
    return Identification(**found)


def members_of(identification: Identification) -> list[tuple[str, str]]:
    """(wire name, field) of what is written: all but an IPv6 address that there is not, which older releases lack."""
    return [
        (wire, field)
        for wire, field in zip(WIRE_NAMES, FIELD_NAMES, strict=True)
        if field != "ip_address_v6" or identification.ip_address_v6
    ]


def encode_identification(identification: Identification) -> str:
    """The block as text. Raises ValueError for characters that XML cannot hold."""
    members = "".join(
        encode_element(wire, getattr(identification, field), f"Identification/{wire}")
        for wire, field in members_of(identification)
    )
    return f"<Identification>{members}</Identification>"
