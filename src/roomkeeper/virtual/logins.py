"""Who may ask: HTTP Basic, sessions by cookie, lock-out (protocol notes D.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from roomkeeper.virtual.device import DeviceUser, VirtualDevice

REALM = "CISCO-Endpoint"


@dataclass(slots=True)
class LoginSession:
    """A signed-in client."""

    id: str
    username: str
    is_tls: bool
    started: float
    used: float


class Logins:
    """Checks credentials and keeps sessions of one endpoint."""

    def __init__(self, device: VirtualDevice) -> None:
        self._device = device
        self.sessions: dict[str, LoginSession] = {}
        self.fail_after: int | None = None
        """A fault switch: after so many accepted logins every further one is refused."""
        self.is_locked = False
        """A fault switch: everybody is locked out."""

    def _limit(self, name: str, default: int) -> int:
        return int(self._device.configuration.find(f"Security/Session/{name}", str(default)) or default)

    def check(self, username: str, password: str) -> DeviceUser | None:
        """The user, or None; counts failures and locks out as the settings say."""
        user = self._device.users.get(username)
        now = self._device.clock.monotonic()
        if user is None or not user.is_active or self.is_locked or now < user.blocked_until:
            return None
        if self.fail_after is not None:
            if self.fail_after <= 0:
                return None
            self.fail_after -= 1
        if not hmac.compare_digest(user.password.encode(), password.encode()):
            user.failed_logins += 1
            most = self._limit("MaxFailedLogins", 0)
            if most and user.failed_logins >= most:
                user.blocked_until = now + 60 * self._limit("FailedLoginsLockoutTime", 60)
                user.failed_logins = 0
            return None
        user.failed_logins = 0
        return user

    def basic(self, header: str) -> DeviceUser | None:
        """The user of an Authorization header, or None."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        return self.token(token)

    def token(self, token: str) -> DeviceUser | None:
        """The user of base64(user:password), standard or URL-safe, padded or not."""
        token = token.strip().replace("-", "+").replace("_", "/")
        try:
            plain = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode(
                "utf-8", "replace"
            )
        except (binascii.Error, ValueError):
            return None
        username, _, password = plain.partition(":")
        return self.check(username, password)

    def begin(self, user: DeviceUser, *, is_tls: bool) -> LoginSession | None:
        """A new session; None when there are too many (protocol notes D.2)."""
        mine = [one for one in self.sessions.values() if one.username == user.name]
        if len(self.sessions) >= self._limit("MaxTotalSessions", 20):
            return None
        if len(mine) >= self._limit("MaxSessionsPerUser", 20):
            return None
        now = self._device.clock.monotonic()
        session = LoginSession(secrets.token_hex(32), user.name, is_tls, now, now)
        self.sessions[session.id] = session
        return session

    def cookie(self, header: str, *, is_tls: bool) -> DeviceUser | None:
        """The user of a session cookie."""
        session = self._find(header, is_tls=is_tls)
        return self._device.users.get(session.username) if session else None

    def _find(self, header: str, *, is_tls: bool) -> LoginSession | None:
        wanted = "SecureSessionId" if is_tls else "SessionId"
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            session = self.sessions.get(value.strip('"')) if name == wanted else None
            if session is not None and session.is_tls == is_tls:
                now = self._device.clock.monotonic()
                most = self._limit("InactivityTimeout", 0) * 60
                if most and now - session.used > most:
                    del self.sessions[session.id]
                    return None
                session.used = now
                return session
        return None

    def end(self, header: str, *, is_tls: bool) -> None:
        """Sign out."""
        session = self._find(header, is_tls=is_tls)
        if session is not None:
            del self.sessions[session.id]

    def forget(self, username: str) -> None:
        """End every session of one user (the password was changed)."""
        self.sessions = {key: one for key, one in self.sessions.items() if one.username != username}

    def forget_all(self) -> None:
        """A restart ends every session."""
        self.sessions.clear()

    @staticmethod
    def short_id(session: LoginSession) -> str:
        """What Session List shows for an id: never the cookie itself."""
        return hashlib.sha256(session.id.encode()).hexdigest()[:16]
