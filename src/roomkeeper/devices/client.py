"""The HTTP client that drivers use: one session for all devices, one policy for each (design C.2, rules R6).

Every failure is an error of `devices.errors` that names the device. Not here: what is asked and what it means.
"""

import ipaddress
import re
import socket
import time
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from roomkeeper.devices import errors
from roomkeeper.devices.answers import DeviceAnswer
from roomkeeper.devices.contactable import Contactable, addresses_of
from roomkeeper.devices.exchange import exchange_error, read_answer
from roomkeeper.devices.limits import Limits, LoginMemory, network_of
from roomkeeper.devices.login import Login
from roomkeeper.devices.pacing import Paces, Waits
from roomkeeper.devices.reach import Reach
from roomkeeper.devices.sessions import IDLE_SECONDS, Sessions
from roomkeeper.devices.signing import Signing, SigningRequest
from roomkeeper.devices.tls import DeviceTls, TlsPolicy, Trust, explain
from roomkeeper.words import gettext as _

FIRST_READ: Final = "/getxml?location=/Status/SystemUnit"
_FIRST: Final = SigningRequest("GET", FIRST_READ)
# Names and addresses as they may stand in a URL; anything else could make it lead elsewhere.
_HOST: Final = re.compile(r"[A-Za-z0-9._:%-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each phase may take, in seconds, and how many bytes an answer may have.

    An old codec takes tens of seconds for its whole status (protocol notes N.1).
    """

    connect: float = 3.0
    read: float = 20.0
    total: float = 60.0
    answer_limit: int = 10_000_000


ORDINARY: Final = Patience()
WHOLE_DOCUMENT: Final = Patience(read=45.0, total=120.0)
# Then no request has reached the device.
_NOT_SENT: Final = (
    errors.ContactForbidden,
    errors.NameNotResolved,
    errors.ConnectionRefused,
    errors.ConnectTimedOut,
    errors.TlsFailed,
    errors.CertificateRefused,
)
# Seconds that a connection waits for the next request of the same conversation. Thousands of systems are polled one
# after the other, and the connections to those that were asked would cost more memory than all else.
KEPT_OPEN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Target:
    """A device to talk to. `serial_number` is the expected one; a port of 0 means that there is no such service."""

    name: str
    address: str
    reach: Reach
    login: Login | None = None
    tls: TlsPolicy = TlsPolicy()
    https_port: int = 443
    http_port: int = 80
    password_may_use_http: bool = False
    serial_number: str = ""

    @property
    def has_valid_address(self) -> bool:
        """Whether the address is a name or an IP address, and nothing that would lead elsewhere."""
        return _HOST.fullmatch(self.address) is not None

    def demand_address(self) -> None:
        """Raises `NameNotResolved` for what is neither a name nor an IP address, and `AddressForbidden` for an IP
        address that may not be contacted; what is behind a name is asked when it is resolved."""
        with suppress(ValueError):
            self.reach.contactable.demand(str(ipaddress.ip_address(self.address)))
            return
        # Digits and dots alone are no name, and yet some resolvers take 127.1 for an address.
        if not self.has_valid_address or self.address.replace(".", "").isdigit():
            raise errors.NameNotResolved

    @property
    def whom(self) -> str:
        """How messages name it."""
        return f"{self.name} ({self.address})" if self.name else self.address

    @property
    def may_use_http(self) -> bool:
        """Whether its password may travel by plain HTTP (rule R6)."""
        return (
            bool(self.http_port)
            and self.reach.allows("http")
            and self.password_may_use_http
            # A system that was met over TLS cannot prove to be itself without it.
            and not self.tls.pinned_key
            and self.tls.trust is not Trust.AUTHORITY
        )


# What the request in hand may contact; the session is all devices'.
_contactable: Final[ContextVar[Contactable]] = ContextVar("contactable")


class _Resolver(AbstractResolver):
    """Gives aiohttp none but the addresses that may be contacted, so that no name leads elsewhere."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await addresses_of(host, _contactable.get(), family=family)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _connector(*, keeps_connections: bool) -> aiohttp.TCPConnector:
    # No pool limit: `Limits` says how many at a time. Names are resolved anew: who is allowed may differ.
    if not keeps_connections:
        return aiohttp.TCPConnector(limit=0, force_close=True, resolver=_Resolver(), use_dns_cache=False)
    return aiohttp.TCPConnector(
        limit=0, keepalive_timeout=KEPT_OPEN, resolver=_Resolver(), use_dns_cache=False
    )


class DeviceTransport:
    """The session, the limits, the memory of logins and the open sessions that all devices share; an asynchronous
    context manager, which ends those sessions.

    `keeps_connections`: open for a while, for the next request; without it each request ends its own. `session_idle`:
    seconds after which a session that nobody uses is ended.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        logins: LoginMemory | None = None,
        keeps_connections: bool = True,
        session_idle: float = IDLE_SECONDS,
    ) -> None:
        self.limits = limits or Limits()
        self.logins = logins or LoginMemory()
        self.paces = Paces()
        self.sessions = Sessions(idle=session_idle)
        self._keeps_connections = keeps_connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session; there is one between entering and leaving."""
        if self._session is None:
            raise RuntimeError("The transport is not open.")
        return self._session

    def client(self, target: Target, *, patience: Patience | None = None) -> "DeviceClient":
        """A client for one device. `patience` replaces what each request would allow itself."""
        return DeviceClient(self, target, patience)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=_connector(keeps_connections=self._keeps_connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            # A compressed answer could be of any size once it is unpacked.
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.sessions.close()
        finally:
            session, self._session = self._session, None
            if session is not None:
                await session.close()


class DeviceClient:
    """Requests to one device.

    Each waits until the device may be asked (`pacing`), signs in as `signing` says, and is asked again while the device
    says to be busy, as long as it may take in all.
    """

    def __init__(self, transport: DeviceTransport, target: Target, patience: Patience | None = None) -> None:
        self.target = target
        self._transport = transport
        self._patience = patience
        self._tls = DeviceTls(target.tls)
        self._scheme = ""
        self._device = f"{target.address}:{target.https_port}:{target.http_port}"
        self._network = network_of(target.address)
        self._pace = transport.paces.of(self._device)
        self._signing = Signing(self._device, transport.logins, transport.sessions, self._pace)

    @property
    def seen_key(self) -> str:
        """The TLS key that the device showed (or the pinned one), "" before the first handshake."""
        return self._tls.seen_key

    @property
    def scheme(self) -> str:
        """`https` or `http`, "" before the first answer."""
        return self._scheme

    def use_login(self, login: Login) -> None:
        """Sign in with this from now on."""
        self.target = replace(self.target, login=login)

    def was_refused(self, login: Login) -> bool:
        """Whether the device refused exactly this login before, so that it would not be sent."""
        return self._signing.was_refused(login)

    def forget_refusal(self) -> None:
        """A person wants the stored login to be tried again."""
        if self.target.login is not None:
            self._signing.forget_refusal(self.target.login)

    def lane(self) -> AbstractAsyncContextManager[None]:
        """A place in the transport's limits, for `look`; other requests wait for their own."""
        return self._transport.limits.lane(self._device, self._network)

    async def look(self, scheme: str) -> DeviceAnswer:
        """Who answers by `https` or `http`: the answer to the first read, whatever it is; no login is sent.

        The caller waits for a `lane`. Requests that follow use what showed the mark, if a password may go there.
        Raises `DeviceBusy` for an answer of 503, which says nothing of who it is.
        """
        try:
            answer = await self._send(scheme, ORDINARY, _FIRST, {})
            if answer.is_busy:
                answer.check()
        except errors.DeviceError as error:
            error.about(self.target.whom, _("looking who answers"))
            raise
        if answer.shows_mark and (scheme == "https" or self.target.may_use_http):
            self._scheme = scheme
        return answer

    async def get(self, path: str, *, doing: str, patience: Patience = ORDINARY) -> bytes:
        """The XML at a path. Raises `DeviceError`."""
        return await self._ask(SigningRequest("GET", path), doing, patience)

    async def post(self, path: str, body: bytes, *, doing: str, patience: Patience = ORDINARY) -> bytes:
        """The XML that answers a post. Raises `DeviceError`."""
        return await self._ask(SigningRequest("POST", path, body), doing, patience)

    async def _ask(self, request: SigningRequest, doing: str, patience: Patience) -> bytes:
        limits = self._transport.limits
        patience = self._patience or patience
        try:
            # Before waiting for a place, so that nothing forbidden waits; `_send` asks again.
            self.target.reach.demand("https" if self.target.https_port else "http")
            answer = await self._ask_busy(request, patience)
        except errors.DeviceError as error:
            if not isinstance(error, errors.ContactForbidden):
                is_dead = isinstance(error, errors.ConnectTimedOut | errors.ReadTimedOut)
                limits.note(self._device, is_dead=is_dead)
            error.about(self.target.whom, doing)
            raise
        limits.note(self._device, is_dead=False)
        return answer.body

    async def _ask_busy(self, request: SigningRequest, patience: Patience) -> DeviceAnswer:
        """Ask again while it is busy, with no place held while it is waited for."""
        limits, waits = self._transport.limits, Waits(patience.total)
        while True:
            turn = await self._signing.wait_turn(self.target.login)
            try:
                async with limits.place(self._device, self._network) as first_login:
                    scheme = self._scheme or await self._choose_scheme(patience)
                    return await self._signing.ask(
                        partial(self._send, scheme, patience),
                        scheme,
                        self._get_login(),
                        request,
                        _FIRST,
                        first_login,
                        wants_session=turn.wants_session,
                    )
            except _NOT_SENT:
                turn.give_back()
                raise
            except errors.DeviceBusy as busy:
                seconds = waits.next(busy.retry_after)
                if seconds is None:
                    raise
                self._pace.note_busy(seconds, time.monotonic())

    def _get_login(self) -> Login:
        if self.target.login is None:
            raise errors.LoginRefused(
                _("The device requires a login, but none is stored. Store one under System > Connection.")
            )
        if ":" in self.target.login.username:
            # HTTP Basic ends the name at the first colon.
            raise errors.LoginRefused(
                _("The device does not accept a user name with a colon. Use another account.")
            )
        return self.target.login

    # Which road

    async def _choose_scheme(self, patience: Patience) -> str:
        """HTTPS first; HTTP only where nothing listens for HTTPS and a password may use it (rule R6)."""
        target = self.target
        if not target.https_port and not target.may_use_http:
            raise errors.PasswordNeedsTls
        if target.https_port:
            try:
                await self._look(patience, "https")
            except (errors.ConnectionRefused, errors.ConnectTimedOut):
                if not target.may_use_http:
                    raise
            else:
                self._scheme = "https"
                return "https"
        await self._look(patience, "http")
        self._scheme = "http"
        return "http"

    async def _look(self, patience: Patience, scheme: str) -> None:
        """Ask without a login. Credentials go only to what shows the mark of these devices, or the pinned key."""
        if scheme == "https" and (self.target.tls.pinned_key or self.target.tls.trust is Trust.AUTHORITY):
            return
        answer = await self._send(scheme, patience, _FIRST, {})
        if answer.status != 401:
            answer.check()
        elif not answer.shows_mark:
            raise errors.UnexpectedAnswer(
                evidence=_("Its sign-in does not look like a video system's."), first_bytes=answer.body
            )

    # The exchange

    async def _send(
        self, scheme: str, patience: Patience, request: SigningRequest, headers: dict[str, str]
    ) -> DeviceAnswer:
        """One HTTP exchange: the only place that opens a socket to a device, and so the place that forbids it."""
        self.target.reach.demand(scheme)
        self.target.demand_address()
        patience = self._patience or patience
        is_tls = scheme == "https"
        host = f"[{self.target.address}]" if ":" in self.target.address else self.target.address
        port = self.target.https_port if is_tls else self.target.http_port
        if request.body is not None:
            headers = {**headers, "Content-Type": "text/xml"}
        token = _contactable.set(self.target.reach.contactable)
        try:
            async with self._transport.session.request(
                request.method,
                f"{scheme}://{host}:{port}{request.path}",
                data=request.body,
                headers=headers,
                ssl=self._tls.context if is_tls else False,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=patience.total, sock_connect=patience.connect, sock_read=patience.read
                ),
            ) as answer:
                return await read_answer(answer, patience.answer_limit)
        except errors.DeviceError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            found = exchange_error(error, is_tls=is_tls)
            if isinstance(found, errors.TlsFailed):
                found = await explain(
                    found, self.target.tls, self.target.address, port, self.target.reach.contactable
                )
            raise found from error
        finally:
            _contactable.reset(token)
