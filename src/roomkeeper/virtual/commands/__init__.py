"""What commands do.  Importing this package fills the registry; one module per subject."""

from roomkeeper.virtual.commands import (
    calls,
    certificates,
    feedback,
    phonebook,
    rooms,
    screens,
    stored,
    system,
    users,
)
from roomkeeper.virtual.commands.registry import CommandFailed, CommandOutcome, run, simulated

__all__ = [
    "CommandFailed",
    "CommandOutcome",
    "calls",
    "certificates",
    "feedback",
    "phonebook",
    "rooms",
    "run",
    "screens",
    "simulated",
    "stored",
    "system",
    "users",
]
