"""Who acts, and by which road: what every act is noted with."""

import enum
from dataclasses import dataclass
from typing import TypeAlias

from django.contrib.auth.models import AnonymousUser

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Grants, grants_of


class Road(enum.StrEnum):
    """By which road an act came."""

    PAGE = "page"
    API = "api"
    CLI = "cli"
    DEVICE = "device"
    SERVER = "server"


Person: TypeAlias = User | AnonymousUser | None
"""Whoever asks: an account, somebody not signed in, or the server itself."""


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
