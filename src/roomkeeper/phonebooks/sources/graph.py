"""Microsoft 365 as a source: people, organisational contacts or rooms of a tenant, by Microsoft Graph.

People and contacts have a delta query: after the first reading only what changed is told, with all selected properties
(protocol notes F.7). It does not tell of people who are restored, and a token lives seven days. So everything is read
anew before that, and where the token is refused: 410, or `syncStateNotFound` with any 4xx.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.phonebooks.sources.bounds import Bounds, key_of
from roomkeeper.phonebooks.sources.fetching import (
    ORDINARY,
    PROXY_INPUTS,
    TLS_INPUTS,
    Answer,
    Credentials,
    HttpClient,
)
from roomkeeper.phonebooks.sources.graph_sign_in import GRAPH_URL, base_of, fetch_token
from roomkeeper.phonebooks.sources.json_values import Value, decode_json, find_at, flat, text_of
from roomkeeper.phonebooks.sources.urls import server_of
from roomkeeper.phonebooks.sources.wording import status_sentence
from roomkeeper.words import gettext as _

NAME: Final = "graph"
MOST_PAGES: Final = 5_000
# More changes than that are read anew with all else.
MOST_CHANGES: Final = 20_000
WHOLE_EVERY_SECONDS: Final = 6 * 86_400
# Graph asks for up to several minutes where a tenant is throttled.
_PATIENCE: Final = replace(ORDINARY, longest_wait=300.0)
_CODE: Final = re.compile(r"[A-Za-z_.]{1,80}", re.ASCII)
_LOST: Final = ("syncstatenotfound", "syncstateinvalid", "resyncrequired", "directory_expiredpagetoken")
_SIP: Final = "sip:"


@dataclass(frozen=True, slots=True)
class Collection:
    """What of a tenant is read: where it is, what may be asked for, and the permission that it takes."""

    path: str
    permission: str
    properties: tuple[str, ...] = ()
    always: tuple[str, ...] = ()

    @property
    def has_delta(self) -> bool:
        """Whether it tells changes only."""
        return self.path.endswith("/delta")


_PERSON: Final = (
    "displayName", "givenName", "surname", "mail", "proxyAddresses", "jobTitle", "department", "companyName",
)  # fmt: skip
COLLECTIONS: Final[Mapping[str, Collection]] = {
    "users": Collection(
        "/v1.0/users/delta",
        "User.Read.All",
        (
            *_PERSON,
            "userPrincipalName",
            "imAddresses",
            "businessPhones",
            "mobilePhone",
            "officeLocation",
            "city",
        ),
        ("id", "displayName", "accountEnabled", "userType"),
    ),
    "contacts": Collection(
        "/v1.0/contacts/delta", "OrgContact.Read.All", (*_PERSON, "phones"), ("id", "displayName")
    ),
    # Not in the clouds of governments and China [C: “List places”].
    "rooms": Collection("/v1.0/places/microsoft.graph.room", "Place.Read.All"),
}


class _DeltaLost(Exception):
    """The token of the last reading is not good any more."""


@dataclass(slots=True)
class _Page:
    items: list[dict[str, Value]] = field(default_factory=list)
    following: str = ""
    delta: str = ""


class _Graph:
    """Asks Graph, with a token that is renewed once where it ends in the middle."""

    def __init__(self, client: HttpClient, reading: Reading, collection: Collection) -> None:
        self._client = client
        self._reading = reading
        self._collection = collection
        self._server = server_of(client.home)

    def pages(self, url: str) -> Iterator[_Page]:
        """All pages from an address on. Raises `_DeltaLost` and `SourceFailed`."""
        asked: set[str] = set()
        while url:
            if url in asked or len(asked) >= MOST_PAGES:
                raise SourceFailed(
                    _(
                        "{server} names pages without end ({count}). What stands was kept.",
                        server=self._server,
                        count=len(asked),
                    )
                )
            asked.add(url)
            page = self._page(url)
            yield page
            url = page.following

    def _page(self, url: str) -> _Page:
        answer = self._ask(url)
        if answer.status == 401:
            # Tokens live an hour; a large tenant that throttles takes longer.
            self._client.credentials = Credentials.of_token(fetch_token(self._reading))
            answer = self._ask(url)
        if answer.status != 200:
            raise self._refused(answer)
        found = decode_json(answer.body, self._server)
        items = find_at(found, "value")
        if not isinstance(items, list):
            raise SourceFailed(
                _(
                    "{server} answered something that is not a list of Graph. Check its address.",
                    server=self._server,
                )
            )
        following, delta = (
            text_of(find_at(found, "@odata.nextLink")),
            text_of(find_at(found, "@odata.deltaLink")),
        )
        return _Page(
            [item for item in items if isinstance(item, dict)],
            self._client.demand_home(following) if following else "",
            self._client.demand_home(delta) if delta else "",
        )

    def _ask(self, url: str) -> Answer:
        return self._client.fetch(
            "GET", url, headers={"Accept": "application/json"}, accepts=(400, 401, 403, 404, 410)
        )

    def _refused(self, answer: Answer) -> Exception:
        code = ""
        with suppress(SourceFailed):
            code = text_of(find_at(decode_json(answer.body[:100_000], self._server), "error.code"))
        if answer.status == 410 or code.lower() in _LOST:
            return _DeltaLost()
        if answer.status == 403:
            return SourceFailed(
                _(
                    "{server} forbids the application to read this (403). Give it the application permission"
                    " {permission} in Entra, with the consent of an administrator.",
                    server=self._server,
                    permission=self._collection.permission,
                )
            )
        if _CODE.fullmatch(code) and answer.status != 401:
            return SourceFailed(
                _(
                    "{server} refused the request ({code}).",
                    server=self._server,
                    code=f"{answer.status}, {code}",
                )
            )
        return SourceFailed(status_sentence(answer.status, answer.url))


def selected(collection: Collection, asked: frozenset[str]) -> str:
    """What is asked for, for `$select`: what is mapped, or all that a phone book can use; "" where all is told."""
    if not collection.properties:
        return ""
    wanted = {name.partition("[")[0].partition(".")[0] for name in asked} or set(collection.properties)
    if "sip" in wanted:
        wanted |= {"imAddresses", "proxyAddresses"}
    found = (*collection.always, *(name for name in collection.properties if name in wanted))
    return ",".join(dict.fromkeys(found))


def fields_of(item: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The fields of a person, a contact or a room; `sip` are its SIP addresses, wherever they stand."""
    yield from flat({name: value for name, value in item.items() if "@" not in name})
    found: dict[str, str] = {}
    for name, is_sip in (("imAddresses", True), ("proxyAddresses", False)):
        values = item.get(name)
        for value in values if isinstance(values, list) else ():
            text = text_of(value)
            if text[: len(_SIP)].lower() == _SIP:
                text = text[len(_SIP) :]
            elif not is_sip:
                continue
            found.setdefault(text.lower(), text)
    yield from (("sip", text) for text in found.values())


def key_in(item: Mapping[str, Value]) -> str:
    """By what it is known: the id, which is a person's for good. That of a room can change [C: “room resource type”],
    so there it is `placeId` where there is one, else its address."""
    names = ("placeId", "emailAddress", "id") if "emailAddress" in item else ("id",)
    return next((key for name in names if (key := key_of(text_of(item.get(name))))), "")


def _is_gone(item: Mapping[str, Value], settings: Mapping[str, Any]) -> bool:
    """Whether it is deleted, or none of those that are wanted: disabled, or a guest."""
    is_guest = text_of(item.get("userType")).lower() == "guest"
    return (
        "@removed" in item
        or item.get("accountEnabled") is False
        or (is_guest and not settings.get("with_guests"))
    )


def _record_of(item: Mapping[str, Value], settings: Mapping[str, Any], bounds: Bounds) -> Record | None:
    key = key_in(item)
    if not key:
        return None
    if _is_gone(item, settings):
        return Record(key, is_gone=True)
    return Record(key, bounds.fields(fields_of(item)), at=text_of(item.get("displayName"))[:200])


def _read(reading: Reading) -> Iterator[Record]:
    settings, bounds = reading.settings, Bounds()
    collection = COLLECTIONS[str(settings.get("what") or "users")]
    home = base_of(settings, "graph_url", GRAPH_URL)
    token = Credentials.of_token(fetch_token(reading))
    select = selected(collection, reading.asked)
    # What was asked when the token was given: of anything else it would tell nothing.
    tracked = "|".join(
        (home, str(settings.get("tenant")), collection.path, select, str(settings.get("with_guests")))
    )
    with HttpClient(reading, home, token, patience=_PATIENCE) as client:
        graph = _Graph(client, reading, collection)
        changes = _changes(graph, reading, tracked)
        if changes is not None:
            reading.is_partial = True
            records = [_record_of(item, settings, bounds) for item in changes]
            yield from (record for record in records if record is not None)
        else:
            url = home + collection.path + (f"?$select={quote(select, safe=',')}" if select else "")
            yield from _whole(graph, reading, url, tracked, bounds)
    bounds.tell(reading)


def _changes(graph: _Graph, reading: Reading, tracked: str) -> list[dict[str, Value]] | None:
    """What changed since the last reading, each once as it is now; None where everything is to be read."""
    memory = reading.memory
    is_old = time.time() - float(memory.get("whole_at") or 0) > WHOLE_EVERY_SECONDS
    if reading.most is not None or is_old or memory.get("tracked") != tracked or not memory.get("delta"):
        return None
    found: dict[str, dict[str, Value]] = {}
    delta = ""
    try:
        for page in graph.pages(str(memory["delta"])):
            for item in page.items:
                # The same one may come several times, each newer than the last.
                found[key_in(item)] = item
            delta = page.delta
            if len(found) > MOST_CHANGES:
                return None
    except _DeltaLost:
        return None
    if not delta:
        return None
    memory["delta"] = delta
    return list(found.values())


def _whole(graph: _Graph, reading: Reading, url: str, tracked: str, bounds: Bounds) -> Iterator[Record]:
    began, told, delta = time.time(), 0, ""
    reading.memory.clear()
    try:
        for page in graph.pages(url):
            for item in page.items:
                record = _record_of(item, reading.settings, bounds)
                # Of several the last one counts; what went while it was read goes, too.
                if record is not None and (not record.is_gone or "@removed" in item):
                    yield record
                    told += not record.is_gone
                if reading.most is not None and told >= reading.most:
                    return
            delta = page.delta
    except _DeltaLost:
        raise SourceFailed(
            _(
                "The tenant was moved while it was read. What stands was kept; it is read again when it is due."
            )
        ) from None
    if delta:
        reading.memory.update(delta=delta, tracked=tracked, whole_at=began)


GRAPH: Final = register(
    SourceKind(
        name=NAME,
        label="Microsoft 365 (Graph)",
        meaning="People, contacts or rooms of a tenant, by Microsoft Graph; after the first reading only what changed.",
        takes=(
            Input(
                name="what",
                default="users",
                choices=(("users", "people"), ("contacts", "organisational contacts"), ("rooms", "rooms")),
                label="What",
                meaning="For each of them the application needs a permission: User.Read.All, OrgContact.Read.All,"
                " Place.Read.All.",
            ),
            Input(name="tenant", most=200, label="Tenant", meaning="Its id, or a domain of it."),
            Input(name="client_id", most=200, label="Client id", meaning="Of the application in Entra."),
            Input(name="client_secret", most=1_000, is_secret=True, label="Client secret"),
            Input(
                name="with_guests",
                type=bool,
                default=False,
                label="Guests, too",
                meaning="People of other tenants who are guests in this one.",
            ),
            Input(
                name="login_url",
                default="",
                most=500,
                label="Sign-in address",
                meaning="Of a national cloud; empty for https://login.microsoftonline.com.",
            ),
            Input(
                name="graph_url",
                default="",
                most=500,
                label="Address of Graph",
                meaning="Of a national cloud; empty for https://graph.microsoft.com.",
            ),
            *TLS_INPUTS,
            *PROXY_INPUTS,
        ),
        read=_read,
        mapping={
            "name": ("displayName",),
            "note": ("jobTitle", "department", "building"),
            "sip": ("sip",),
            "telephone": ("businessPhones[]", "mobilePhone", "phones[].number", "phone"),
        },
        every=60,
        reaches_out=True,
    )
)
