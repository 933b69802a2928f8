"""Writes docs/reference/tickets.md from the declared ticket kinds.

Run it after changing them; `make check` and a test hold the committed page against them.
"""

import sys
from pathlib import Path
from typing import Final

from roomkeeper.systems.ticket_kinds import TicketKind, all_kinds

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "tickets.md"
_HEAD: Final = """\
# Tickets

<!-- Written by scripts/generate_tickets.py from src/roomkeeper/systems/ticket_kinds.toml; do not edit by hand. -->

Something that needs a person. A system has at most one open ticket of a kind; found again, its count goes up. It closes
automatically when what was found no longer holds, or by hand with a reason; found once more, a new one opens.
*Acknowledge* says that somebody works on it.

| kind | level | about | what happened | what to do | closes automatically when |
|---|---|---|---|---|---|
"""
_FOOT: Final = """
Level says how urgent: info, warning, critical.

Acknowledging and closing needs the role operator on the system's folder. Tickets about the server need a role on
the root folder.

Nobody is told by mail yet. `roomkeeper_tickets` in the [metrics](metrics.md) counts them for an alarm elsewhere.
"""


def page() -> str:
    """The page as the kinds give it."""
    return _HEAD + "".join(row(kind) for kind in all_kinds().values()) + _FOOT


def row(kind: TicketKind) -> str:
    """What the page tells of a kind."""
    return f"| `{kind.name}` | {kind.level} | {kind.about} | {kind.what} | {kind.todo} | {kind.closes} |\n"


def main() -> None:
    """Write the page; with --check only say whether the committed one is right."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), "utf-8")
    elif page() != PAGE.read_text("utf-8"):
        sys.exit("docs/reference/tickets.md is out of date: run scripts/generate_tickets.py")


if __name__ == "__main__":
    main()
