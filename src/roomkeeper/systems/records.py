"""Small changes of a system's record by hand: its folder, notes, and whether its password may use plain HTTP."""

from django.db import transaction

from roomkeeper.systems import live
from roomkeeper.systems.models import Folder, System

NOTES_LIMIT = 10_000


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
