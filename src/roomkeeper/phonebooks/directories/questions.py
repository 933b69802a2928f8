"""What is asked of an LDAP server, and what it says."""

from dataclasses import dataclass, field
from typing import Final, Literal

Security = Literal["ldaps", "starttls", "none"]
Scope = Literal["base", "one", "sub"]
LDAPS_PORT: Final = 636
LDAP_PORT: Final = 389


@dataclass(frozen=True, slots=True)
class Server:
    """Where, and how the connection is secured."""

    host: str
    port: int
    security: Security

    @property
    def url(self) -> str:
        """As libldap wants it."""
        scheme = "ldaps" if self.security == "ldaps" else "ldap"
        return f"{scheme}://{self}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks, and whose certificates are trusted (PEM; empty: the machine's). Shown nowhere."""

    user: str = ""
    password: str = field(default="", repr=False)
    authority: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: no attributes are all; `most` entries are enough, None for all."""

    base: str
    filter: str
    attributes: tuple[str, ...] = ()
    scope: Scope = "sub"
    page_size: int = 500
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as the server tells it: by attribute the octets of its values, in its order. `long` are the greatest
    lengths among values that were left out because of it, `many` attributes with more values than are taken."""

    search: int
    dn: str
    values: dict[str, list[bytes]]
    long: dict[str, int] = field(default_factory=dict)
    many: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Referral:
    """Part of what was asked for is at one of these addresses (`ldap://…`), or all of it; none where nobody says."""

    search: int
    urls: tuple[str, ...] = ()
    is_all: bool = False


class AskingFailed(Exception):
    """The question was not answered. `stage` is where it went wrong: connecting, silence (no answer in time), slow (all
    of it takes too long), reading, memory, ended (the process did), cancelled; `code` the LDAP result code, `words` the
    server's or the library's own. `told` entries came before; it went wrong in search number `search`."""

    def __init__(self, stage: str, code: int = 0, words: str = "", told: int = 0, search: int = 0) -> None:
        super().__init__(stage)
        self.stage, self.code, self.words, self.told, self.search = stage, code, words, told, search
