"""The one event stream of a browser: what changed, as far as she may see it (rule R9)."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, cast

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Grants, Permission, needs
from roomkeeper.systems import live
from roomkeeper.systems.models import ChangeEvent
from roomkeeper.web.access import number_of

FARTHEST_BACK: Final = timedelta(seconds=60)


@needs(Permission.VIEW, anywhere=True)
async def events(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events from `Last-Event-ID` on, or from so many seconds `back`; a comment every 15 s of silence.

    A page is older than its stream: what changed between the two must not be lost.
    """
    user_id = cast(User, request.user).pk
    text = request.headers.get("Last-Event-ID", "")
    last_id = number_of(text)
    if last_id is None:
        last_id = await sync_to_async(live.latest_id)(before=timezone.now() - _back(request))
    return StreamingHttpResponse(
        stream(user_id, last_id),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _back(request: HttpRequest) -> timedelta:
    text = request.GET.get("back", "")
    seconds = number_of(text, 3) or 0
    return min(timedelta(seconds=seconds), FARTHEST_BACK)


async def stream(user_id: int, last_id: int) -> AsyncIterator[bytes]:
    """The stream's text. Grants are read again with every silence, so that a role taken away ends it."""
    grants = await sync_to_async(_grants)(user_id)
    yield b"retry: 3000\n\n"
    async for batch in live.events_after(last_id):
        if not batch:
            grants = await sync_to_async(_grants)(user_id)
            if not grants.is_known:
                return
            yield b": still here\n\n"
            continue
        seen = list(
            dict.fromkeys((event.topic, event.system_id) for event in batch if _may_see(grants, event))
        )
        content = json.dumps([{"topic": topic, "system": system} for topic, system in seen]) if seen else ""
        # An event without data only moves the browser's place in the stream.
        yield f"id: {batch[-1].pk}\n{f'data: {content}' if content else ': nothing for you'}\n\n".encode()


def _grants(user_id: int) -> Grants:
    try:
        return Grants(User.objects.filter(pk=user_id, is_active=True).first())
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
