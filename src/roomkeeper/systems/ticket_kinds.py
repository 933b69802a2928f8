"""The kinds of tickets that there are, read from `ticket_kinds.toml`: level, meaning, advice, when one closes."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

LEVELS: Final = ("info", "warning", "critical")
ABOUT: Final = ("system", "server")
LONGEST: Final = 48


class UnknownKind(LookupError):
    """No ticket kind of that name is declared in ticket_kinds.toml."""


@dataclass(frozen=True, slots=True)
class TicketKind:
    """One kind. `what` is what happened, `todo` what can be done, `closes` when a ticket of it closes automatically."""

    name: str
    level: str
    about: str
    what: str
    todo: str
    closes: str


@lru_cache(maxsize=1)
def all_kinds() -> dict[str, TicketKind]:
    """Every kind by its name, in the order of the file. Raises ValueError for one that is not whole."""
    return read_kinds(files("roomkeeper.systems").joinpath("ticket_kinds.toml").read_text("utf-8"))


def read_kinds(text: str) -> dict[str, TicketKind]:
    """The kinds that a file tells of. Raises ValueError for one that is not whole."""
    return {name: read_kind(name, row) for name, row in tomllib.loads(text).items()}


def read_kind(name: str, row: dict[str, str]) -> TicketKind:
    """A kind as it stands in the file. Raises ValueError with what is wrong about it."""
    wanted = {"level", "about", "what", "todo", "closes"}
    if set(row) != wanted:
        raise ValueError(f"The ticket kind {name!r} has {sorted(row)} and needs {sorted(wanted)}.")
    if row["level"] not in LEVELS or row["about"] not in ABOUT or not 0 < len(name) <= LONGEST:
        raise ValueError(
            f"The ticket kind {name!r} has another level or subject than there are, or a long name."
        )
    return TicketKind(name, **row)


def get_kind(name: str) -> TicketKind:
    """The kind of that name. Raises `UnknownKind`."""
    try:
        return all_kinds()[name]
    except KeyError as error:
        raise UnknownKind(f"No ticket kind {name!r} is declared; add it to ticket_kinds.toml.") from error
