"""Where the address books of a CardDAV server are (RFC 6764, RFC 6352): from its name, an account or a book itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from roomkeeper.phonebooks.sources import SourceFailed
from roomkeeper.phonebooks.sources.fetching import Answer, HttpClient
from roomkeeper.phonebooks.sources.urls import address_of, server_of
from roomkeeper.protocols import webdav
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.webdav import Multistatus, Response
from roomkeeper.words import gettext as _

WELL_KNOWN: Final = "/.well-known/carddav"
MOST_BOOKS: Final = 200
_HERE: Final = (
    "resourcetype",
    "displayname",
    "current-user-principal",
    "supported-report-set",
    "C:addressbook-home-set",
)
_BOOKS: Final = ("resourcetype", "displayname", "supported-report-set")
# There is something else at an address, or nothing.
_ELSEWHERE: Final = (400, 403, 404, 405, 409, 410, 415, 422, 501)
_MULTISTATUS: Final = 207


@dataclass(slots=True)
class AddressBook:
    """An address book: where it is, what people call it, and what can be asked of it as far as is known."""

    url: str
    name: str
    can_sync: bool = True
    can_multiget: bool = True

    @property
    def path(self) -> str:
        """Its path, as those of its cards are compared."""
        return unquote(urlsplit(self.url).path)


def ask(
    client: HttpClient, method: str, url: str, body: bytes, depth: str, accepts: tuple[int, ...] = ()
) -> Answer:
    """The answer to a request of WebDAV."""
    headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": depth}
    return client.fetch(method, url, headers=headers, body=body, accepts=accepts)


def multistatus_of(answer: Answer) -> Multistatus:
    """What the answer says. Raises `SourceFailed` where that is something else, or not whole."""
    if answer.status != _MULTISTATUS:
        raise _no_carddav(answer.url)
    try:
        return webdav.decode_multistatus(answer.body, answer.headers.get("content-type", ""))
    except ProtocolError as error:
        raise SourceFailed(
            _(
                "The answer of {server} cannot be read. {problem} What stands was kept.",
                server=server_of(answer.url),
                problem=str(error),
            )
        ) from error


def find_books(client: HttpClient, wanted: Sequence[str] = ()) -> list[AddressBook]:
    """The address books that the account can see from the source's address, or the wanted ones of them by their names.
    Raises `SourceFailed` where there is none, and where one of the wanted is not there."""
    found = sorted(_all_books(client), key=lambda book: book.url)
    if len(found) > MOST_BOOKS:
        raise SourceFailed(
            _("{server} has more than {most} address books.", server=server_of(client.home), most=MOST_BOOKS)
        )
    if not found:
        raise SourceFailed(
            _(
                "This account has no address book at {address}. Check the address and the account.",
                address=address_of(client.home),
            )
        )
    chosen: list[AddressBook] = []
    for name in wanted:
        named = [book for book in found if name.strip().casefold() in _names_of(book)]
        if not named:
            raise SourceFailed(
                _(
                    "{server} has no address book {name}. It has {books}. What stands was kept.",
                    server=server_of(client.home),
                    name=name,
                    books=", ".join(book.name for book in found[:20]),
                )
            )
        chosen += [book for book in named if book not in chosen]
    return chosen or found


def _names_of(book: AddressBook) -> set[str]:
    return {book.name.casefold(), book.path.rstrip("/").rpartition("/")[2].casefold()}


def _all_books(client: HttpClient) -> list[AddressBook]:
    is_bare = urlsplit(client.home).path in ("", "/")
    base, here = _first_that_answers(client, is_bare=is_bare)
    if "addressbook" in here.types:
        return [_book_of(client, here, base)]
    # Whoever gives more than a server means what is there, which need not be the account's own.
    if not is_bare and (books := _books_in(client, base, accepts=_ELSEWHERE)):
        return books
    homes = _homes_of(client, here, base)
    return [book for home in homes[:MOST_BOOKS] for book in _books_in(client, home)]


def _first_that_answers(client: HttpClient, *, is_bare: bool) -> tuple[str, Response]:
    """(address, what is there) of the first place that speaks WebDAV."""
    places = [client.home, client.join(WELL_KNOWN)]
    for place in reversed(places) if is_bare else places:
        answer = ask(client, "PROPFIND", place, webdav.encode_propfind(*_HERE), "0", accepts=_ELSEWHERE)
        if answer.status == _MULTISTATUS and (responses := multistatus_of(answer).responses):
            return answer.url, responses[0]
    raise _no_carddav(client.home)


def _homes_of(client: HttpClient, here: Response, base: str) -> list[str]:
    """Where the account has its address books."""
    if homes := _addresses(client, here, "addressbook-home-set", base):
        return homes
    for principal in _addresses(client, here, "current-user-principal", base)[:1]:
        answer = ask(client, "PROPFIND", principal, webdav.encode_propfind("C:addressbook-home-set"), "0")
        for response in multistatus_of(answer).responses[:1]:
            if homes := _addresses(client, response, "addressbook-home-set", answer.url):
                return homes
    raise _no_carddav(client.home)


def _addresses(client: HttpClient, response: Response, name: str, base: str) -> list[str]:
    return [client.demand_home(client.join(href, base)) for href in response.hrefs.get(name, ()) if href]


def _books_in(client: HttpClient, home: str, accepts: tuple[int, ...] = ()) -> list[AddressBook]:
    answer = ask(client, "PROPFIND", home, webdav.encode_propfind(*_BOOKS), "1", accepts=accepts)
    if answer.status in accepts:
        return []
    return [
        _book_of(client, response, answer.url)
        for response in multistatus_of(answer).responses
        if "addressbook" in response.types
    ]


def _book_of(client: HttpClient, response: Response, base: str) -> AddressBook:
    url = client.demand_home(client.join(response.href, base))
    name = " ".join(response.texts.get("displayname", "").split())[:100]
    # A server that does not say what it can is asked.
    can = response.reports
    return AddressBook(
        url,
        name or unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])[:100],
        can_sync=not can or "sync-collection" in can,
        can_multiget=not can or "addressbook-multiget" in can,
    )


def _no_carddav(url: str) -> SourceFailed:
    return SourceFailed(
        _(
            "There is no CardDAV service at {address}. Check the address; that of an address book stands in its"
            " settings on the server.",
            address=address_of(url),
        )
    )
