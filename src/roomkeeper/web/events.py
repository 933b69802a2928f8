"""The one event stream of a browser: what changed, as far as she may see it (rule R9)."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, cast

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from roomkeeper.accounts import sessions
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Grants, Permission, needs
from roomkeeper.systems import live
from roomkeeper.systems.models import ChangeEvent
from roomkeeper.web.access import number_of
from roomkeeper.words import gettext as _

FARTHEST_BACK: Final = timedelta(seconds=60)
# A right that is lost ends a stream within five seconds.
LOOK_EVERY: Final = 2.5
SILENCE: Final = 15.0
# A browser has one for all its pages; more of one person than this are refused.
MOST_OF_A_PERSON: Final = 10
_open: Final[Counter[int]] = Counter()


@needs(Permission.VIEW, anywhere=True)
async def events(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events from `Last-Event-ID` on, or from so many seconds `back`; a comment every 15 s of silence.

    A page is older than its stream: what changed between the two must not be lost.
    """
    user_id = cast(User, request.user).pk
    if _open[user_id] >= MOST_OF_A_PERSON:
        return HttpResponse(
            _(
                "{most} event streams of yours are already open. Close some pages, then reload.",
                most=MOST_OF_A_PERSON,
            ),
            status=429,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": "30"},
        )
    text = request.headers.get("Last-Event-ID", "")
    last_id = number_of(text)
    if last_id is None:
        last_id = await sync_to_async(live.latest_id)(before=timezone.now() - _back(request))
    return StreamingHttpResponse(
        stream(user_id, last_id, session_key=request.session.session_key or ""),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _back(request: HttpRequest) -> timedelta:
    text = request.GET.get("back", "")
    seconds = number_of(text, 3) or 0
    return min(timedelta(seconds=seconds), FARTHEST_BACK)


async def stream(user_id: int, last_id: int, *, session_key: str) -> AsyncIterator[bytes]:
    """The stream's text, until the session ends, or what the person may do is no longer what it was: a browser then
    comes again, and is told by what she may do now."""
    _open[user_id] += 1
    try:
        grants = await sync_to_async(_grants)(user_id, session_key)
        looked_at = told_at = time.monotonic()
        yield b"retry: 3000\n\n"
        async for batch in live.events_after(last_id, idle=LOOK_EVERY):
            now = time.monotonic()
            if now - looked_at >= LOOK_EVERY:
                looked_at = now
                if not (await sync_to_async(_grants)(user_id, session_key)).is_same(grants):
                    return
            if batch:
                told_at = now
                yield _text_of(batch, grants)
            elif now - told_at >= SILENCE:
                told_at = now
                yield b": still here\n\n"
            if not grants.is_known:
                return
    finally:
        _open[user_id] -= 1
        if not _open[user_id]:
            del _open[user_id]


def _text_of(batch: list[ChangeEvent], grants: Grants) -> bytes:
    seen = list(dict.fromkeys((event.topic, event.system_id) for event in batch if _may_see(grants, event)))
    content = json.dumps([{"topic": topic, "system": system} for topic, system in seen]) if seen else ""
    # An event without data only moves the browser's place in the stream.
    return f"id: {batch[-1].pk}\n{f'data: {content}' if content else ': nothing for you'}\n\n".encode()


def _grants(user_id: int, session_key: str) -> Grants:
    try:
        user = sessions.find_user(session_key)
        return Grants(user if user is not None and user.pk == user_id else None)
    finally:
        # A stream stays open for hours; it must not hold a connection to the database all the while.
        connection.close()


def _may_see(grants: Grants, event: ChangeEvent) -> bool:
    if event.topic == "inbox":
        return grants.may(Permission.VIEW_INBOX)
    if event.topic == "network_settings":
        return grants.may(Permission.VIEW_SERVER)
    if event.folder_path:
        return grants.may(Permission.VIEW, event.folder_path)
    # Without a folder only the word that something changed goes out.
    return event.system_id is None or grants.may(Permission.VIEW)
