"""A directory read as a source's settings say: its servers in turn, and those that it refers to."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from roomkeeper.devices.contactable import Contactable
from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.directories import looking, wording
from roomkeeper.phonebooks.directories.asking import ask
from roomkeeper.phonebooks.directories.questions import (
    LDAP_PORT,
    LDAPS_PORT,
    AskingFailed,
    Entry,
    Login,
    Referral,
    Scope,
    Search,
    Security,
    Server,
)
from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.systems import network_settings
from roomkeeper.systems.addresses import parse_networks
from roomkeeper.words import gettext as _

_REFERRALS: Final = 20
_SERVERS: Final = 10
# Parts of every Active Directory in which no people are.
_NO_PEOPLE: Final = ("dc=domaindnszones,", "dc=forestdnszones,", "cn=configuration,")

CONNECTION_INPUTS: Final = (
    Input(
        name="servers",
        most=1_000,
        label="Servers",
        meaning="Names or addresses, separated by commas; the first that answers is asked. A name may have a port"
        " (dc1.example.org:3269).",
    ),
    Input(
        name="security",
        default="ldaps",
        choices=(
            ("ldaps", "LDAPS"),
            ("starttls", "StartTLS"),
            ("none", "none: the password is sent as it is"),
        ),
        label="Security",
        meaning="How the connection is secured. Without it each reading warns.",
    ),
    Input(
        name="port",
        type=int,
        default=0,
        least=0,
        most=65_535,
        label="Port",
        meaning="0: 636 for LDAPS, else 389. The global catalogue of Active Directory has 3269 and 3268.",
    ),
    Input(
        name="authority",
        default="",
        most=200_000,
        is_long=True,
        label="Certificate authority",
        meaning="In PEM, where the server's certificate is signed by one of your own; then these alone are trusted."
        " Empty: the authorities of this machine.",
    ),
    Input(
        name="username",
        default="",
        most=500,
        label="User name",
        meaning="A DN, or name@domain with Active Directory; empty: nobody logs in. It need only read.",
    ),
    Input(name="password", default="", most=1_000, is_secret=True, label="Password"),
    Input(
        name="base",
        most=1_000,
        label="Base",
        meaning="The branch in which is searched: ou=people,dc=example,dc=org.",
    ),
    Input(
        name="scope",
        default="sub",
        choices=(("sub", "the base and all below it"), ("one", "directly below the base")),
        label="Scope",
        meaning="How deep is searched.",
    ),
)
"""What a kind that reads a directory takes first."""

LIMIT_INPUTS: Final = (
    Input(
        name="page_size",
        type=int,
        default=500,
        least=1,
        most=5_000,
        label="Page size",
        meaning="How many entries the server is asked for at once; Active Directory's own limit is 1,000.",
    ),
    Input(
        name="follow",
        type=bool,
        default=False,
        label="Follow referrals",
        meaning="Ask the servers that the directory refers to, too, with the same login and security. Otherwise a"
        " reading tells of them.",
    ),
    Input(
        name="time_limit",
        type=int,
        default=30,
        least=1,
        most=300,
        label="Time limit",
        meaning="For each answer, in seconds.",
    ),
)
"""And what it takes last."""


class Directory:
    """The directory of a reading; raises `SourceFailed` where its settings cannot be used.

    `contactable` are the networks of loopback and the like that may be asked, by default those of the Network settings.
    """

    def __init__(self, reading: Reading, *, contactable: Contactable | None = None) -> None:
        self._reading = reading
        given = reading.settings
        self._security: Security = given.get("security") or "ldaps"
        usual = LDAPS_PORT if self._security == "ldaps" else LDAP_PORT
        self._port = int(given.get("port") or usual)
        self._servers = self._read_servers(str(given.get("servers") or ""))
        self._login = Login(
            str(given.get("username") or ""),
            str(given.get("password") or ""),
            str(given.get("authority") or "").strip(),
        )
        self._limit = float(given.get("time_limit") or 30)
        self._follows = bool(given.get("follow"))
        if contactable is None:
            contactable = Contactable(parse_networks(network_settings.get().contactable_networks))
        self._contactable = contactable
        if looking.authority_problem(self._login):
            raise SourceFailed(wording.problem_sentence("authority", self._servers[0]))
        if self._login.user and not self._login.password:
            raise SourceFailed(_("Enter the password of {user}, or no user name.", user=self._login.user))

    def search(self, searches: Sequence[Search]) -> Iterator[Entry]:
        """The entries of all searches, one after the other. Raises `SourceFailed`, also in the middle."""
        if self._security == "none" and self._login.user:
            self._warn(
                _(
                    "The password for {server} is sent unencrypted: choose LDAPS or StartTLS.",
                    server=self._servers[0],
                )
            )
        refers: list[Referral] = []
        for found in self._first_that_answers(searches):
            if isinstance(found, Referral):
                refers.append(found)
            else:
                yield found
        yield from self._referred(searches, refers)

    def _read_servers(self, text: str) -> list[Server]:
        names = text.replace(",", " ").split()
        if not names:
            raise SourceFailed(_("Enter at least one server."))
        return [self._server_of(name) for name in names[:_SERVERS]]

    def _server_of(self, name: str) -> Server:
        address = name.rpartition("://")[2].rstrip("/")
        if address.count(":") > 1 and not address.startswith("["):
            return Server(address, self._port, self._security)
        try:
            parts = urlsplit(f"//{address}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or parts.path or parts.query or "@" in address:
            raise SourceFailed(_("{name} is not the name or address of a server.", name=name[:200]))
        return Server(host, port or self._port, self._security)

    # One after the other

    def _first_that_answers(self, searches: Sequence[Search]) -> Iterator[Entry | Referral]:
        passed: list[str] = []
        for server in self._servers:
            problem = looking.addresses_problem(server, self._contactable)
            if problem:
                passed.append(wording.problem_sentence(problem, server))
                continue
            answer = self._ask(server, searches)
            with closing(answer):
                try:
                    next(answer)
                except AskingFailed as failure:
                    sentence = self._sentence(failure, server, searches[0])
                    if not wording.is_about_connection(failure):
                        raise SourceFailed(sentence) from None
                    passed.append(sentence)
                    continue
                for sentence in passed:
                    self._warn(
                        _("{sentence} {server} was asked in its place.", sentence=sentence, server=server)
                    )
                yield from self._told(answer, server, searches)
                return
        raise SourceFailed(" ".join(passed))

    def _ask(self, server: Server, searches: Sequence[Search]) -> Any:
        return ask(server, self._login, searches, limit=self._limit, is_cancelled=self._reading.is_cancelled)

    def _told(self, answer: Any, server: Server, searches: Sequence[Search]) -> Iterator[Entry | Referral]:
        try:
            yield from answer
        except AskingFailed as failure:
            raise SourceFailed(self._sentence(failure, server, searches[failure.search])) from None

    def _sentence(self, failure: AskingFailed, server: Server, search: Search) -> str:
        if wording.is_about_connection(failure):
            problem = looking.connection_problem(server, self._login, min(self._limit, 10.0))
            if problem:
                return wording.problem_sentence(problem, server)
        return wording.failure_sentence(failure, server, search, self._login, self._limit)

    # Elsewhere

    def _referred(self, searches: Sequence[Search], refers: Sequence[Referral]) -> Iterator[Entry]:
        waiting = deque(refers)
        asked: set[tuple[str, str, int]] = set()
        while waiting:
            referral = waiting.popleft()
            if not referral.urls:
                raise SourceFailed(
                    _(
                        "{server} told nothing of {base}: another server has it, or the account may not read it. Enter"
                        " the server that has it.",
                        server=self._servers[0],
                        base=searches[referral.search].base,
                    )
                )
            found = self._target(referral, searches[referral.search])
            if found is None:
                self._warn(_("{server} refers to an address that is not LDAP.", server=self._servers[0]))
                continue
            server, search = found
            mark = (str(server).lower(), search.base.lower(), referral.search)
            if mark in asked or self._is_own(server, search, searches[referral.search]):
                continue
            asked.add(mark)
            if search.base.lower().startswith(_NO_PEOPLE):
                continue
            if not self._follows and referral.is_all:
                raise SourceFailed(
                    _(
                        "{base} is on another server, {server}. Enter that server, or follow referrals.",
                        base=searches[referral.search].base,
                        server=server,
                    )
                )
            if not self._follows:
                self._warn(
                    _(
                        "Part of the directory ({base}) is on {server}, which was not asked: follow referrals, or add a"
                        " source for it.",
                        base=search.base,
                        server=server,
                    )
                )
                continue
            if len(asked) > _REFERRALS:
                raise SourceFailed(
                    _(
                        "The directory refers to more than {most} other places. Read them by sources of their own.",
                        most=_REFERRALS,
                    )
                )
            yield from self._follow(server, search, referral.search, waiting)

    def _follow(
        self, server: Server, search: Search, number: int, waiting: deque[Referral]
    ) -> Iterator[Entry]:
        problem = looking.addresses_problem(server, self._contactable)
        if problem:
            raise SourceFailed(wording.problem_sentence(problem, server))
        answer = self._ask(server, [search])
        with closing(answer):
            try:
                next(answer)
            except AskingFailed as failure:
                raise SourceFailed(self._sentence(failure, server, search)) from None
            for found in self._told(answer, server, [search]):
                if isinstance(found, Referral):
                    waiting.append(Referral(number, found.urls, found.is_all))
                else:
                    yield Entry(number, found.dn, found.values, found.long, found.many)

    def _is_own(self, server: Server, search: Search, of: Search) -> bool:
        """Whether it is the very question that was asked first."""
        return server in self._servers and search.base.lower() == of.base.lower() and search.scope == of.scope

    def _target(self, referral: Referral, search: Search) -> tuple[Server, Search] | None:
        """The first of the addresses that can be asked: with our own security, whatever it says."""
        for url in referral.urls:
            try:
                parts = urlsplit(url)
                host, port = parts.hostname, parts.port
            except ValueError:
                continue
            if parts.scheme not in ("ldap", "ldaps") or not host:
                continue
            if port in (None, LDAP_PORT, LDAPS_PORT):
                port = self._port
            base = unquote(parts.path.lstrip("/")) or search.base
            words = [unquote(one) for one in parts.query.split("?")]
            named = words[1].lower() if len(words) > 1 else ""
            # One level further down than one level is the base alone (RFC 4511 4.5.3).
            scope: Scope = search.scope if named not in ("base", "one", "sub") else named  # type: ignore[assignment]
            if not named and search.scope == "one":
                scope = "base"
            filter_ = words[2] if len(words) > 2 and words[2] else search.filter
            return Server(host, port or self._port, self._security), Search(
                base, filter_, search.attributes, scope, search.page_size, search.most
            )
        return None

    def _warn(self, sentence: str) -> None:
        if sentence not in self._reading.warnings:
            self._reading.warnings.append(sentence)
