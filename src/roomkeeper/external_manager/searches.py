"""Phone book searches on a road of their own: read-only, beside the batcher's writer, so that neither waits for the
other (rule R9). Whoever is not plainly the system of its secret is left to the batch, which knows all of rule R3.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connection

from roomkeeper.external_manager import answers
from roomkeeper.external_manager.posts import Post, Reply
from roomkeeper.phonebooks import answering
from roomkeeper.phonebooks.answering import Asker
from roomkeeper.protocols.identification import same_serial
from roomkeeper.protocols.phonebook import Catalog, Search, encode_search_result
from roomkeeper.protocols.soap import get_content_type
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.check_ins.statements import execute
from roomkeeper.systems.models import State
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

WAITING: Final = 2_000
# One search of a system in this time goes the way of all posts, and so onto its timeline.
SAMPLED_EVERY: Final = 900.0
_SAMPLES: Final = 50_000
# Reading takes as long in a thread as it does in two where all is in this process; PostgreSQL works beside us.
_THREADS: Final = {"sqlite": 1, "postgresql": 3}
_OWNER: Final = (
    f"SELECT {answering.ASKER}, s.state, s.serial_number, s.mac_address, s.secure_only_completed_at IS NOT NULL"  # noqa: S608
    " FROM systems_systemsecret x JOIN systems_system s ON s.id = x.system_id"
    " JOIN systems_folder f ON f.id = s.folder_id"
    " WHERE x.digest = %s AND (x.expires_at IS NULL OR x.expires_at > %s)"
)
_Waiting = tuple[Post, asyncio.Future[Reply | None]]


def result_reply(search: Search, found: Catalog, *, is_proven: bool) -> Reply:
    """The reply that tells what was found."""
    body = encode_search_result(found, operation=search.operation, soap_version=search.soap_version)
    return Reply(200, body, get_content_type(search.soap_version).encode(), is_proven)


class Searches:
    """Answers searches on threads with database connections of their own; used on one event loop."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting = 0
        self._sampled: dict[str, float] = {}

    async def answer(self, post: Post) -> Reply | None:
        """The reply; None for a post that the batch is to answer."""
        if not post.secret or self._is_sample(post.secret):
            return None
        post.is_sample = False
        if self._waiting >= WAITING:
            return answers.UNAVAILABLE
        if not self._threads:
            self._start()
        future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._queue.put((post, future))
        try:
            return await future
        finally:
            self._waiting -= 1

    def stop(self) -> None:
        """Finish what was asked and end the threads."""
        for _rest in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=30)
        self._threads = []

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(_THREADS[connection.vendor]):
            name = _("phone books {number}", number=number + 1)
            self._threads.append(threading.Thread(target=self._run, args=(loop,), name=name, daemon=True))
            self._threads[-1].start()

    def _is_sample(self, secret: str) -> bool:
        moment = time.monotonic()
        if moment - self._sampled.get(secret, -SAMPLED_EVERY) < SAMPLED_EVERY:
            return False
        self._sampled.pop(secret, None)
        self._sampled[secret] = moment
        if len(self._sampled) > _SAMPLES:
            del self._sampled[next(iter(self._sampled))]
        return True

    # On the threads

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while (work := self._queue.get()) is not None:
            post, future = work
            reply = self._reply(post)
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell, future, reply)
        connection.close()

    def _reply(self, post: Post) -> Reply | None:
        try:
            return self._search(post)
        except (OperationalError, InterfaceError) as error:
            log.error("store unavailable", searches=1, error=str(error)[:300])
            connection.close()
            return answers.UNAVAILABLE
        except Exception:
            log.exception("search could not be answered", source=post.arrival.source)
            connection.close()
            return answers.UNAVAILABLE

    def _search(self, post: Post) -> Reply | None:
        search = post.message
        assert isinstance(search, Search)  # noqa: S101 - the door brings nothing else here
        digest = secrets.digests([post.secret])[post.secret]
        rows = execute(_OWNER, [digest, self._now()])
        if not rows:
            return None
        *asker, state, serial, mac, has_moved = rows[0]
        is_itself = same_serial(serial, post.serial) if post.serial else post.mac in ("", mac)
        if state != State.MANAGED or not is_itself or (post.mac not in ("", mac)):
            return None
        if has_moved and post.arrival.scheme == "http":
            return None
        return result_reply(search, answering.answer(Asker(*asker), search), is_proven=True)


def _tell(future: asyncio.Future[Reply | None], reply: Reply | None) -> None:
    if not future.done():
        future.set_result(reply)
