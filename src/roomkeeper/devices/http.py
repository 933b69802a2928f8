"""Calling a device by HTTP(S): HTTPS first, the TLS key pinned, credentials only to the device itself (rule R6).

Minimal: it finds out whether a device answers, and as whom. Status, configuration and commands come with drivers.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import aiohttp

from roomkeeper.devices import errors
from roomkeeper.devices.answers import DEVICE_MARK
from roomkeeper.devices.login import Login
from roomkeeper.devices.tls import error_of, fetch_certificate, key_of
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.status import decode_status

__all__ = ["Login", "Seen", "fetch_certificate", "key_of", "look"]

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 10.0
ANSWER_LIMIT: Final = 1_000_000
_STATUS_PATH = "/getxml?location=/Status/SystemUnit"
_SERIAL_PATH = "SystemUnit/Hardware/Module/SerialNumber"


@dataclass(frozen=True, slots=True)
class Seen:
    """What answered: is it one of these devices, by which key, which serial number it gave, and whether for a login."""

    scheme: str
    is_device: bool
    key: str = ""
    serial_number: str = ""
    login_refused: bool = False
    is_logged_in: bool = False


async def look(
    address: str,
    *,
    http_port: int,
    https_port: int,
    login: Login | None,
    pinned_key: str,
    password_may_use_http: bool,
    is_secure_only: bool,
) -> Seen:
    """Look who answers at the address, by HTTPS and, where nothing does and it is allowed, by HTTP.

    The password goes only to something that shows the mark of these devices, over TLS unless opted in.
    Raises a `ConnectionFailed` where nothing answers and `CertificateChanged` before anything was sent.
    """
    try:
        return await _look_over_tls(address, https_port, login, pinned_key)
    except errors.ConnectionFailed:
        if is_secure_only:
            # HTTP is not used towards a Secure-Only system, whatever stands open.
            raise
    return await _look_over_http(address, http_port, login if password_may_use_http else None, pinned_key)


async def _look_over_tls(address: str, port: int, login: Login | None, pinned_key: str) -> Seen:
    certificate = await fetch_certificate(address, port)
    key = key_of(certificate)
    if pinned_key and key != pinned_key:
        raise errors.CertificateChanged
    # From here on only the very certificate that was looked at is talked to.
    trust = aiohttp.Fingerprint(hashlib.sha256(certificate).digest())
    async with _session() as session:
        return await _ask(session, "https", address, port, trust, login, key)


async def _look_over_http(address: str, port: int, login: Login | None, pinned_key: str) -> Seen:
    async with _session() as session:
        # A key is pinned, so this system was met over TLS: without TLS it cannot prove to be itself.
        return await _ask(session, "http", address, port, False, None if pinned_key else login, "")


async def _ask(
    session: aiohttp.ClientSession,
    scheme: str,
    address: str,
    port: int,
    trust: aiohttp.Fingerprint | bool,
    login: Login | None,
    key: str,
) -> Seen:
    host = f"[{address}]" if ":" in address else address
    url = f"{scheme}://{host}:{port}{_STATUS_PATH}"
    status, realm, body = await _get(session, url, trust, None)
    is_logged_in = False
    if status == 401:
        if not DEVICE_MARK.search(realm):
            return Seen(scheme, is_device=False, key=key)
        # Basic authentication has no way to carry a name with a colon (RFC 7617).
        if login is None or ":" in login.username:
            return Seen(scheme, is_device=True, key=key)
        status, _, body = await _get(
            session, url, trust, aiohttp.encode_basic_auth(login.username, login.password)
        )
        if status in (401, 403):
            return Seen(scheme, is_device=True, key=key, login_refused=True)
        is_logged_in = True
    if status != 200:
        return Seen(scheme, is_device=False, key=key)
    try:
        values = decode_status(body).values
    except ProtocolError:
        return Seen(scheme, is_device=False, key=key)
    # TC numbers every node, CE and RoomOS only those that repeat (protocol notes D.4).
    serial = next((value for path, value in values.items() if path.replace("[1]", "") == _SERIAL_PATH), "")
    return Seen(scheme, is_device=True, key=key, serial_number=serial, is_logged_in=is_logged_in)


async def _get(
    session: aiohttp.ClientSession,
    url: str,
    trust: aiohttp.Fingerprint | bool,
    authorization: str | None,
) -> tuple[int, str, bytes]:
    try:
        headers = {"Authorization": authorization} if authorization else {}
        async with session.get(url, ssl=trust, headers=headers, allow_redirects=False) as answer:
            body = bytearray()
            async for part in answer.content.iter_chunked(65_536):
                body += part
                if len(body) > ANSWER_LIMIT:
                    raise errors.UnexpectedAnswer(detail=f"more than {ANSWER_LIMIT} bytes")
            return answer.status, answer.headers.get("WWW-Authenticate", ""), bytes(body)
    except aiohttp.ServerFingerprintMismatch as error:
        raise errors.CertificateChanged from error
    except TimeoutError as error:
        raise errors.ConnectTimedOut from error
    except aiohttp.ClientSSLError as error:
        raise errors.TlsFailed(detail=str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise error_of(error.os_error) from error
    except aiohttp.ClientResponseError as error:
        raise errors.UnexpectedAnswer(detail=str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise errors.ConnectionCutOff(detail=str(error)) from error


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)
    # A compressed answer could be of any size once it is unpacked.
    return aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
    )
