"""Limits of length, time and number for requests to pages and API before Django sees them, and for answers (rule R14).

Django keeps a body, in memory or in the temporary folder, before anybody looks who sends it. Here it is counted
first: little from those who are not signed in, more from those who are, files by their own limit.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from roomkeeper.accounts import sessions, tokens
from roomkeeper.external_manager.bodies import Bodies, Refused, declared_length, header
from roomkeeper.external_manager.body_budget import time_allowed
from roomkeeper.external_manager.connections import COMPLETE_KEY, CONNECTION_KEY
from roomkeeper.settings.options import Options
from roomkeeper.systems.addresses import payer_of
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Enough for any form and any call that is made without being signed in.
BEFORE_SIGN_IN = 64_000
# Seconds in which the body of a request is complete; a file has longer, at the least rate of all bodies.
SECONDS = 30.0
FILE_SECONDS = 900.0
# Requests that Django works on at once, until their answers begin; it takes a thread for each. More wait in the order
# of their arrival.
AT_ONCE = 32
# An answer is handed over in pieces, so that who does not take it holds two of them and not the whole. Seconds in which
# a piece is taken.
PIECE = 65_536
TAKEN_SECONDS = 30.0
# What Django reads into memory of anything that is no file.
FORM_SIZE_LIMIT = 2_500_000
_API = "/api/"
_FILES = ("multipart/form-data", "text/csv", "application/octet-stream")
_TITLES = {
    408: noop("Too slow"),
    413: noop("Too large"),
    429: noop("Too many requests"),
    503: "Not possible now",
}
_HINTS = {
    408: noop("Send the body within 30 seconds, a file with at least 4 kB a second."),
    413: noop("Send less at once."),
    429: noop("Wait until the other requests from this address are done, then try again."),
    503: noop("Try again in a moment."),
}


class PageLimits:
    """In front of pages and API (`inner`); `bodies` is what it shares with the door."""

    def __init__(self, inner: App, bodies: Bodies, options: Options) -> None:
        self._pages = inner
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._bodies = bodies
        self._upload_size_limit = options.upload_size_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        send = _in_pieces(scope, send)
        length = declared_length(scope)
        if length == 0 or (scope.get(COMPLETE_KEY) and length is not None and length <= BEFORE_SIGN_IN):
            await self._inner(scope, receive, send)
            return
        try:
            if length is not None and length <= BEFORE_SIGN_IN:
                await self._pass_small(scope, receive, send)
            elif await is_signed_in(scope):
                await self._pass_large(scope, receive, send)
            elif length is None:
                await self._pass_small(scope, receive, send)
            else:
                raise Refused(413)
        except Refused as refused:
            if refused.status:
                await self._refuse(scope, receive, send, refused.status)

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the request answered once it is its turn. Who is gone by then is not answered."""
        await self._turns.acquire()
        has_turn = True

        def give_back() -> None:
            nonlocal has_turn
            if has_turn:
                has_turn = False
                self._turns.release()

        async def noticing(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                # What follows may be a stream without an end, or wait for a slow reader.
                give_back()
            await send(message)

        try:
            connection = scope.get(CONNECTION_KEY)
            if connection is None or not connection.transport.is_closing():
                await self._pages(scope, receive, noticing)
        finally:
            give_back()

    async def _pass_small(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = payer_of((scope.get("client") or ("",))[0])
        if scope.get(COMPLETE_KEY):
            raw = await self._bodies.take_complete(receive, BEFORE_SIGN_IN)
        else:
            async with self._bodies.reading(
                scope, receive, source=source, secret="", limit=BEFORE_SIGN_IN, seconds=SECONDS
            ) as raw:
                pass
        is_given = False

        async def replay() -> dict[str, Any]:
            nonlocal is_given
            if is_given:
                return await receive()
            is_given = True
            return {"type": "http.request", "body": raw, "more_body": False}

        await self._inner(scope, replay, send)

    async def _pass_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the body on as it comes, while it keeps to its limits; past them Django is told that the sender is
        gone, and keeps nothing."""
        is_file = header(scope, b"content-type").partition(";")[0].strip().lower() in _FILES
        limit = self._upload_size_limit if is_file else FORM_SIZE_LIMIT
        if (declared_length(scope) or 0) > limit:
            raise Refused(413)
        seconds = FILE_SECONDS if is_file else SECONDS
        loop = asyncio.get_running_loop()
        began, size, status, is_done = loop.time(), 0, 0, False
        if (connection := scope.get(CONNECTION_KEY)) is not None:
            connection.prove()
            connection.widen()

        async def counted() -> dict[str, Any]:
            nonlocal size, status, is_done
            if is_done:
                return await receive()
            try:
                async with asyncio.timeout_at(began + time_allowed(size, seconds)):
                    message = await receive()
            except TimeoutError:
                status = 408
                return {"type": "http.disconnect"}
            size += len(message.get("body", b""))
            if size > limit:
                status = 413
                return {"type": "http.disconnect"}
            is_done = not message.get("more_body")
            return message

        await self._inner(scope, counted, send)
        if status:
            raise Refused(status)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int) -> None:
        is_api = scope["path"].startswith(_API)
        title, hint = _(_TITLES[status]), _(_HINTS[status])
        if is_api:
            kind = title.lower().replace(" ", "-")
            body = json.dumps(
                {
                    "type": f"urn:roomkeeper:problem:{kind}",
                    "title": title,
                    "status": status,
                    "detail": _("{title}: the body of the request was not accepted.", title=title),
                    "hint": hint,
                    "errors": [],
                }
            ).encode()
        else:
            body = f"{title}: the request was not accepted. {hint}\n".encode()
        content_type = b"application/problem+json" if is_api else b"text/plain; charset=utf-8"
        headers = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        if status == 413:
            await self._bodies.answer_too_large(scope, receive, send, headers, body, is_known=False)
            return
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _in_pieces(scope: Scope, send: Send) -> Send:
    """`send` for answers of any size; a connection that takes nothing of one is cut."""
    connection = scope.get(CONNECTION_KEY)
    loop = asyncio.get_running_loop()

    async def hand_over(message: dict[str, Any]) -> None:
        if connection is None:
            await send(message)
            return
        timer = loop.call_later(TAKEN_SECONDS, connection.transport.abort)
        try:
            await send(message)
        finally:
            timer.cancel()

    async def in_pieces(message: dict[str, Any]) -> None:
        body = message.get("body", b"")
        for start in range(0, len(body) - PIECE, PIECE):
            piece = {"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True}
            await hand_over(piece)
        rest = len(body) - (len(body) - 1) % PIECE - 1 if len(body) > PIECE else 0
        await hand_over({**message, "body": body[rest:]} if rest else message)

    return in_pieces


async def is_signed_in(scope: Scope) -> bool:
    """Whether the request carries the cookie of a signed-in session or a token that works. Asked for large bodies
    only; where the database is away nobody is."""
    token = _token(header(scope, b"authorization"))
    session = _session_key([value for name, value in scope["headers"] if name == b"cookie"])
    if not token and not session:
        return False
    return await sync_to_async(_has_user, thread_sensitive=True)(token, session)


def _has_user(token: str, session: str) -> bool:
    close_old_connections()
    try:
        if token and tokens.find_user(token, now=timezone.now()) is not None:
            return True
        return sessions.find_user(session) is not None
    except DatabaseError:
        return False
    finally:
        close_old_connections()


def _token(authorization: str) -> str:
    scheme, _rest, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _session_key(cookies: list[bytes]) -> str:
    jar: SimpleCookie = SimpleCookie()
    for cookie in cookies:
        try:
            jar.load(cookie.decode("latin-1"))
        except CookieError:
            continue
    found = jar.get(settings.SESSION_COOKIE_NAME)
    return found.value if found is not None else ""
