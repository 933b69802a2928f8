"""From which addresses somebody posted lately as a system: where its secret may go (rule R4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.models import Claim, Contact, System, TimelineEntry
from roomkeeper.words import gettext as _

WINDOW: Final = timedelta(hours=24)
# Rows of posts on a timeline, as the batch writes them.
_POSTS: Final = ("boot", "register", "heartbeat", "event", "document", "feedback", "unreadable")


@dataclass(frozen=True, slots=True)
class Claimant:
    """Somebody who posted as the system: from where, last when, and what they said of themselves ("" is not kept)."""

    address: str
    last_at: datetime
    serial_number: str
    mac_address: str


def claimants_of(system: System, *, now: datetime) -> list[Claimant]:
    """Who posted as the system within the last 24 hours, one for each address, the newest first."""
    found: dict[str, Claimant] = {}
    since = now - WINDOW
    own = system.serial_number, system.mac_address
    contact = Contact.objects.filter(system=system).first()
    if contact is not None and contact.last_seen_at is not None and contact.last_seen_at >= since:
        _keep(found, contact.source_address, contact.last_seen_at, *own)
    posts = TimelineEntry.objects.filter(system=system, kind__in=_POSTS, last_at__gte=since)
    for address, last_at in posts.exclude(source_address="").values_list("source_address", "last_at"):
        _keep(found, address, last_at, *own)
    claims = Claim.objects.filter(system=system, last_at__gte=since)
    for row in claims.values_list("source_address", "last_at", "serial_number", "mac_address"):
        _keep(found, *row)
    return sorted(found.values(), key=lambda one: one.last_at, reverse=True)


def newest_claim(system: System) -> str:
    """Who says to be the system since it fell silent, as a sentence; "" where nobody does."""
    contact = Contact.objects.filter(system=system).first()
    claims = Claim.objects.filter(system=system, service="events")
    if contact is not None and contact.last_seen_at is not None:
        claims = claims.filter(last_at__gt=contact.last_seen_at)
    claim = claims.order_by("-last_at").first()
    if claim is None:
        return ""
    said = ", ".join(
        f"{word} {value}"
        for word, value in (("serial number", claim.serial_number), ("MAC address", claim.mac_address))
        if value
    )
    return _(
        "Since then, posts from {source_address} have claimed to be it without its "
        "secret{what}, as from a device after a factory reset.",
        source_address=claim.source_address,
        what=f" ({said})" if said else "",
    )


def list_addresses(addresses: Iterable[str]) -> str:
    """Addresses as words of a sentence."""
    *first, last = list(addresses)
    return _("{first} and {last}", first=", ".join(first), last=last) if first else last


def _keep(found: dict[str, Claimant], text: str, last_at: datetime, serial: str, mac: str) -> None:
    address = parse_address(text)
    if address is None:
        return
    known = found.get(str(address))
    if known is None or known.last_at < last_at:
        found[str(address)] = Claimant(str(address), last_at, serial, mac)
