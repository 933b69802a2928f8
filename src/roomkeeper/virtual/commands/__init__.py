"""What commands do.  Importing this package fills the registry; one module per subject."""

from roomkeeper.virtual.commands import feedback, rooms, system
from roomkeeper.virtual.commands.registry import CommandFailed, Outcome, run

__all__ = ["CommandFailed", "Outcome", "feedback", "rooms", "run", "system"]
