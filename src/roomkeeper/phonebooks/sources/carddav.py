"""Address books on a CardDAV server as a source: found from any address of it, and read by what changed since.

An entry is known by the path of its card: a server tells only the path of one that went.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.phonebooks.sources.carddav_discovery import AddressBook, ask, find_books, multistatus_of
from roomkeeper.phonebooks.sources.fetching import LOGIN_INPUTS, TLS_INPUTS, Credentials, HttpClient
from roomkeeper.phonebooks.sources.vcard_file import MAPPING, Problems, is_group, record_of
from roomkeeper.protocols import webdav
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.vcard import Card, read_cards
from roomkeeper.words import gettext as _

NAME: Final = "carddav"
AT_ONCE: Final = 100  # cards in one answer
# Where a server keeps no tokens, so many tags of cards are remembered; of more, everything is read each time.
MOST_TAGS: Final = 5_000
MOST_CARDS: Final = 250_000
_MOST_PAGES: Final = 5_000
_LONGEST_TOKEN: Final = 4_000
_LONGEST_KEY: Final = 255
# A server that does not know a report, or this token.
_REFUSED: Final = (400, 403, 404, 405, 409, 410, 412, 415, 422, 501)
_GONE: Final = (404, 410)


@dataclass(slots=True)
class _Found:
    """What is to be read of a book: addresses of cards by their paths, paths that went, what to remember of it."""

    cards: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    memory: dict[str, Any] = field(default_factory=dict)


def _read(reading: Reading) -> Iterator[Record]:
    settings = reading.settings
    problems = Problems(reading.warnings)
    told = 0
    with HttpClient(reading, str(settings.get("url") or ""), _credentials(settings)) as client:
        books = find_books(client, settings.get("books") or [])
        plan = None if reading.most is not None else _changes(client, books, reading.memory)
        reading.is_partial = plan is not None
        if plan is None:
            plan = [_everything(client, book) for book in books]
        try:
            for book, found in zip(books, plan, strict=True):
                for record in _records(client, book, found, problems, is_partial=reading.is_partial):
                    if reading.most is not None and told >= reading.most:
                        return
                    told += 1
                    yield record
        finally:
            problems.close()
        reading.memory = {"books": {book.url: found.memory for book, found in zip(books, plan, strict=True)}}


def _credentials(settings: Mapping[str, Any]) -> Credentials:
    token = str(settings.get("token") or "").strip()
    if token:
        if not token.isascii() or not token.isprintable():
            raise SourceFailed(_("The token has signs that no token has. Enter it anew."))
        return Credentials.of_token(token)
    return Credentials.of_user(str(settings.get("username") or ""), str(settings.get("password") or ""))


# What is to be read


def _changes(
    client: HttpClient, books: Sequence[AddressBook], memory: Mapping[str, Any]
) -> list[_Found] | None:
    """What changed in each book since the last reading; None where all has to be read: books came or went, or a
    server does not know its token any more."""
    known = memory.get("books")
    if not isinstance(known, dict) or set(known) != {book.url for book in books}:
        return None
    plan: list[_Found] = []
    for book in books:
        token, tags = known[book.url].get("token"), known[book.url].get("tags")
        if token:
            found = _synced(client, book, str(token))
        elif tags:
            found = _compared(_tags(client, book), tags)
        else:
            found = None
        if found is None:
            return None
        plan.append(found)
    return plan


def _everything(client: HttpClient, book: AddressBook) -> _Found:
    """All cards of a book."""
    found = _synced(client, book, "") if book.can_sync else None
    if found is None:
        found = _compared(_tags(client, book), {})
    return found


def _synced(client: HttpClient, book: AddressBook, token: str) -> _Found | None:
    """What changed since a token, or everything without one; None where the server cannot tell that."""
    found = _Found()
    for _page in range(_MOST_PAGES):
        answer = ask(client, "REPORT", book.url, webdav.encode_sync(token), "0", accepts=_REFUSED)
        if answer.status in _REFUSED:
            return None
        told = multistatus_of(answer)
        is_cut = False
        for response in told.responses:
            path, url = _path_of(client, response.href, book), response.href
            if path == book.path:
                # 507: there is more.
                is_cut = is_cut or response.status == 507
            elif response.status in _GONE:
                found.cards.pop(path, None)
                found.gone.add(path)
            elif not path.endswith("/"):
                found.gone.discard(path)
                found.cards[path] = url
        _demand_few(found.cards, book)
        if (
            not told.sync_token
            or len(told.sync_token) > _LONGEST_TOKEN
            or (is_cut and told.sync_token == token)
        ):
            return None
        token = told.sync_token
        if not is_cut:
            found.memory = {"token": token}
            return found
    return None


def _tags(client: HttpClient, book: AddressBook) -> dict[str, tuple[str, str]]:
    """(address, tag) of every card by its path, of a server that does not tell changes."""
    body = webdav.encode_propfind("getetag", "resourcetype")
    told = multistatus_of(ask(client, "PROPFIND", book.url, body, "1"))
    found: dict[str, tuple[str, str]] = {}
    for response in told.responses:
        path = _path_of(client, response.href, book)
        if path != book.path and not path.endswith("/") and "collection" not in response.types:
            found[path] = response.href, response.texts.get("getetag", "").strip()
    _demand_few(found, book)
    return found


def _compared(now: Mapping[str, tuple[str, str]], before: Mapping[str, Any]) -> _Found:
    """What changed, by the tags."""
    found = _Found()
    found.cards = {path: url for path, (url, tag) in now.items() if not tag or before.get(path) != tag}
    found.gone = set(before) - set(now)
    if now and len(now) <= MOST_TAGS:
        found.memory = {"tags": {path: tag for path, (_url, tag) in now.items()}}
    return found


def _demand_few(cards: Mapping[str, object], book: AddressBook) -> None:
    if len(cards) > MOST_CARDS:
        raise SourceFailed(
            _("The address book {book} has more than {most} cards.", book=book.name, most=MOST_CARDS)
        )


def _path_of(client: HttpClient, href: str, book: AddressBook) -> str:
    """By which a card is known, however the server writes its address."""
    return unquote(urlsplit(client.join(href, book.url)).path)


# Cards


def _records(
    client: HttpClient, book: AddressBook, found: _Found, problems: Problems, *, is_partial: bool
) -> Iterator[Record]:
    for path in sorted(found.gone):
        yield Record(_key_of(path), is_gone=True)
    paths = list(found.cards)
    for start in range(0, len(paths), AT_ONCE):
        part = paths[start : start + AT_ONCE]
        told = _fetched(client, book, {path: found.cards[path] for path in part})
        for path in part:
            record = _record_of(book, path, told.get(path), problems)
            # Of everything, what is not told is gone.
            if is_partial or not record.is_gone:
                yield record


def _fetched(client: HttpClient, book: AddressBook, urls: Mapping[str, str]) -> dict[str, bytes | int]:
    """The cards by their paths: what they hold, or the status that the server has for them."""
    found: dict[str, bytes | int] = {}
    if book.can_multiget:
        body = webdav.encode_multiget(list(urls.values()))
        answer = ask(client, "REPORT", book.url, body, "1", accepts=_REFUSED)
        if answer.status in _REFUSED:
            book.can_multiget = False
        else:
            for response in multistatus_of(answer).responses:
                data = response.texts.get("address-data", "")
                found[_path_of(client, response.href, book)] = data.encode() if data else response.status
    for path, url in urls.items():
        # Not told, or told without its content.
        if not found.get(path):
            whole = client.demand_home(client.join(url, book.url))
            answer = client.fetch(
                "GET", whole, headers={"Accept": "text/vcard"}, accepts=(*_GONE, 403, 406, 500)
            )
            found[path] = answer.body if answer.status == 200 else answer.status
    return found


def _record_of(book: AddressBook, path: str, told: bytes | int | None, problems: Problems) -> Record:
    """The record of a card. One that cannot be understood has no fields, so that an entry of it that stands is kept."""
    key, at = _key_of(path), f"{book.name}: {path.rpartition('/')[2]}"
    problems.where = at
    if not isinstance(told, bytes):
        if told in _GONE:
            return Record(key, is_gone=True)
        problems.add(0, _("The server does not give this card ({status}).", status=told or "?"))
        return Record(key, at=at)
    cards: list[Card] = []
    try:
        for one in read_cards(told):
            if isinstance(one, Card):
                cards.append(one)
            else:
                problems.add(one.line, one.reason)
    except ProtocolError as error:
        problems.add(0, str(error))
        return Record(key, at=at)
    if is_group(cards[0]):
        return Record(key, is_gone=True)
    record = record_of(cards[0], problems, key)
    return replace(record, at=at) if record is not None else Record(key, at=at)


def _key_of(path: str) -> str:
    return path if len(path) <= _LONGEST_KEY else "card " + hashlib.sha256(path.encode()).hexdigest()


CARDDAV: Final = register(
    SourceKind(
        name=NAME,
        label="CardDAV address books",
        meaning="Of Nextcloud, Radicale, SOGo, Zimbra and many others. Only what changed is read.",
        takes=(
            Input(
                name="url",
                most=2_000,
                label="Address",
                meaning="Of the server (https://cloud.example.org), of an account or of one address book.",
            ),
            Input(
                name="books",
                type=list[str],
                default=[],
                is_line=True,
                label="Address books",
                meaning="Names of those that are wanted. Empty: all that the account has.",
            ),
            *LOGIN_INPUTS,
            Input(name="token", default="", most=10_000, is_secret=True, label="Token (Bearer)"),
            *TLS_INPUTS,
        ),
        read=_read,
        mapping=MAPPING,
        every=60,
        reaches_out=True,
    )
)
