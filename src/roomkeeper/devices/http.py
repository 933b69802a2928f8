"""Calling a device by HTTP(S): HTTPS first, the TLS key pinned, credentials only to the device itself (rule R6).

Minimal: it finds out whether a device answers, and as whom. Status, configuration and commands come with drivers.
"""

import asyncio
import hashlib
import re
import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roomkeeper.devices import errors
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.status import decode_status

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 10.0
ANSWER_LIMIT: Final = 1_000_000
# Protocol notes D.2: the realm of RoomOS 26; older ones name the product.
_MARK = re.compile(r"cisco|tandberg|telepresence", re.IGNORECASE)
_STATUS_PATH = "/getxml?location=/Status/SystemUnit"


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of the device's administrator account."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What answered: is it one of these devices, by which key, and which serial number it gave after login."""

    scheme: str
    is_device: bool
    key: str = ""
    serial_number: str = ""
    login_refused: bool = False


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
            # HTTP is not used towards a Secure-Only system, whatever stands open (page 1.1).
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
    if status == 401:
        if not _MARK.search(realm):
            return Seen(scheme, is_device=False, key=key)
        if login is None:
            return Seen(scheme, is_device=True, key=key)
        status, _, body = await _get(
            session, url, trust, aiohttp.encode_basic_auth(login.username, login.password)
        )
        if status in (401, 403):
            return Seen(scheme, is_device=True, key=key, login_refused=True)
    if status != 200:
        return Seen(scheme, is_device=False, key=key)
    try:
        values = decode_status(body).values
    except ProtocolError:
        return Seen(scheme, is_device=False, key=key)
    serial = values.get("SystemUnit/Hardware/Module/SerialNumber", "")
    return Seen(scheme, is_device=True, key=key, serial_number=serial)


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
    except aiohttp.ClientConnectorError as error:
        raise errors.ConnectionRefused(detail=str(error)) from error
    except aiohttp.ClientResponseError as error:
        raise errors.UnexpectedAnswer(detail=str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise errors.ConnectionCutOff(detail=str(error)) from error


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)
    return aiohttp.ClientSession(timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())


async def fetch_certificate(address: str, port: int) -> bytes:
    """The DER certificate that the address shows in a TLS handshake; nothing is sent. Raises `ConnectionFailed`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Devices show certificates that they signed themselves; trust comes from the pin.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(address, port, ssl=context)
    except TimeoutError as error:
        raise errors.ConnectTimedOut from error
    except ssl.SSLError as error:
        raise errors.TlsFailed(detail=str(error)) from error
    except ConnectionRefusedError as error:
        raise errors.ConnectionRefused from error
    except OSError as error:
        raise errors.ConnectionFailed(detail=str(error)) from error
    try:
        tls = writer.get_extra_info("ssl_object")
        certificate: bytes | None = tls.getpeercert(binary_form=True) if tls else None
    finally:
        writer.close()
    if not certificate:
        raise errors.TlsFailed
    return certificate


def key_of(certificate: bytes) -> str:
    """SHA-256 (hex) of a DER certificate's public key: what is pinned, so that a renewed certificate keeps it."""
    try:
        public = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise errors.TlsFailed(detail=str(error)) from error
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
