"""Many posts, one transaction (rule R9): a thread with its own database connection and its own queue.

Batches form by themselves: while one is being committed, the next gathers. A reply leaves only after the commit.
"""

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from roomkeeper.external_manager import answers, batch
from roomkeeper.external_manager.known_secrets import StoreAway
from roomkeeper.external_manager.posts import Post, Reply
from roomkeeper.jobs import clock
from roomkeeper.systems import network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.check_ins import outages, store
from roomkeeper.systems.models import NetworkSettings

log = structlog.get_logger(__name__)

POSTS_AT_ONCE = 256
BYTES_AT_ONCE = 8_000_000
# What may wait before newcomers are told to come back; bounds the memory of a storm.
WAITING_POSTS = 20_000
WAITING_BYTES = 64_000_000
SETTINGS_AGE = 1.0
BUSY_MILLISECONDS = 5_000
# PostgreSQL's deadlock and serialisation failure: two doors met on the same systems; trying again helps at once.
_IN_EACH_OTHERS_WAY = ("40P01", "40001")

Handler = Callable[..., None]
_Waiting = tuple[Post, asyncio.Future[Reply]]


@dataclass(frozen=True, slots=True)
class _Question:
    """Secrets, and where to tell which of them are known."""

    secrets: Collection[str]
    told: asyncio.Future[Collection[str]]


class Batcher:
    """Takes posts on the event loop and handles them in batches on its thread."""

    def __init__(self, *, handle: Handler = batch.handle, now: Callable[[], datetime] | None = None) -> None:
        self._handle = handle
        self.now = now or clock.now
        self._stopping: list[Callable[[], None]] = []
        self._queue: queue.SimpleQueue[list[_Waiting] | _Question | None] = queue.SimpleQueue()
        self._gathered: list[_Waiting] = []
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting_bytes = 0
        self._waiting_posts = 0
        self._settings: NetworkSettings | None = None
        self._settings_read = 0.0
        # After a start, and after the store was away.
        self._resumes = True
        self.batches = 0
        self.posts = 0

    def start(self) -> None:
        """Begin; must be called on the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stops_with(self, stop: Callable[[], None]) -> None:
        """Have this called where the batcher is stopped: what reads beside it ends with it."""
        self._stopping.append(stop)

    def stop(self) -> None:
        """Finish what was submitted and end the thread."""
        for stop in self._stopping:
            stop()
        if self._thread.is_alive():
            self._hand_over()
            self._queue.put(None)
            self._thread.join(timeout=30)

    async def submit(self, post: Post) -> Reply:
        """The reply to the post, after its batch was committed; `UNAVAILABLE` where it could not be stored."""
        if self._waiting_posts >= WAITING_POSTS or self._waiting_bytes >= WAITING_BYTES:
            return answers.UNAVAILABLE
        if self._loop is None:
            return answers.UNAVAILABLE
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting_posts += 1
        self._waiting_bytes += len(post.raw)
        if not self._gathered:
            # What one turn of the loop brings is handed over at once: one wake-up of the thread, fuller batches.
            self._loop.call_soon(self._hand_over)
        self._gathered.append((post, future))
        try:
            return await future
        finally:
            self._waiting_posts -= 1
            self._waiting_bytes -= len(post.raw)

    async def find_known(self, texts: Collection[str]) -> Collection[str]:
        """Those of the texts that are secrets of systems. Raises `StoreAway`."""
        if self._loop is None:
            raise StoreAway
        told: asyncio.Future[Collection[str]] = self._loop.create_future()
        self._queue.put(_Question(list(texts), told))
        return await told

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._queue.put(gathered)

    def _run(self) -> None:
        waiting: deque[_Waiting] = deque()
        running = True
        while running or waiting:
            while running:
                try:
                    handed = self._queue.get(block=not waiting)
                except queue.Empty:
                    break
                if handed is None:
                    running = False
                elif isinstance(handed, _Question):
                    self._answer(handed)
                else:
                    waiting.extend(handed)
            if work := _take(waiting):
                if not self._handle_batch([post for post, _ in work]):
                    # Whoever waits behind a store that is away would wait as long again.
                    work += _refuse(waiting)
                self.batches += 1
                self.posts += len(work)
                self._reply(work)
        connection.close()

    def _answer(self, question: _Question) -> None:
        """Look the secrets up and tell; reading takes no lock, so nobody waits for it."""
        found: Collection[str] | None = None
        try:
            _wait_less_for_others()
            found = secrets.find_known(question.secrets, now=self.now())
        except (OperationalError, InterfaceError) as error:
            log.error("store unavailable", secrets=len(question.secrets), error=str(error)[:300])
            connection.close()
        except Exception:
            log.exception("secrets could not be looked up")
            connection.close()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_tell, question.told, found)

    def _handle_batch(self, posts: Sequence[Post], tries: int = 3) -> bool:
        """Handle them and set their replies; False where the store is away."""
        try:
            _wait_less_for_others()
            if self._resumes:
                if outages.note_resumed(now=self.now()):
                    self._settings = None
                self._resumes = False
            self._handle(posts, settings=self._current_settings(), now=self.now())
            store.note_success()
            return True
        except (OperationalError, InterfaceError) as error:
            if tries > 1 and getattr(error.__cause__, "sqlstate", None) in _IN_EACH_OTHERS_WAY:
                return self._handle_batch(posts, tries - 1)
            # Locked, full, gone: none of it was stored. The devices come again.
            log.error("store unavailable", posts=len(posts), error=str(error)[:300])
            connection.close()
            store.note_failure(error)
            self._settings, self._resumes = None, True
            for post in posts:
                post.reply = answers.UNAVAILABLE
            return False
        except Exception as error:
            if isinstance(error, DatabaseError):
                connection.close()
            if len(posts) > 1:
                is_there = True
                for post in posts:
                    is_there &= self._handle_batch([post])
                return is_there
            log.exception(
                "post could not be handled", service=posts[0].service, source=posts[0].arrival.source
            )
            posts[0].reply = answers.UNAVAILABLE
            return True

    def _current_settings(self) -> NetworkSettings:
        moment = time.monotonic()
        if self._settings is None or moment - self._settings_read > SETTINGS_AGE:
            self._settings, self._settings_read = network_settings.get(), moment
            clock.measure()
        return self._settings

    def _reply(self, work: Sequence[_Waiting]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_resolve, work)


def _take(waiting: deque[_Waiting]) -> list[_Waiting]:
    """The next batch, in the order of arrival: as many as one transaction should hold."""
    taken: list[_Waiting] = []
    size = 0
    while waiting and len(taken) < POSTS_AT_ONCE and size < BYTES_AT_ONCE:
        taken.append(waiting.popleft())
        size += len(taken[-1][0].raw)
    return taken


def _tell(told: asyncio.Future[Collection[str]], found: Collection[str] | None) -> None:
    if told.done():
        return
    if found is None:
        told.set_exception(StoreAway())
    else:
        told.set_result(found)


def _resolve(work: Sequence[_Waiting]) -> None:
    for post, future in work:
        if not future.done():
            future.set_result(post.reply or answers.UNAVAILABLE)


def _refuse(waiting: deque[_Waiting]) -> list[_Waiting]:
    """Everything that waits, told to come again."""
    refused = list(waiting)
    waiting.clear()
    for post, _ in refused:
        post.reply = answers.UNAVAILABLE
    return refused


def _wait_less_for_others() -> None:
    """Devices are told 503 after a few seconds rather than kept for as long as a page may wait for SQLite's lock."""
    if connection.vendor == "sqlite" and connection.connection is None:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
