"""What a device's SNMP system group says of it: who it is and which family. Pure: values in, facts out.

Everything in it was sent by somebody unknown: types are checked, lengths capped, control characters taken out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from roomkeeper.devices.registry import recognise
from roomkeeper.protocols.text import decode_text

SYSTEM_GROUP: Final = "1.3.6.1.2.1.1"
DESCRIPTION, OBJECT_ID, UPTIME, CONTACT, NAME, LOCATION = (f"{SYSTEM_GROUP}.{n}.0" for n in range(1, 7))
OBJECTS: Final = (DESCRIPTION, OBJECT_ID, UPTIME, CONTACT, NAME, LOCATION)
# Protocol notes K: the enterprise of TANDBERG, and what a description of one of these devices begins with.
_ENTERPRISE: Final = "1.3.6.1.4.1.5596"
_OWN_WORDS: Final = re.compile(r"tandberg\b|cisco (telepresence|codec)\b", re.IGNORECASE)
_OBJECT_ID: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10}){1,31}", re.ASCII)
_LONGEST_TEXT: Final = 255
_LONGEST_DESCRIPTION: Final = 1000
_LABELS: Final = {
    "softw": "software_version",
    "mcu": "product",
    "date": "release_date",
    "s/n": "serial_number",
}


@dataclass(frozen=True, slots=True)
class Description:
    """What the lines of a codec's sysDescr say; "" for what is not there."""

    product_type: str = ""
    software_version: str = ""
    product: str = ""
    release_date: str = ""
    serial_number: str = ""


@dataclass(frozen=True, slots=True)
class SnmpFacts:
    """Who answered. `is_device`: one of our devices, of `family`, which is `unmanaged` for everything else.

    Product, version and serial number are "" where the description has no such line; `uptime` is None where the
    agent does not tell it. `stretching` is how the agent stretches keys (`snmp.STRETCHINGS`), "" where none was.
    """

    family: str
    is_device: bool
    sys_object_id: str = ""
    description: str = ""
    contact: str = ""
    name: str = ""
    location: str = ""
    uptime: timedelta | None = None
    product_type: str = ""
    product: str = ""
    software_version: str = ""
    release_date: str = ""
    serial_number: str = ""
    stretching: str = ""


def parse_description(text: str) -> Description:
    """The lines of a codec's sysDescr: product type, then `SoftW:`, `MCU:`, `Date:`, `S/N:` (protocol notes K).

    Liberal: labels in any order and case, the first of each counts, other lines are passed over. Text without any
    of the labels is not a codec's, and gives nothing.
    """
    found: dict[str, str] = {}
    first = ""
    for number, line in enumerate(text[:_LONGEST_DESCRIPTION].splitlines()):
        label, colon, value = line.partition(":")
        field = _LABELS.get(label.strip().lower()) if colon else None
        if field is not None:
            found.setdefault(field, _clean(value))
        elif number == 0:
            first = _clean(line)
    return Description(first, **found) if found else Description()


def facts_of(values: Mapping[str, object]) -> SnmpFacts | None:
    """The facts in the objects of a system group, by object id; None where nothing in it can be used.

    The family follows from sysObjectID and software version. Words count only where it says to be one of these
    devices: any other machine may be named "codec".
    """
    description = _lines(values.get(DESCRIPTION))
    object_id = values.get(OBJECT_ID)
    if not isinstance(object_id, str) or not _OBJECT_ID.fullmatch(object_id):
        object_id = ""
    name = _text(values.get(NAME))
    if not (description or object_id or name):
        return None
    parsed = parse_description(description)
    is_ours = f"{object_id}.".startswith(f"{_ENTERPRISE}.") or _OWN_WORDS.match(description) is not None
    family = recognise(
        product_type=parsed.product_type if is_ours else "",
        product_id=parsed.product if is_ours else "",
        software_version=parsed.software_version if is_ours else "",
        sys_object_id=object_id,
    )
    return SnmpFacts(
        family=family.name,
        is_device=not family.is_fallback,
        sys_object_id=object_id,
        description=description,
        contact=_text(values.get(CONTACT)),
        name=name,
        location=_text(values.get(LOCATION)),
        uptime=_uptime(values.get(UPTIME)),
        product_type=parsed.product_type,
        product=parsed.product,
        software_version=parsed.software_version,
        release_date=parsed.release_date,
        serial_number=parsed.serial_number,
    )


def _lines(value: object) -> str:
    """A text of several lines, each of them clean."""
    if not isinstance(value, bytes):
        return ""
    # Octets that SNMP gives no charset for: sysName of an old codec is whatever a person typed in its menu.
    text = decode_text(value[: 4 * _LONGEST_DESCRIPTION]).text[:_LONGEST_DESCRIPTION]
    return "\n".join(filter(None, map(_clean, text.splitlines())))


def _text(value: object) -> str:
    return _clean(_lines(value).replace("\n", " "))


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()[:_LONGEST_TEXT]


def _uptime(value: object) -> timedelta | None:
    """From hundredths of a second, of which SNMP has 32 bits."""
    if type(value) is not int or not 0 <= value < 2**32:
        return None
    return timedelta(milliseconds=value * 10)
