"""What a device's HTTP answer means: the exchange as values, and the error that an answer stands for. Pure."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from roomkeeper.devices import errors
from roomkeeper.words import gettext as _

# Protocol notes D.2: the realm of RoomOS 26; older ones name the product.
DEVICE_MARK: Final = re.compile(r"cisco|tandberg|telepresence", re.IGNORECASE)
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_HTML: Final = (b"<!doctype html", b"<html")
_SIGN_IN: Final = (b"signin", b"sign in", b"log in", b"login", b"password")
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_LOCKED: Final = (b"locked", b"blocked", b"too many")


@dataclass(frozen=True, slots=True)
class DeviceAnswer:
    """An HTTP answer, read to its end. `realm` is the WWW-Authenticate header, `session` a session cookie,
    `retry_after` the header of that name."""

    status: int
    body: bytes
    content_type: str = ""
    realm: str = ""
    location: str = ""
    session: str = field(default="", repr=False)
    retry_after: str = ""

    @property
    def shows_mark(self) -> bool:
        """Whether it asks for a login as these devices do, so that one may be sent (rule R6)."""
        return self.status == 401 and DEVICE_MARK.search(self.realm) is not None

    @property
    def is_sign_in_page(self) -> bool:
        """Whether it asks for a login in HTML instead of answering (protocol notes D.2)."""
        if 300 <= self.status < 400:
            return any(word in self.location.lower().encode() for word in _SIGN_IN)
        return self.status == 200 and self._is_html() and any(word in self.body.lower() for word in _SIGN_IN)

    @property
    def is_busy(self) -> bool:
        """Whether the device turns requests away by its own limit (protocol notes P.3)."""
        return self.status == 503

    def _is_html(self) -> bool:
        return "html" in self.content_type.lower() or self.body.lstrip(_BLANK).lower().startswith(_HTML)

    def check(self) -> None:
        """Raises the error that the answer stands for, unless it is XML or an empty success."""
        if self.is_sign_in_page:
            raise errors.SignInPage(first_bytes=self.body, detail=self.location)
        if self.status in (423, 429) or (self.status in (401, 403) and self._says_locked()):
            raise errors.LockedOut(detail=_("status {status}", status=self.status))
        if self.status == 401:
            raise errors.LoginRefused
        if self.status == 403:
            raise errors.NotAdministrator
        if self.is_busy:
            raise errors.DeviceBusy(retry_after=seconds_of(self.retry_after, datetime.now(UTC)))
        if self.status >= 500:
            raise errors.ServerError(status=self.status)
        if self.status == 204:
            return
        if self.status != 200:
            raise errors.UnexpectedAnswer(
                evidence=_("It answered {status}.", status=self.status),
                first_bytes=self.body,
                detail=self.location,
            )
        if self._is_html() or not self.body.lstrip(_BLANK).startswith(b"<"):
            raise errors.NotXml(first_bytes=self.body)

    def _says_locked(self) -> bool:
        return any(word in self.body[:1000].lower() for word in _LOCKED)


def seconds_of(retry_after: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or a date (RFC 9110); None for none to be read."""
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment - now).total_seconds()) if moment.tzinfo else None
