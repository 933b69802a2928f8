"""Ways to dial an entry: kinds of address, protocols, and what a system can dial. Pure."""

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from roomkeeper.protocols.phonebook import Route
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.systems.addresses import parse_address
from roomkeeper.words import gettext as _

Method = Sequence[str]
"""(kind, address, bandwidth class), as it is kept."""


class MethodKind(enum.StrEnum):
    """Kinds of addresses."""

    SIP = "sip"
    H323 = "h323"
    E164 = "e164"
    IP = "ip"
    ISDN = "isdn"
    TELEPHONE = "telephone"


SIP: Final = 1
H323: Final = 2
ISDN: Final = 4
ALL: Final = SIP | H323 | ISDN
# By which protocols an address of a kind can be dialled.
PROTOCOLS: Final[Mapping[str, int]] = {
    MethodKind.SIP: SIP,
    MethodKind.H323: H323,
    MethodKind.E164: H323,
    MethodKind.IP: SIP | H323,
    MethodKind.ISDN: ISDN,
    MethodKind.TELEPHONE: SIP | H323 | ISDN,
}
# As a route says them, with what stands behind the address (protocol notes F.3; ISDN and telephone: unproven).
_NAMES: Final = {SIP: ("SIP", "SIP"), H323: ("H323", "H.323"), ISDN: ("H320", "ISDN")}
# What a device is told of the bandwidth: 384 is what was seen on the wire.
CALL_TYPES: Final = ("384", "auto", "tel", "64", "128", "768", "1920", "2048", "4096", "6000")
_WIRE_TYPES: Final = {"auto": "Auto", "tel": "Tel"}
_DIAL_SIGNS: Final = re.compile(r"[\s()/-]+")
# A user or a number may stand without its host: the system's own proxy knows it.
_SIP_ADDRESS: Final = re.compile(r"(sips?:)?[^\s@<>\"]+(@[^\s@<>\"]+)?", re.IGNORECASE)
# Digits, with the pauses and tones that follow a number.
_NUMBER: Final = re.compile(r"(tel:)?\+?[0-9*#,;.]+", re.IGNORECASE)
_MODES: Final = ((SIP, "NetworkServices/SIP/Mode"), (H323, "NetworkServices/H323/Mode"))
_LABELS: Final = {
    MethodKind.SIP: "SIP",
    MethodKind.H323: "H.323 ID",
    MethodKind.E164: "E.164",
    MethodKind.IP: "IP address",
    MethodKind.ISDN: "ISDN",
    MethodKind.TELEPHONE: "telephone",
}


def label_of(kind: str) -> str:
    """The kind in words."""
    return _LABELS[MethodKind(kind)]


def protocols_of(methods: Iterable[Method]) -> int:
    """A bit for each protocol by which one of the addresses can be dialled."""
    found = 0
    for method in methods:
        found |= PROTOCOLS.get(method[0], 0)
    return found


def dial_key(methods: Sequence[Method]) -> str:
    """The first address in one spelling; "" where there is none."""
    return key_of(methods[0][1]) if methods else ""


def key_of(address: str) -> str:
    """An address in one spelling: without scheme, blanks and letter case; of a number the digits and a plus."""
    text = address.strip().lower().removeprefix("sips:").removeprefix("sip:").removeprefix("h323:")
    text = text.removeprefix("tel:")
    if "@" not in text and not any(sign.isalpha() for sign in text):
        text = _DIAL_SIGNS.sub("", text)
    return text[:255]


def dial_string(kind: str, address: str) -> str:
    """The address as it is dialled: no blanks and brackets in a number."""
    if kind in (MethodKind.E164, MethodKind.ISDN, MethodKind.TELEPHONE):
        return _DIAL_SIGNS.sub("", address)
    return address.strip()


def fault_of(kind: str, address: str) -> str:
    """Why nobody can dial the address, as a sentence; "" where it may be one of that kind."""
    text = dial_string(kind, address)
    if kind == MethodKind.IP and parse_address(text) is None:
        return _("{address!r} is not an IP address; enter one as in 10.1.2.3.", address=address)
    if kind == MethodKind.SIP and not _SIP_ADDRESS.fullmatch(text):
        return _("{address!r} is not a SIP address; enter one as in anna@example.org.", address=address)
    if kind in (MethodKind.E164, MethodKind.ISDN, MethodKind.TELEPHONE) and not _NUMBER.fullmatch(text):
        return _("{address!r} is not a number to dial; enter one as in +47 22 33 44 55.", address=address)
    return ""


def dialable(settings: Mapping[str, str] | None) -> int:
    """The protocols that a system can dial, by its reported settings; all where they are not known."""
    if not settings:
        return ALL
    found = {match_key(path): value for path, value in settings.items()}
    modes = {bit: found.get(match_key(path)) for bit, path in _MODES}
    bits = ALL
    for bit, mode in modes.items():
        # What a device lacks, it cannot dial: RoomOS has no H.323 setting on some models.
        if mode is None or mode.lower() == "off":
            bits &= ~bit
    # Reported neither: an older spelling, or no settings of calls at all; nothing is left out for that.
    return bits if any(mode is not None for mode in modes.values()) else ALL


@lru_cache(maxsize=20_000)
def routes_of(methods: tuple[Method, ...], can_dial: int, system_type: str = "") -> tuple[Route, ...]:
    """The routes of an entry for a system that can dial that, best first."""
    found: dict[tuple[str, str], Route] = {}
    for kind, address, call_type in methods:
        usable = PROTOCOLS.get(kind, 0) & can_dial
        text = dial_string(kind, address)
        if not usable or not text:
            continue
        bit = next(bit for bit in (SIP, H323, ISDN) if usable & bit)
        if kind == MethodKind.IP and usable & H323:
            bit = H323
        name, words = _NAMES[bit]
        wire_type = "Tel" if kind == MethodKind.TELEPHONE else _WIRE_TYPES.get(call_type, call_type or "384")
        found.setdefault(
            (name, text), Route(text, name, f"{text} ({words})", call_type=wire_type, system_type=system_type)
        )
    return tuple(found.values())
