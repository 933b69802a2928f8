"""Whose numbers somebody in the inbox says: named to whoever may see that system (rule R3)."""

from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Upper

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.systems.models import NetworkCard, State, System
from roomkeeper.words import gettext as _


def conflicts_of(rows: Iterable[System], grants: Grants) -> dict[int, str]:
    """For the waiting ones among the rows that share a number with a known system: a sentence, by id."""
    waiting = [row for row in rows if row.state == State.PENDING]
    serials = {row.serial_number.upper() for row in waiting if row.serial_number}
    macs = {row.mac_address for row in waiting if row.mac_address}
    if not serials and not macs:
        return {}
    known = (
        System.objects.exclude(state=State.PENDING)
        .annotate(serial_key=Upper("serial_number"))
        .filter(Q(serial_key__in=serials) | Q(mac_address__in=macs))
        .select_related("folder")
        .order_by("pk")
    )
    by_serial: dict[str, System] = {}
    by_mac: dict[str, System] = {}
    for system in known:
        by_serial[system.serial_number.upper()] = by_mac[system.mac_address] = system
    cards = NetworkCard.objects.filter(mac_address__in=macs).select_related("system__folder")
    for card in cards:
        by_mac.setdefault(card.mac_address, card.system)
    found = {}
    for row in waiting:
        same_serial = by_serial.get(row.serial_number.upper()) if row.serial_number else None
        same_mac = by_mac.get(row.mac_address) if row.mac_address else None
        told = [
            _("the {word} of {name}", word=word, name=_name(other, grants))
            for word, other in (("serial number", same_serial), (_("MAC address"), same_mac))
            if other is not None
        ]
        if told:
            own = _("serial number") if same_serial is None else _("MAC address") if same_mac is None else ""
            has_own = bool(own) and bool(row.serial_number if same_serial is None else row.mac_address)
            ending = _(" Admit it by its own {own}.", own=own) if has_own else _(" No number is its own.")
            found[row.pk] = _("It says {told}.{ending}", told=" and ".join(told), ending=ending)
    return found


def _name(system: System, grants: Grants) -> str:
    return (
        str(system)
        if grants.may(Permission.VIEW, system.folder.path)
        else _("a system that you are not allowed to see")
    )
