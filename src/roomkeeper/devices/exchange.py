"""An HTTP answer of a device read to its end, and what aiohttp says of one that did not come, in our errors."""

import re
from typing import Final

import aiohttp

from roomkeeper.devices import errors
from roomkeeper.devices.answers import DeviceAnswer
from roomkeeper.devices.tls import error_of
from roomkeeper.protocols.mending import in_utf8

_SESSION_COOKIES: Final = ("SecureSessionId", "SessionId")
# A cookie goes back as it came, so only what cannot end a header is taken.
_SESSION_ID: Final = re.compile(r"[A-Za-z0-9+/=._~-]{1,512}", re.ASCII)


async def read_answer(response: aiohttp.ClientResponse, limit: int) -> DeviceAnswer:
    """The whole answer, in UTF-8 where it says that it is in something else.

    Raises `AnswerTooLarge` for more than `limit` bytes.
    """
    body = bytearray()
    async for part in response.content.iter_chunked(65_536):
        body += part
        if len(body) > limit:
            raise errors.AnswerTooLarge(first_bytes=bytes(body[: errors.FIRST_BYTES]))
    return DeviceAnswer(
        response.status,
        in_utf8(bytes(body), response.headers.get("Content-Type", "")),
        content_type=response.headers.get("Content-Type", ""),
        realm=response.headers.get("WWW-Authenticate", ""),
        location=response.headers.get("Location", ""),
        session=_session_of(response),
        retry_after=response.headers.get("Retry-After", ""),
    )


def _session_of(response: aiohttp.ClientResponse) -> str:
    for name in _SESSION_COOKIES:
        cookie = response.cookies.get(name)
        if cookie is not None and _SESSION_ID.fullmatch(cookie.value):
            return f"{name}={cookie.value}"
    return ""


def exchange_error(error: Exception, *, is_tls: bool) -> errors.DeviceError:
    """Our error for what aiohttp said."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return errors.ConnectTimedOut()
    if isinstance(error, TimeoutError):
        return errors.ReadTimedOut()
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return errors.NameNotResolved(detail=str(error))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
        return (
            error_of(cause) if isinstance(cause, OSError) else errors.CertificateUntrusted(detail=str(error))
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        if is_tls and isinstance(error.os_error, ConnectionResetError):
            return errors.TlsFailed(detail=str(error))
        return error_of(error.os_error)
    if isinstance(error, aiohttp.ClientResponseError):
        return errors.NotXml(detail=str(error))
    return errors.ConnectionCutOff(detail=str(error))
