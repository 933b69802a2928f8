"""The ASGI application for devices: paths, methods, size and time limits, and the answers of rule R5."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote

import structlog

from roomkeeper.external_manager import answers, metrics, proxies
from roomkeeper.external_manager.batcher import Batcher
from roomkeeper.external_manager.bodies import Bodies, Refused, header
from roomkeeper.external_manager.body_budget import UNPROVEN_BODY
from roomkeeper.external_manager.connections import COMPLETE_KEY, CONNECTION_KEY
from roomkeeper.external_manager.known_secrets import Crowded, KnownSecrets, StoreAway
from roomkeeper.external_manager.limits import UnprovenRate
from roomkeeper.external_manager.posts import PLAIN, XML, Post, Reply, Service
from roomkeeper.external_manager.searches import Searches
from roomkeeper.external_manager.turns import Turns
from roomkeeper.protocols import external_manager, phonebook
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.external_manager import PostEvent
from roomkeeper.protocols.feedback import Feedback, decode_feedback
from roomkeeper.protocols.posted_document import PostedDocument, decode_posted_document
from roomkeeper.settings.options import Options
from roomkeeper.systems.addresses import parse_address, parse_networks, payer_of
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Message = PostEvent | Feedback | PostedDocument | phonebook.Search

_SLASHES = re.compile(r"/{2,}")
_POSTED_DOCUMENT = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?<PostedDocument[\s>]")
# Decoding more than this much at once would hold up the loop for milliseconds; it goes to a thread.
DECODE_IN_THREAD = 100_000
# Requests of connections that have proven nothing whose body is not complete, begun in a turn of the loop: each costs a
# tenth of a millisecond. Where thousands come in one moment, complete posts do not wait for all of them.
UNFINISHED_A_TURN = 32
_HTML = b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Address:
    """A device service's path, in lower case without a trailing slash."""

    path: str
    service: Service
    has_page: bool


ADDRESSES = (
    Address("/tms/public/external/management/systemmanagementservice.asmx", Service.EVENTS, has_page=True),
    Address("/tms/public/feedback/code.aspx", Service.FEEDBACK, has_page=False),
    Address("/tms/public/feedback/postdocument.aspx", Service.DOCUMENTS, has_page=False),
    Address("/tms/public/external/phonebook/phonebookservice.asmx", Service.PHONE_BOOK, has_page=True),
)
_EVENTS = ADDRESSES[0]
_REFUSALS = {
    408: Reply(408, b"The body came too slowly.\n", PLAIN),
    429: answers.TOO_MANY,
    503: answers.UNAVAILABLE,
}
_NOT_FOUND = Reply(404, b"There is no device service at this address.\n", PLAIN)


class _Turned(Exception):
    """The post is answered without being read."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Door:
    """Answers what is addressed to a device service and passes everything else on to `inner`. `bodies` is what it
    shares with whoever else reads bodies in this process; `clock` gives monotonic seconds."""

    def __init__(
        self,
        inner: App,
        batcher: Batcher,
        options: Options,
        *,
        bodies: Bodies | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._batcher = batcher
        self._options = options
        self._trusted = parse_networks(options.trusted_proxies)
        self._unproven = UnprovenRate(rate=options.unproven_rate, burst=options.unproven_burst)
        self._bodies = bodies or Bodies(options.body_memory)
        self._secrets = KnownSecrets(batcher.find_known)
        self._turns = Turns(UNFINISHED_A_TURN)
        self._searches = Searches(batcher.now)
        batcher.stops_with(self._searches.stop)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        connection = scope.get(CONNECTION_KEY)
        if not (scope.get(COMPLETE_KEY) or connection is None or connection.is_proven):
            await self._turns.take()
            if connection.is_gone:
                # Cut meanwhile, or left: nothing of it is worth any work.
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
        scope = proxies.resolve(scope, self._trusted, self._options.proxies_tell)
        found = find_address(scope["path"], scope["method"], scope["headers"])
        if found is None:
            await self._inner(scope, receive, send)
            return
        address, secret = found
        method = scope["method"]
        if address is None:
            await _send(send, _NOT_FOUND)
        elif method == "POST":
            await self._handle_post(address, secret, scope, receive, send)
        elif method in ("GET", "HEAD") and address.has_page:
            await _send(send, _page(address, secret, scope), with_body=method == "GET")
        else:
            allowed = b"GET, HEAD, POST" if address.has_page else b"POST"
            await _send(send, Reply(405, b"Devices POST here.\n", PLAIN), extra=[(b"allow", allowed)])

    async def _handle_post(
        self, address: Address, secret: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        started, arrived_at = self._clock(), datetime.now(UTC)
        source = _source(scope)
        payer = payer_of(source)
        try:
            is_known = await self._ask_for_leave(secret, payer, started)
        except _Turned as turned:
            metrics.count(address.service, turned.reply.status)
            await _send(send, turned.reply, closes=True)
            return
        is_small = address.service in (Service.EVENTS, Service.PHONE_BOOK)
        limit = self._options.event_size_limit if is_small else self._options.document_size_limit
        limit = limit if is_known else min(limit, UNPROVEN_BODY)
        try:
            if scope.get(COMPLETE_KEY):
                raw = await self._bodies.take_complete(receive, limit)
                reply = await self._answer(address, secret, raw, source, scope, arrived_at)
            else:
                async with self._bodies.reading(
                    scope,
                    receive,
                    source=payer,
                    secret=secret if is_known else "",
                    limit=limit,
                    seconds=self._options.body_timeout,
                ) as raw:
                    reply = await self._answer(address, secret, raw, source, scope, arrived_at)
        except Refused as refused:
            metrics.count(address.service, refused.status)
            if refused.status == 413:
                headers = _headers(answers.TOO_LARGE, closes=True)
                await self._bodies.answer_too_large(
                    scope, receive, send, headers, answers.TOO_LARGE.body, is_known=is_known
                )
            elif refused.status:
                await _send(send, _REFUSALS[refused.status], closes=True)
            return
        if reply.is_proven:
            self._secrets.remember(secret)
            if (connection := scope.get(CONNECTION_KEY)) is not None:
                connection.prove()
        elif is_known and reply.status != 503:
            # A secret that proves nothing is none: a blocked system's, or one that belongs to other hardware.
            self._secrets.forget(secret)
            if not self._unproven.charge(payer, self._clock()):
                reply = answers.TOO_MANY
        metrics.count(address.service, reply.status, self._clock() - started)
        await _send(send, reply)

    async def _ask_for_leave(self, secret: str, payer: str, now: float) -> bool:
        """Whether the secret is a known one; whoever shows none is charged now, before anything is read (rule R14).
        Raises `_Turned` with the answer for whom nothing is read."""
        if secret and self._secrets.remembers(secret):
            return True
        is_allowed = self._unproven.charge(payer, now)
        if secret:
            # Even of a source that is over its rate: proven systems may share an address with whoever floods.
            try:
                if await self._secrets.look_up(secret, is_over_rate=not is_allowed):
                    if is_allowed:
                        self._unproven.refund(payer)
                    return True
            except (Crowded, StoreAway):
                raise _Turned(answers.UNAVAILABLE if is_allowed else answers.TOO_MANY) from None
        if not is_allowed:
            raise _Turned(answers.TOO_MANY)
        return False

    async def _answer(
        self, address: Address, secret: str, raw: bytes, source: str, scope: Scope, arrived_at: datetime
    ) -> Reply:
        message, problem = await _decode(address.service, raw, header(scope, b"content-type"))
        if problem is not None:
            return problem
        arrival = Arrival(source, header(scope, b"host")[:255], scope["scheme"], address.path)
        post = Post(address.service, secret, arrival, raw, message, arrived_at=arrived_at)
        if address.service is Service.PHONE_BOOK and (reply := await self._searches.answer(post)) is not None:
            return reply
        return await self._batcher.submit(post)


def find_address(
    path: str, method: str, headers: Sequence[tuple[bytes, bytes]]
) -> tuple[Address | None, str] | None:
    """(service, secret) for a device's path, in any letter case, with doubled slashes; None for all others.

    A POST of XML to `/` is an event: a device told its manager by DHCP alone has an empty Path (rule R5).
    """
    if path == "/" or not path:
        if method == "POST" and any(
            name == b"content-type" and b"xml" in value.lower() for name, value in headers
        ):
            return _EVENTS, ""
        return None
    lowered = path.lower()
    if "//" in lowered:
        lowered = _SLASHES.sub("/", lowered)
    if not lowered.startswith("/tms/"):
        return None
    for address in ADDRESSES:
        if lowered.startswith(address.path):
            rest = lowered[len(address.path) :]
            if not rest or rest.startswith("/"):
                return address, rest.strip("/")[:128]
    return None, ""


async def _decode(service: Service, raw: bytes, content_type: str) -> tuple[Message | None, Reply | None]:
    """(message, None), (None, None) for what is kept unread, or (None, the reply to what cannot be read)."""
    decode = _DECODERS[service]
    try:
        if len(raw) > DECODE_IN_THREAD:
            return await asyncio.to_thread(decode, raw, content_type), None
        return decode(raw, content_type), None
    except ProtocolError as error:
        if service is Service.EVENTS:
            return None, answers.NOT_PARSABLE
        if service is Service.PHONE_BOOK:
            return None, Reply(500, phonebook.encode_search_fault(str(error)), XML)
        return None, None


def _decode_event(raw: bytes, content_type: str) -> PostEvent:
    return external_manager.decode_post_event(raw, content_type)


def _decode_document(raw: bytes, content_type: str) -> Feedback | PostedDocument:
    """Either kind may arrive at either address (protocol notes C.4)."""
    if _POSTED_DOCUMENT.match(raw):
        # Cut out in a third of the time that it takes to find out what else it could be.
        return decode_posted_document(raw, content_type)
    return decode_feedback(raw, content_type)


def _decode_search(raw: bytes, content_type: str) -> phonebook.Search:
    return phonebook.decode_search(raw, content_type)


_DECODERS: dict[Service, Callable[[bytes, str], Message]] = {
    Service.EVENTS: _decode_event,
    Service.FEEDBACK: _decode_document,
    Service.DOCUMENTS: _decode_document,
    Service.PHONE_BOOK: _decode_search,
}


def _source(scope: Scope) -> str:
    client = scope.get("client")
    return _canonical(client[0]) if client else ""


@lru_cache(maxsize=20_000)
def _canonical(text: str) -> str:
    address = parse_address(text)
    return str(address) if address is not None else ""


def _page(address: Address, secret: str, scope: Scope) -> Reply:
    """What a person or a tool sees who looks at a device address."""
    if b"wsdl" in scope.get("query_string", b"").lower():
        here = f"{scope['scheme']}://{header(scope, b'host')}{address.path}"
        if secret:
            # Whoever was given an address of its own calls back there; the words are its own, looked up nowhere.
            here += f"/{quote(secret)}"
        module = external_manager if address.service is Service.EVENTS else phonebook
        return Reply(200, module.wsdl(here))
    what = (
        _(
            "This is where video endpoints report to Roomkeeper: at start-up, when they register "
            "and at every heartbeat."
        )
        if address.service is Service.EVENTS
        else _("This is where video endpoints search the phone books that Roomkeeper provides.")
    )
    text = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Roomkeeper device service</title>"
        f"<h1>Roomkeeper device service</h1><p>{what}</p><p>People use the <a href=/>pages of Roomkeeper</a>."
        f" Programs find the service described at <a href='?WSDL'>?WSDL</a>.</p><p>{escape(address.service)}</p></html>"
    )
    return Reply(200, text.encode(), _HTML)


async def _send(
    send: Send,
    reply: Reply,
    *,
    with_body: bool = True,
    closes: bool = False,
    extra: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    headers = [*_headers(reply, closes=closes), *extra]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})


def _headers(reply: Reply, *, closes: bool) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", reply.content_type),
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", b"no-store"),
    ]
    if closes:
        headers.append((b"connection", b"close"))
    return headers
