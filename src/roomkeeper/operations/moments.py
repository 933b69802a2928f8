"""How SQLite keeps a moment: as Django's own statements write it, also where the statement is ours."""

import importlib
import sqlite3
from datetime import UTC, datetime


def plain(moment: datetime) -> str:
    """The moment as text, in UTC and without its zone: beside one with a zone it would be neither equal nor before."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(" ")


def register() -> None:
    """Have all SQLite connections of this process write moments so. Django's backend is loaded before: it registers
    its own, which keeps the zone."""
    importlib.import_module("django.db.backends.sqlite3.base")

    sqlite3.register_adapter(datetime, plain)
