"""Small changes of a system's record by hand: its folder, notes, address, Secure-Only, password over plain HTTP."""

import re

from django.db import transaction

from roomkeeper.systems import live
from roomkeeper.systems.models import Folder, System

NOTES_LIMIT = 10_000
_HOST = re.compile(r"[A-Za-z0-9.:_-]{0,255}")


class AddressRefused(ValueError):
    """The address or port cannot be one of a device."""


def move(system: System, folder: Folder) -> None:
    """Put the system into another folder; open pages of both folders hear of it."""
    with transaction.atomic():
        live.publish("systems", folder_path=system.folder.path)
        system.folder = folder
        system.save(update_fields=["folder"])
        live.publish("systems", folder_path=folder.path)
        live.publish("system", system)


def set_notes(system: System, notes: str) -> None:
    """Words of people on the system; at most ten thousand characters are kept."""
    system.notes = notes.strip()[:NOTES_LIMIT]
    system.save(update_fields=["notes"])


def allow_password_over_http(system: System, is_allowed: bool) -> None:
    """Whether the stored password may be sent over plain HTTP (rule R6)."""
    system.password_may_use_http = is_allowed
    system.save(update_fields=["password_may_use_http"])


def usable_address(host: str, http_port: int | None, https_port: int | None) -> str:
    """The host as it may be stored beside these ports; raises `AddressRefused`."""
    host = host.strip()
    if not _HOST.fullmatch(host):
        raise AddressRefused(f"{host!r} is no host name and no IP address.")
    if any(port is not None and not 1 <= port <= 65_535 for port in (http_port, https_port)):
        raise AddressRefused("A port is a number from 1 to 65535.")
    return host


def set_address(system: System, host: str, http_port: int | None, https_port: int | None) -> None:
    """Where the device is tried; without ports, those of Network settings. Raises `AddressRefused`."""
    host = usable_address(host, http_port, https_port)
    with transaction.atomic():
        system.host, system.http_port, system.https_port = host, http_port, https_port
        system.save(update_fields=["host", "http_port", "https_port"])
        live.publish("system", system)
