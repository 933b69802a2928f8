"""The numbers that belong to a system (rule R3): blanks that it fills in itself, MAC addresses of other network cards.

Who posts is decided in `identification`. Inside the caller's transaction.
"""

from collections.abc import Mapping
from typing import Final

from django.db.models import Q

from roomkeeper.protocols.identification import normalize_mac, normalize_serial
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.models import State, System

# Network[1] and further; a status lists one for each card (protocol notes I.1).
CARDS: Final = 8


def same_identity(serial_number: str, mac_address: str) -> Q:
    """Systems that have the serial number, in any letter case, or the MAC address; none where both are blank."""
    same = Q(pk__in=[])
    if serial_number:
        same |= Q(serial_number__iexact=serial_number)
    if mac_address:
        same |= Q(mac_address=mac_address)
    return same


def fill_blanks(known: Known, serial: str, mac: str, writes: Writes) -> None:
    """Take what the record lacks from what the system says of itself, unless it is another system's already."""
    serial = "" if known.serial_number else normalize_serial(serial)[:64]
    mac = "" if known.mac_address else normalize_mac(mac)
    if serial and not _is_taken("serial_number", serial, known, writes):
        known.serial_number = writes.columns[known.system_id]["serial_number"] = serial
    if mac and not _is_taken("mac_address", mac, known, writes):
        known.mac_address = writes.columns[known.system_id]["mac_address"] = mac


def _is_taken(name: str, value: str, known: Known, writes: Writes) -> bool:
    for system_id, columns in writes.columns.items():
        if system_id != known.system_id and str(columns.get(name, "")).upper() == value.upper():
            return True
    others = System.objects.exclude(state=State.PENDING).exclude(pk=known.system_id)
    return others.filter(**{f"{name}__iexact": value}).exists()


def learn_cards(known: Known, values: Mapping[str, str], writes: Writes) -> None:
    """The MAC addresses that the system's own status lists belong to it, whichever it posts by."""
    for number in range(1, CARDS + 1):
        mac = normalize_mac(values.get(f"Network[{number}]/Ethernet/MacAddress", ""))
        if mac and mac != known.mac_address:
            writes.cards.add((known.system_id, mac))
