"""The one way in which sources speak HTTP: what they ask, whom they trust, how long they wait. Not here: what it means.

Sources are read in a thread of their own, so this looks synchronous; inside is aiohttp on a loop of the same thread,
because only so every wait can be ended. Every failure is a `SourceFailed` whose sentence holds no secret.
"""

import asyncio
import time
import zlib
from base64 import b64encode
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urljoin

import aiohttp

from roomkeeper.devices import errors
from roomkeeper.devices.contactable import Contactable
from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.phonebooks.sources.trusting import ContactableResolver, certificate_context
from roomkeeper.phonebooks.sources.urls import as_sent, checked_url, demand_contactable, origin_of, server_of
from roomkeeper.phonebooks.sources.waiting import seconds_of
from roomkeeper.phonebooks.sources.wording import exchange_sentence, failure_sentence, status_sentence
from roomkeeper.systems import network_settings
from roomkeeper.systems.addresses import parse_networks
from roomkeeper.words import gettext as _

# As often as a reading is looked at, whether somebody cancelled it, in seconds.
_LOOK: Final = 0.25
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_MOST_REDIRECTS: Final = 5
_BUSY: Final = {429, 503}
_READS: Final = ("GET", "HEAD")
_Found = TypeVar("_Found")

TLS_INPUTS: Final = (
    Input(
        name="authority",
        default="",
        most=200_000,
        is_long=True,
        label="Certificate authority",
        meaning="In PEM, where the server's certificate is signed by one of your own; then these alone are trusted."
        " Empty: the authorities of this machine.",
    ),
    Input(
        name="unverified",
        type=bool,
        default=False,
        label="Do not check the certificate",
        meaning="Then anyone on the network between can read the password and answer anything. Each reading warns of"
        " it.",
    ),
)
"""What a kind that speaks HTTPS takes besides; `HttpClient` reads them out of the settings."""

LOGIN_INPUTS: Final = (
    Input(name="username", default="", most=255, label="User name"),
    Input(name="password", default="", most=1_000, is_secret=True, label="Password"),
)
"""A user name and a password, for `Credentials.of_login`."""

PROXY_INPUTS: Final = (
    Input(
        name="proxy",
        default="",
        most=500,
        label="Proxy",
        meaning="As http://proxy.example.org:3128, without a login. Empty: none.",
    ),
)
"""A proxy between, for what is in the Internet; `HttpClient` reads it out of the settings."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds: to connect, between two parts of an answer, one answer, all of a reading.

    `waits` are those before a busy server (429, 503) is asked again; one that names a time is given that, up to
    `longest_wait`.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 300.0
    reading: float = 3_600.0
    waits: tuple[float, ...] = (1.0, 4.0, 15.0)
    longest_wait: float = 90.0


ORDINARY: Final = Patience()
ANSWER_LIMIT: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Credentials:
    """A header that proves who asks. It is sent to the origin of the source alone, and shown nowhere."""

    name: str = ""
    value: str = field(default="", repr=False)

    @classmethod
    def of_user(cls, user: str, password: str) -> Self:
        """HTTP Basic; nothing where both are empty. Raises `SourceFailed` for a name with a colon."""
        if not user and not password:
            return cls()
        if ":" in user:
            raise SourceFailed(_("A user name with a colon cannot be sent by HTTP. Use another account."))
        return cls("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())

    @classmethod
    def of_login(cls, settings: Mapping[str, Any]) -> Self:
        """HTTP Basic by what `LOGIN_INPUTS` took."""
        return cls.of_user(str(settings.get("username") or ""), str(settings.get("password") or ""))

    @classmethod
    def of_token(cls, token: str) -> Self:
        """A bearer token; nothing where it is empty."""
        return cls("Authorization", f"Bearer {token}") if token else cls()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, unpacked. `headers` are by their name in lower case, `url` is where it came from at last."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = ""

    @property
    def content_type(self) -> str:
        """What it says it is, in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class HttpClient:
    """Requests of one reading of a source; a context manager, used by one thread.

    `home` is the address of the source: credentials are sent to its origin and to no other. What the reading says
    holds (`TLS_INPUTS` of its settings, `is_cancelled`), and it is warned of what is unsafe. `contactable` are the
    networks of loopback and the like that may be asked, by default those of the Network settings. The environment is
    not looked at: the proxy is that of `PROXY_INPUTS`, and there is no `.netrc`.
    """

    def __init__(
        self,
        reading: Reading,
        home: str,
        credentials: Credentials = Credentials(),
        *,
        patience: Patience = ORDINARY,
        limit: int = ANSWER_LIMIT,
        contactable: Contactable | None = None,
    ) -> None:
        self.home = checked_url(home)
        self.credentials = credentials
        self._reading = reading
        self._patience = patience
        self._limit = limit
        if contactable is None:
            contactable = Contactable(parse_networks(network_settings.get().contactable_networks))
        self._contactable = contactable
        self._proxy = checked_url(str(reading.settings["proxy"])) if reading.settings.get("proxy") else None
        is_secure = self.home.startswith("https:")
        self._context = certificate_context(reading, server_of(self.home)) if is_secure else False
        if credentials.value and not is_secure:
            self._warn(_("The login for {server} is sent unencrypted: use https.", server=server_of(home)))
        self._until = time.monotonic() + patience.reading
        self._runner = asyncio.Runner()
        self._session: aiohttp.ClientSession | None = None

    def __enter__(self) -> Self:
        self._runner.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        with self._runner:
            if session is not None:
                self._runner.run(session.close())

    def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        accepts: tuple[int, ...] = (),
    ) -> Answer:
        """The answer to a request, whose status is 2xx or one of `accepts`. Raises `SourceFailed` for all else.

        `url` may be relative to `home`. Redirects are followed: within the origin as they are, to another one only
        what reads and has no body, without credentials; never from https to http.
        """
        return self._run(self._ask(method, self.join(url), dict(headers or {}), body, accepts))

    def join(self, url: str, base: str = "") -> str:
        """An address that an answer named, made whole. Raises `SourceFailed` for what cannot be asked."""
        return checked_url(urljoin(base or self.home, url))

    def demand_home(self, url: str) -> str:
        """The same, of an address at the source's own origin. Raises `SourceFailed` for another: what follows a page
        may not lead elsewhere."""
        whole = self.join(url)
        if origin_of(whole) != origin_of(self.home):
            raise SourceFailed(
                _(
                    "{server} names {other} for what follows. Only addresses at {server} itself are asked.",
                    server=server_of(self.home),
                    other=server_of(whole),
                )
            )
        return whole

    # On the loop

    async def _open(self) -> None:
        timeout = aiohttp.ClientTimeout(
            total=self._patience.total, connect=self._patience.connect, sock_read=self._patience.read
        )
        connector = aiohttp.TCPConnector(resolver=ContactableResolver(self._contactable), use_dns_cache=False)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Unpacked below, within the limit.
            auto_decompress=False,
            timeout=timeout,
            headers={"User-Agent": "Roomkeeper", "Accept-Encoding": "gzip, identity"},
        )

    def _run(self, work: Coroutine[Any, Any, _Found]) -> _Found:
        """The work, ended where the reading is cancelled or takes too long. Whether it is, is asked between two turns
        of the loop and not on it: the answer may come from the database."""
        task = self._runner.get_loop().create_task(work)
        try:
            while True:
                if self._reading.is_cancelled():
                    raise SourceFailed(_("The reading was cancelled. What stands was kept."))
                left = self._until - time.monotonic()
                if left <= 0:
                    raise SourceFailed(
                        _(
                            "{server} is too slow: it has not told everything in {minutes} minutes.",
                            server=server_of(self.home),
                            minutes=round(self._patience.reading / 60),
                        )
                    )
                self._runner.run(_wait_for(task, min(left, _LOOK)))
                if task.done():
                    return task.result()
        finally:
            if not task.done():
                task.cancel()
                self._runner.run(_wait_for(task, _LOOK * 20))

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, accepts: tuple[int, ...]
    ) -> Answer:
        waits, is_again = list(self._patience.waits), False
        redirects = 0
        while True:
            try:
                answer = await self._send(method, url, headers, body)
            except aiohttp.ServerDisconnectedError as error:
                # It closed a connection that waited for us; all that sources ask only reads.
                if is_again:
                    raise SourceFailed(failure_sentence(errors.ConnectionCutOff(), url)) from error
                is_again = True
                continue
            is_again = False
            if answer.status in accepts or 200 <= answer.status < 300:
                return answer
            if answer.status in _REDIRECTS and answer.headers.get("location"):
                redirects += 1
                method, url, body = self._redirected(answer, method, body, redirects)
            elif answer.status in _BUSY and waits:
                await asyncio.sleep(self._wait_of(answer, waits.pop(0)))
            else:
                raise SourceFailed(status_sentence(answer.status, url))

    def _redirected(
        self, answer: Answer, method: str, body: bytes | None, redirects: int
    ) -> tuple[str, str, bytes | None]:
        """(method, address, body) of the next request."""
        old, new = answer.url, self.join(answer.headers["location"], answer.url)
        if redirects > _MOST_REDIRECTS:
            raise SourceFailed(
                _("{server} redirects again and again. Check the address.", server=server_of(old))
            )
        if old.startswith("https:") and not new.startswith("https:"):
            raise SourceFailed(
                _("{server} redirects to an unencrypted address. Enter another one.", server=server_of(old))
            )
        if answer.status == 303 and method not in _READS:
            method, body = "GET", None
        if origin_of(new) != origin_of(old) and (method not in _READS or body is not None):
            raise SourceFailed(
                _(
                    "{server} redirects to {other}, and what is asked is not sent elsewhere. If that is right,"
                    " enter that server's address.",
                    server=server_of(old),
                    other=server_of(new),
                )
            )
        return method, new, body

    def _wait_of(self, answer: Answer, usual: float) -> float:
        seconds = seconds_of(answer.headers.get("retry-after", ""))
        if seconds is None:
            return usual
        if seconds > self._patience.longest_wait:
            raise SourceFailed(
                _(
                    "{server} is busy and asks to wait for {seconds} seconds. It is read again when it is due next.",
                    server=server_of(answer.url),
                    seconds=round(min(seconds, 10**9)),
                )
            )
        return seconds

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        assert self._session is not None  # noqa: S101 - used as a context manager
        is_home = origin_of(url) == origin_of(self.home)
        if self.credentials.value and is_home:
            headers = {**headers, self.credentials.name: self.credentials.value}
        if url.startswith("https:") and self._context is False:
            # The source's own address is http; what it redirects to is judged as any.
            self._context = certificate_context(self._reading, server_of(url))
        try:
            for address in (url, self._proxy or url):
                demand_contactable(address, self._contactable)
            async with self._session.request(
                method,
                as_sent(url),
                headers=headers,
                data=body,
                allow_redirects=False,
                proxy=self._proxy,
                ssl=self._context or True,
            ) as found:
                return Answer(
                    found.status,
                    _headers_of(found),
                    await self._read(found, url),
                    url,
                )
        except aiohttp.ServerDisconnectedError:
            raise
        except errors.DeviceError as error:
            raise SourceFailed(failure_sentence(error, url)) from error
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            if isinstance(error, SourceFailed):
                raise
            # Not `from error`: what aiohttp says may hold the address with all that stands in it.
            raise SourceFailed(exchange_sentence(error, url, self._proxy or "")) from None

    async def _read(self, found: aiohttp.ClientResponse, url: str) -> bytes:
        """The whole answer, unpacked; never more than the limit in memory."""
        packing = found.headers.get("Content-Encoding", "").strip().lower()
        unpacker = zlib.decompressobj(wbits=47) if packing in ("gzip", "deflate") else None
        body = bytearray()
        async for part in found.content.iter_chunked(65_536):
            body += unpacker.decompress(part, self._limit + 1 - len(body)) if unpacker else part
            if len(body) > self._limit:
                raise SourceFailed(
                    _(
                        "The answer of {server} is too large: it has more than {limit} MB.",
                        server=server_of(url),
                        limit=self._limit // 1_000_000,
                    )
                )
        if unpacker is not None and body and not unpacker.eof:
            raise errors.ConnectionCutOff
        return bytes(body)

    def _warn(self, sentence: str) -> None:
        if sentence not in self._reading.warnings:
            self._reading.warnings.append(sentence)


async def _wait_for(task: asyncio.Task[Any], seconds: float) -> None:
    await asyncio.wait({task}, timeout=seconds)


def _headers_of(found: aiohttp.ClientResponse) -> dict[str, str]:
    # One that is there several times means the same as all of it in one.
    return {name.lower(): ", ".join(found.headers.getall(name)) for name in found.headers}
