"""Who acts, and from which source: what every act is noted with."""

import enum
from dataclasses import dataclass

from roomkeeper.accounts.permissions import Grants, grants_of
from roomkeeper.accounts.person import Person


class Road(enum.StrEnum):
    """By which road an act came."""

    PAGE = "page"
    API = "api"
    CLI = "cli"
    DEVICE = "device"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts by a road; `source_address` is where the request came from, "" for the server itself."""

    user: Person
    road: Road
    source_address: str = ""

    @property
    def grants(self) -> Grants:
        """What this actor may do."""
        return grants_of(self.user)
