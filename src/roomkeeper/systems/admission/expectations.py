"""Systems that were announced by their address alone: a hint that a person confirms, never an identity (rule R3)."""

from collections.abc import Iterable, Mapping

from roomkeeper.systems.models import State, System

# What an announcement says of the system that a person takes for the announced one.
_TAKEN = (
    "folder",
    "http_port",
    "https_port",
    "username",
    "password_ciphertext",
    "password_may_use_http",
    "is_secure_only",
    "notes",
)


def announced() -> dict[str, System]:
    """The announcements that are nothing but an address, by that address."""
    rows = System.objects.filter(
        state=State.PRE_REGISTERED, serial_number="", mac_address="", admission_hint_address__isnull=False
    ).select_related("folder")
    return {str(system.admission_hint_address): system for system in rows}


def find_announced(system: System, *addresses: str) -> System | None:
    """The announcement that fits a system which posted from, or says to be at, one of these addresses."""
    wanted = [address for address in addresses if address]
    found = _find_fitting(announced() if wanted else {}, wanted)
    return found if found is not None and found.pk != system.pk else None


def match(systems: Iterable[System]) -> dict[int, System]:
    """For the systems of a list, the announcement that each fits, by id; their contacts have to be loaded."""
    rows = announced()
    found = {}
    for system in systems:
        contact = getattr(system, "contact", None)
        if contact is None or not rows:
            continue
        fitting = _find_fitting(rows, (contact.source_address, contact.reported_address))
        if fitting is not None:
            found[system.pk] = fitting
    return found


def _find_fitting(rows: Mapping[str, System], addresses: Iterable[str]) -> System | None:
    """The one announcement at these addresses. Two, one at each address, are no answer."""
    found = {rows[address].pk: rows[address] for address in addresses if address in rows}
    return next(iter(found.values())) if len(found) == 1 else None


def take_over(system: System, announcement: System) -> None:
    """A person says that this is the announced system: it takes what was announced, and the announcement goes.

    Inside the caller's transaction; the caller saves the system."""
    for name in _TAKEN:
        setattr(system, name, getattr(announcement, name))
    system.name = announcement.name or system.name
    tags = list(announcement.tags.all())
    announcement.delete()
    system.save()
    system.tags.add(*tags)
