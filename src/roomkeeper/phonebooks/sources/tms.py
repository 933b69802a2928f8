"""The phone book service of another manager as a source: Cisco TMS, Roomkeeper, or what else speaks PhoneBookSearch.

It is asked as an endpoint asks (protocol notes F): the folders level by level, each in pages. Its ids are the keys:
those of TMS are the numbers of its own rows [C for their form]; whether an entry keeps its id when TMS reads its own
source anew is not known [U]. Where it does not, a reading removes and adds, and more than the allowed share waits for a
yes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.dialling import CALL_TYPES
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.phonebooks.sources.bounds import Bounds, key_of
from roomkeeper.phonebooks.sources.fetching import LOGIN_INPUTS, TLS_INPUTS, Credentials, HttpClient
from roomkeeper.phonebooks.sources.urls import server_of
from roomkeeper.phonebooks.sources.wording import status_sentence
from roomkeeper.protocols import soap
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import Identification, normalize_mac
from roomkeeper.protocols.phonebook import Catalog, PhonebookEntry, Route, Search
from roomkeeper.protocols.phonebook_client import SOAP_ACTION, decode_search_result, encode_search
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

NAME: Final = "tms"
SERVICE_PATH: Final = "/tms/public/external/phonebook/phonebookservice.asmx"
# As an endpoint asks for at most (protocol notes F.2).
PAGE: Final = 100
DEEPEST: Final = 20
MOST_FOLDERS: Final = 5_000
MOST_REQUESTS: Final = 20_000
_ALIAS: Final = re.compile(r"\+?[0-9*#,]+", re.ASCII)
_ISDN: Final = ("isdn", "h320", "h.320")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is to be read: its id ("" at the top), and ids and names from the top down to it."""

    id: str = ""
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Walk:
    """What was met on the way through all folders."""

    met: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)
    requests: int = 0
    cycles: dict[str, str] = field(default_factory=dict)
    mended: list[str] = field(default_factory=list)
    repeated: int = 0


class _Service:
    """Asks one service."""

    def __init__(self, client: HttpClient, reading: Reading, mac: str) -> None:
        self._client = client
        self._reading = reading
        self._identification = Identification(mac_address=mac, product_type="Roomkeeper")
        self._server = server_of(client.home)

    def walk(self, walk: Walk) -> Iterator[tuple[Folder, PhonebookEntry]]:
        """Every entry once, with the folder in which it was met first. Raises `SourceFailed`."""
        waiting = [Folder()]
        while waiting:
            folder = waiting.pop()
            inner: list[Folder] = []
            for item in self._items(folder, walk):
                if isinstance(item, PhonebookEntry):
                    if item.id and item.id in walk.entries:
                        walk.repeated += 1
                        continue
                    walk.entries.add(item.id)
                    yield folder, item
                elif item.id in folder.ids:
                    walk.cycles.setdefault(item.id, item.name or item.id)
                elif item.id and item.id not in walk.met:
                    walk.met.add(item.id)
                    inner.append(
                        Folder(item.id, (*folder.ids, item.id), (*folder.names, item.name or item.id))
                    )
            if inner:
                self._check(folder, walk)
            waiting += reversed(inner)

    def _check(self, folder: Folder, walk: Walk) -> None:
        if len(folder.ids) >= DEEPEST or len(walk.met) > MOST_FOLDERS:
            raise SourceFailed(
                _(
                    "The folders of {server} are deeper than {deepest} levels, or more than {most}. What stands was"
                    " kept. Set fewer phone books on the system that it knows us by.",
                    server=self._server,
                    deepest=DEEPEST,
                    most=MOST_FOLDERS,
                )
            )

    def _items(self, folder: Folder, walk: Walk) -> Iterator[Catalog | PhonebookEntry]:
        """Folders and entries of one level, page by page: until an item says that it is the last, or nothing new
        comes."""
        seen: set[str] = set()
        start = ""
        while True:
            walk.requests += 1
            if walk.requests > MOST_REQUESTS:
                raise SourceFailed(
                    _(
                        "{server} has more than {count} pages. What stands was kept.",
                        server=self._server,
                        count=MOST_REQUESTS,
                    )
                )
            found = self._ask(folder, start, walk)
            items: list[Catalog | PhonebookEntry] = [*found.catalogs, *found.entries]
            new = [item for item in items if item.id not in seen]
            for item in new:
                if item.id not in seen or not item.id:
                    seen.add(item.id)
                    yield item
            if not items or items[-1].is_last:
                return
            if not new or items[-1].id in ("", start):
                self._demand_all(folder, found, len(seen), len(items))
                return
            start = items[-1].id

    def _demand_all(self, folder: Folder, found: Catalog, told: int, at_once: int) -> None:
        """Raises `SourceFailed` where it told the same page again and says that there are more."""
        if at_once >= PAGE and found.entry_count > told:
            raise SourceFailed(
                _(
                    "{server} tells the first {told} of {count} entries of {folder}, and then the same again. What"
                    " stands was kept.",
                    server=self._server,
                    told=told,
                    count=found.entry_count,
                    folder=" / ".join(folder.names) or _("its phone book"),
                )
            )

    def _ask(self, folder: Folder, start: str, walk: Walk) -> Catalog:
        search = Search(
            self._identification, path=folder.id, is_subtree=False, max_results=PAGE, start_from_id=start
        )
        try:
            body = encode_search(search)
        except ValueError as error:
            raise SourceFailed(
                _("{server} has a folder whose id cannot be sent: {error}", server=self._server, error=error)
            ) from error
        answer = self._client.fetch(
            "POST",
            self._client.home,
            headers={
                "Content-Type": soap.get_content_type(soap.SOAP_11),
                "SOAPAction": SOAP_ACTION,
                "Accept": "text/xml, application/soap+xml",
            },
            body=body,
            accepts=(500,),
        )
        try:
            return decode_search_result(
                answer.body, answer.headers.get("content-type", ""), notes=walk.mended
            )
        except ProtocolError as error:
            if answer.status == 500 and b"Fault" not in answer.body[:20_000]:
                raise SourceFailed(status_sentence(500, answer.url)) from None
            raise SourceFailed(
                _(
                    "The answer of {server} is not one of a phone book. {error}",
                    server=self._server,
                    error=error,
                )
            ) from error


def fields_of(folder: Folder, entry: PhonebookEntry) -> list[tuple[str, str]]:
    """The fields of an entry: its name, its folders, and its addresses by their kind."""
    found = [("name", entry.name), ("system_type", entry.system_type)]
    if folder.names:
        found += [("folder", folder.names[-1]), ("path", " / ".join(folder.names))]
    found += [(kind_of(route), route.dial_string) for route in entry.routes]
    rates = (route.call_type.lower() for route in entry.routes)
    found += [("bandwidth", rate) for rate in rates if rate in CALL_TYPES and rate != "tel"][:1]
    return found


def kind_of(route: Route) -> str:
    """The kind of address that a route is, by its protocol and its form. A system with H.323 ID, E.164 alias and IP
    address has three routes of protocol H323 (protocol notes F.3). How TMS names ISDN is not known [U]."""
    protocol = route.protocol.strip().lower()
    if route.call_type.lower() in ("tel", "telephone") or protocol in ("tel", "telephone"):
        return "telephone"
    if protocol in _ISDN:
        return "isdn"
    if _is_ip(route.dial_string):
        return "ip"
    if protocol == "sip" or (not protocol.startswith("h") and "@" in route.dial_string):
        return "sip"
    return "e164" if _ALIAS.fullmatch(route.dial_string) else "h323"


def _is_ip(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def service_url(url: str) -> str:
    """The address of the service: where only a server is named, the one at which TMS has it."""
    parts = urlsplit(url.strip())
    if parts.scheme in ("http", "https") and parts.path in ("", "/"):
        return parts._replace(path=SERVICE_PATH, query="").geturl()
    return url


def _mac_of(reading: Reading) -> str:
    text = str(reading.settings.get("mac") or "").strip()
    digits = normalize_mac(text)
    if text and not digits:
        raise SourceFailed(
            _("{text!r} is not a MAC address. Enter one as 08:96:AD:00:00:01.", text=text[:40])
        )
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _read(reading: Reading) -> Iterator[Record]:
    settings = reading.settings
    mac = _mac_of(reading)
    login = Credentials.of_login(settings)
    bounds, walk, told = Bounds(), Walk(), 0
    with HttpClient(reading, service_url(str(settings.get("url") or "")), login) as client:
        for folder, entry in _Service(client, reading, mac).walk(walk):
            yield Record(
                key_of(entry.id), bounds.fields(fields_of(folder, entry)), at=" / ".join(folder.names)[:200]
            )
            told += 1
            if reading.most is not None and told >= reading.most:
                return
        if not told:
            reading.warnings.append(
                _(
                    "{server} told no entry. It has to know the system with this MAC address, and have a phone book set"
                    " on it.",
                    server=server_of(client.home),
                )
            )
    _tell(walk, bounds, reading)


def _tell(walk: Walk, bounds: Bounds, reading: Reading) -> None:
    if walk.cycles:
        reading.warnings.append(
            _(
                "The folder {name} stands in itself; it was read once.",
                name=", ".join(list(walk.cycles.values())[:5])[:300],
            )
        )
    if walk.repeated:
        reading.warnings.append(
            ngettext(
                "{count} entry stands in several folders; it is told in the first.",
                "{count} entries stand in several folders; they are told in the first.",
                walk.repeated,
            )
        )
    if walk.mended:
        reading.warnings.append(
            _(
                "Its answers are not well-formed XML and were mended: {what}",
                what=" ".join(walk.mended[:3])[:300],
            )
        )
    bounds.tell(reading)


TMS: Final = register(
    SourceKind(
        name=NAME,
        label="phone book service of another manager",
        meaning="The phone books that Cisco TMS or another manager gives one of its systems.",
        takes=(
            Input(
                name="url",
                most=2_000,
                label="Address",
                meaning="Of the server, as https://tms.example.org, or of its phone book service.",
            ),
            Input(
                name="mac",
                default="",
                most=40,
                label="MAC address",
                meaning="Of a system that the other manager knows: its phone books are read. Needed by TMS.",
            ),
            *LOGIN_INPUTS,
            *TLS_INPUTS,
        ),
        read=_read,
        mapping={
            "name": ("name",),
            "note": ("folder",),
            "sip": ("sip",),
            "h323": ("h323",),
            "e164": ("e164",),
            "ip": ("ip",),
            "isdn": ("isdn",),
            "telephone": ("telephone",),
            "bandwidth": ("bandwidth",),
        },
        every=360,
        reaches_out=True,
    )
)
