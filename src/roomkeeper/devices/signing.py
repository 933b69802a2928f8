"""Signing in to one device: a login is proven before it is used, several requests share a session, and a refused login
is not sent again (rule R6). Not here: sockets (`client`), what is remembered (`limits`, `sessions`), rates (`pacing`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from roomkeeper.devices import errors
from roomkeeper.devices.answers import DeviceAnswer
from roomkeeper.devices.limits import LoginMemory
from roomkeeper.devices.login import Login
from roomkeeper.devices.pacing import Pace
from roomkeeper.devices.sessions import DeviceSession, Sessions
from roomkeeper.words import gettext as _

BEGIN: Final = "/xmlapi/session/begin"
END: Final = "/xmlapi/session/end"
_NO_SESSIONS: Final = frozenset({301, 302, 303, 307, 308, 404, 405})


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What is asked; an empty `body` is one, None is none."""

    method: str
    path: str
    body: bytes | None = None


Send = Callable[[SigningRequest, dict[str, str]], Awaitable[DeviceAnswer]]


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to send one request. `taken_of`: whose place it took; `wants_session`: whether it goes by a session."""

    taken_of: Pace | None = None
    wants_session: bool = False

    def give_back(self) -> None:
        """Nothing was sent."""
        if self.taken_of is not None:
            self.taken_of.give_back()


class Signing:
    """The login of one device as `login` has it, and what its requests are signed with."""

    def __init__(self, device: str, logins: LoginMemory, sessions: Sessions, pace: Pace) -> None:
        self._device = device
        self._logins = logins
        self._sessions = sessions
        self._pace = pace

    def mark(self, login: Login) -> str:
        """The name under which the login is remembered for this device."""
        return self._logins.mark(self._device, login.username, login.password)

    def was_refused(self, login: Login) -> bool:
        """Whether the device refused exactly this login before, so that it would not be sent."""
        return login.was_refused or self._logins.was_refused(self.mark(login), is_tracked=login.is_tracked)

    def forget_refusal(self, login: Login) -> None:
        """A person wants it to be tried again."""
        self._logins.forget(self.mark(login))

    async def wait_turn(self, login: Login | None) -> "Turn":
        """Wait until one more request may be sent."""
        if login is None or self.was_refused(login):
            # Nothing will be sent.
            return Turn(wants_session=False)
        now = time.monotonic()
        session = self._sessions.find(self.mark(login))
        turn = Turn(wants_session=True)
        if session is not None:
            session.used_at = now
            seconds = max(session.pace.reserve(now), self._pace.rest(now))
        else:
            turn = Turn(self._pace, wants_session=self._pace.wants_session(now))
            seconds = self._pace.reserve(now)
        if seconds:
            await asyncio.sleep(seconds)
        return turn

    async def ask(
        self,
        send: Send,
        scheme: str,
        login: Login,
        request: SigningRequest,
        first_read: SigningRequest,
        first_login: asyncio.Lock,
        *,
        wants_session: bool,
    ) -> DeviceAnswer:
        """The answer to a signed request. Raises the error that it stands for."""
        async with first_login:
            if not self._has_worked(login):
                # The first login only reads: what reads anyway needs nothing before it (rule R6).
                proof = request if request.method == "GET" else first_read
                answer = await self._send_password(send, login, proof)
                if proof is request:
                    return answer
                self._pace.reserve(time.monotonic())
            session = await self._session(send, scheme, login) if wants_session else None
        if session is None:
            return await self._send_password(send, login, request)
        answer = await self._send_session(send, login, request, session)
        if _has_expired(answer):
            # Its password is not to blame. It signs in anew once, and goes on as without sessions if that is no use.
            self._sessions.drop(self.mark(login), session)
            async with first_login:
                session = await self._session(send, scheme, login)
            if session is not None:
                answer = await self._send_session(send, login, request, session)
        if session is None or _has_expired(answer):
            self._pace.reserve(time.monotonic())
            return await self._send_password(send, login, request)
        self._judge(answer, login)
        return answer

    # The password

    def _has_worked(self, login: Login) -> bool:
        """Whether it works as far as is known. Raises for one that was refused, which is not tried again (rule R6)."""
        if self.was_refused(login):
            kind = errors.LockedOut if login.has_worked else errors.LoginRefused
            refused = kind(evidence=_("The same login was refused before, so it was not tried again."))
            refused.was_tried = False
            raise refused
        return self._logins.has_worked(self.mark(login))

    async def _send_password(self, send: Send, login: Login, request: SigningRequest) -> DeviceAnswer:
        answer = await send(request, _basic(login))
        self._judge(answer, login)
        return answer

    def _judge(self, answer: DeviceAnswer, login: Login) -> None:
        logins, mark = self._logins, self.mark(login)
        has_worked = login.has_worked or logins.has_worked(mark)
        try:
            answer.check()
        except errors.LockedOut:
            logins.note_refused(mark, has_worked=True)
            raise
        except errors.LoginRefused:
            logins.note_refused(mark, has_worked=has_worked)
            if has_worked:
                raise errors.LockedOut(evidence=_("The same login worked before.")) from None
            raise
        logins.note_accepted(mark)

    # The session

    async def _session(self, send: Send, scheme: str, login: Login) -> DeviceSession | None:
        """The open session of the login, or a new one; None where the device gives none (protocol notes D.2)."""
        mark = self.mark(login)
        session = self._sessions.find(mark)
        if session is not None:
            # What was given over TLS is not sent in the clear.
            return session if session.scheme == scheme else None
        answer = await send(SigningRequest("POST", BEGIN, b""), _basic(login))
        if answer.status == 401:
            self._judge(answer, login)
        if not answer.session:
            # TC answers with a redirect, a device whose sessions are all taken with 503.
            has_none = answer.status in _NO_SESSIONS
            self._pace.note_no_sessions(time.monotonic(), has_none=has_none)
            return None

        async def end(cookie: str) -> None:
            try:
                await send(SigningRequest("POST", END, b""), {"Cookie": cookie})
            except errors.DeviceError:
                # It is away, or has forgotten the session itself.
                return

        session = DeviceSession(answer.session, scheme, end)
        session.pace.reserve(time.monotonic())
        self._sessions.keep(mark, session)
        return session

    async def _send_session(
        self, send: Send, login: Login, request: SigningRequest, session: DeviceSession
    ) -> DeviceAnswer:
        with session.in_use():
            return await send(request, {"Cookie": session.cookie})


def _has_expired(answer: DeviceAnswer) -> bool:
    """Whether a session is known no more: 401, or a page that asks for a login (protocol notes D.2)."""
    return answer.status == 401 or answer.is_sign_in_page


def _basic(login: Login) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(login.username, login.password, encoding="utf-8")}
