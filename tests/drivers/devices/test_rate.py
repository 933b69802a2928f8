"""The limit of RoomOS 11 and 26 on requests, as a server of ours has it, and what the client makes of it.

Basic-authenticated requests go one a second through a queue of 30, those with a session cookie 15 a second through
one of 90; what does not fit is answered 503 at once (protocol notes P.3).
"""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.declared import happened
from tests.drivers.devices.conftest import GOOD, LAN, http

from roomkeeper.devices import errors
from roomkeeper.devices.answers import DeviceAnswer, seconds_of
from roomkeeper.devices.client import DeviceTransport, Patience, Target
from roomkeeper.devices.login import Login

Make = Callable[..., Any]
COOKIE = re.compile(rb"cookie: (\S+)", re.IGNORECASE)
REFUSED = http("401 Unauthorized", b"401\n", WWW_Authenticate='Basic realm="CISCO-Endpoint"')
BUSY = http("503 Service Temporarily Unavailable", b"<html>503</html>", Content_Type="text/html")
PAGE = http("302 Found", Location="/web/signin")


@dataclass
class Queue:
    """Requests that wait: `rate` a second leave it."""

    rate: float
    length: int
    waiting: int = 0
    free_at: float = 0.0

    async def enter(self) -> bool:
        """Wait for the turn; False where the queue is full."""
        if self.waiting >= self.length:
            return False
        now = time.monotonic()
        self.free_at = max(self.free_at + 1 / self.rate, now)
        self.waiting += 1
        await asyncio.sleep(self.free_at - now)
        self.waiting -= 1
        return True


@dataclass
class Limited:
    """A device with the limit. `most_sessions`: how many it gives; None: its release has none, nor the limit."""

    most_sessions: int | None = 20
    basic: Queue = field(default_factory=lambda: Queue(1, 30))
    cookie: Queue = field(default_factory=lambda: Queue(15, 90))
    expired: bytes = REFUSED
    retry_after: str = ""
    forgets: bool = False
    password: str = GOOD.password
    port: int = 0
    sessions: set[str] = field(default_factory=set)
    begun: int = 0
    asked: list[str] = field(default_factory=list)
    turned_away: int = 0
    wrong_passwords: int = 0

    def target(self, login: Login = GOOD) -> Target:
        return Target(
            "Boardroom",
            "127.0.0.1",
            LAN,
            login,
            https_port=0,
            http_port=self.port,
            password_may_use_http=True,
        )

    async def answer(self, head: bytes) -> bytes:
        """What one request is answered."""
        path = head.split(b" ", 2)[1].decode()
        if b"authorization:" in head.lower():
            return await self._by_password(head, path)
        cookie = COOKIE.search(head)
        if cookie is None:
            return REFUSED
        self.asked.append(f"cookie {path}")
        if not await self.cookie.enter():
            return self._busy()
        if self.forgets:
            self.sessions.clear()
        name = cookie.group(1).decode().partition("=")[2]
        if name not in self.sessions:
            return self.expired
        if path == "/xmlapi/session/end":
            self.sessions.discard(name)
            return http("204 No Content")
        return http("200 OK", b"<Status/>")

    async def _by_password(self, head: bytes, path: str) -> bytes:
        self.asked.append(f"password {path}")
        if self.most_sessions is not None and not await self.basic.enter():
            return self._busy()
        if basic_of(self.password) not in head:
            self.wrong_passwords += 1
            return REFUSED
        if path != "/xmlapi/session/begin":
            return http("200 OK", b"<Status/>")
        if self.most_sessions is None:
            return PAGE
        if len(self.sessions) >= self.most_sessions:
            return BUSY
        self.begun += 1
        name = f"s{self.begun}"
        self.sessions.add(name)
        return http("204 No Content", Set_Cookie=f"SessionId={name}; Path=/; HttpOnly")

    def _busy(self) -> bytes:
        self.turned_away += 1
        return BUSY.replace(b"\r\n\r\n", f"\r\nRetry-After: {self.retry_after}\r\n\r\n".encode(), 1)


def basic_of(password: str) -> bytes:
    return base64.b64encode(f"admin:{password}".encode())


@pytest.fixture
async def make_limited() -> AsyncIterator[Make]:
    servers: list[asyncio.Server] = []

    async def make(**changes: Any) -> Limited:
        device = Limited(**changes)

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await device.answer(head))
                await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        device.port = server.sockets[0].getsockname()[1]
        return device

    yield make
    for server in servers:
        server.close()


async def read(transport: DeviceTransport, device: Limited, times: int, login: Login = GOOD) -> None:
    client = transport.client(device.target(login))
    for number in range(times):
        await client.get(f"/getxml?location=/Status/{number}", doing="reading its status")


async def test_a_long_conversation_goes_by_one_session_which_is_ended(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport() as transport:
        await read(transport, device, 30)
        assert device.begun == 1
        assert len(device.sessions) == 1
    assert not device.sessions
    by_password = [one for one in device.asked if one.startswith("password")]
    assert len(by_password) == 3
    assert by_password[-1] == "password /xmlapi/session/begin"
    assert device.turned_away == 0


async def test_a_poll_costs_one_request_and_no_session(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport() as transport:
        await read(transport, device, 1)
    assert device.asked == ["password /getxml?location=/Status/0"]


async def test_several_conversations_at_once_share_the_session_and_the_pace(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport() as transport:
        began = time.monotonic()
        await asyncio.gather(*(read(transport, device, 8) for _ in range(5)))
        took = time.monotonic() - began
    assert device.begun == 1
    assert device.turned_away == 0
    # 40 requests: 15 at once and 7 a second after that, which leaves as much to others.
    assert took > 2
    assert len(device.asked) < 40 + 12


async def test_several_processes_are_never_turned_away(make_limited: Make) -> None:
    """Each has a transport of its own, and knows nothing of the others."""
    device = await make_limited()

    async def work() -> None:
        async with DeviceTransport() as transport:
            await read(transport, device, 12)

    await asyncio.gather(*(work() for _ in range(4)))
    assert device.begun == 4
    assert device.turned_away == 0
    assert not device.sessions


async def test_an_idle_session_is_ended_and_a_used_one_is_not(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport(session_idle=0.3) as transport:
        await read(transport, device, 3)
        assert device.sessions
        async with asyncio.timeout(5):
            while device.sessions:
                await asyncio.sleep(0.02)
        assert device.asked[-1] == "cookie /xmlapi/session/end"


@pytest.mark.parametrize(
    "expired", [REFUSED, PAGE, http("200 OK", b"<html>Sign in</html>", Content_Type="text/html")]
)
async def test_an_expired_session_signs_in_anew_once(make_limited: Make, expired: bytes) -> None:
    device = await make_limited(expired=expired)
    async with DeviceTransport() as transport:
        await read(transport, device, 3)
        device.sessions.clear()
        before = len(device.asked)
        await read(transport, device, 2)
        again = [one for one in device.asked[before:] if one.startswith("password")]
        assert again == ["password /xmlapi/session/begin"]
    assert device.wrong_passwords == 0


async def test_sessions_that_never_hold_are_given_up(make_limited: Make) -> None:
    """A device that forgets every session at once is asked with the password, and the login stays good."""
    device = await make_limited()
    async with DeviceTransport() as transport:
        await read(transport, device, 2)
        device.forgets = True
        await read(transport, device, 2)
    assert device.wrong_passwords == 0
    assert device.begun >= 2


async def test_a_password_changed_behind_an_expired_session_is_tried_once(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport() as transport:
        await read(transport, device, 3)
        device.sessions.clear()
        device.password = "changed"
        for _ in range(4):
            with pytest.raises(errors.LoginRefused):
                await read(transport, device, 1)
    assert device.wrong_passwords == 1


async def test_a_release_without_sessions_is_asked_without_waiting(make_limited: Make) -> None:
    device = await make_limited(most_sessions=None)
    async with DeviceTransport() as transport:
        began = time.monotonic()
        await read(transport, device, 30)
        assert time.monotonic() - began < 3
    assert sum("session/begin" in one for one in device.asked) == 1


async def test_a_device_whose_sessions_are_taken_is_asked_within_its_limit(make_limited: Make) -> None:
    device = await make_limited(most_sessions=0)
    async with DeviceTransport() as transport:
        await read(transport, device, 5)
    assert sum("session/begin" in one for one in device.asked) == 1
    assert device.turned_away == 0


async def test_a_device_that_stays_busy_is_told_as_what_it_is(make_limited: Make) -> None:
    device = await make_limited(basic=Queue(1, 0))
    async with DeviceTransport() as transport:
        client = transport.client(device.target(), patience=Patience(connect=1, read=1, total=2.5))
        with pytest.raises(errors.DeviceBusy) as caught:
            await client.get("/status.xml", doing="reading its status")
        # Nobody blames the password, and it is sent again when it is asked for.
        device.basic = Queue(1, 30)
        await client.get("/status.xml", doing="reading its status")
    assert caught.value.can_retry
    assert f"{happened(errors.DeviceBusy)} while reading its status." in str(caught.value)
    assert device.wrong_passwords == 0


@pytest.mark.parametrize(("retry_after", "least"), [("", 1), ("2", 2)])
async def test_a_full_queue_is_waited_for_as_long_as_it_asks(
    make_limited: Make, retry_after: str, least: float
) -> None:
    """Somebody else has filled it."""
    device = await make_limited(basic=Queue(1, 0), retry_after=retry_after)
    async with DeviceTransport() as transport:
        began = time.monotonic()
        reading = asyncio.create_task(read(transport, device, 1))
        async with asyncio.timeout(5):
            while not device.turned_away:
                await asyncio.sleep(0.01)
        device.basic = Queue(1, 30)
        await reading
        assert least <= time.monotonic() - began < least + 2
    assert device.turned_away == 1


async def test_a_write_that_was_turned_away_is_sent_again(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport() as transport:
        await read(transport, device, 1)
        kept, device.basic = device.basic, Queue(1, 0)
        device.cookie = kept
        client = transport.client(device.target())
        writing = asyncio.create_task(client.post("/putxml", b"<Configuration/>", doing="writing settings"))
        async with asyncio.timeout(5):
            while not device.turned_away:
                await asyncio.sleep(0.01)
        device.basic = kept
        await writing
    written = [one for one in device.asked if "putxml" in one]
    assert len(written) == 2
    assert written[0] == "password /putxml"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("5", 5.0),
        (" 0 ", 0.0),
        ("-1", None),
        ("soon", None),
        ("9" * 40, None),
        ("٣", None),
        ("Mon, 30 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 30 Nov 2026 12:00:30", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert seconds_of(header, datetime(2026, 11, 30, 12, tzinfo=UTC)) == seconds


async def test_cookies_are_secrets(make_limited: Make) -> None:
    device = await make_limited()
    async with DeviceTransport() as transport:
        await read(transport, device, 3)
        (cookie,) = device.sessions
        assert f"SessionId={cookie}" not in repr(vars(transport))
    assert "abc" not in repr(DeviceAnswer(204, b"", session="SessionId=abc"))
