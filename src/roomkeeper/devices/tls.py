"""TLS towards devices: which key or authority is trusted (rule R6), and what a failed handshake means."""

import asyncio
import errno
import hashlib
import socket
import ssl
import warnings
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roomkeeper.devices import errors

HANDSHAKE_SECONDS: Final = 3.0
_VERSIONS: Final = (
    ("TLS 1.0", ssl.TLSVersion.TLSv1),
    ("TLS 1.1", ssl.TLSVersion.TLSv1_1),
    ("TLS 1.2", ssl.TLSVersion.TLSv1_2),
    ("TLS 1.3", ssl.TLSVersion.TLSv1_3),
)
_MODERN: Final = ("TLS 1.2", "TLS 1.3")
# How OpenSSL words that the two sides have no version in common.
_VERSION_REASONS: Final = (
    "PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_SSL_VERSION",
    "NO_PROTOCOLS_AVAILABLE",
)
# OpenSSL's X509_V_ERR_ numbers: not yet valid, expired; host name, address mismatch.
_EXPIRED: Final = frozenset({9, 10})
_MISMATCH: Final = frozenset({62, 64})


class Trust(Enum):
    """What makes a device's certificate good enough."""

    PIN = "pin"
    AUTHORITY = "authority"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How a system's certificate is judged.

    PIN: the key has to be `pinned_key` (SHA-256 of the public key, hex); empty trusts the first key that is seen.
    AUTHORITY: signed by one of `authorities` (PEM), valid today, for the name or address that is called.
    `is_legacy` (TLS 1.0, weak ciphers) is only ever chosen by hand.
    """

    trust: Trust = Trust.PIN
    pinned_key: str = ""
    authorities: str = ""
    is_legacy: bool = False

    @property
    def versions(self) -> tuple[str, ...]:
        """The TLS versions that we offer."""
        return tuple(name for name, _ in _VERSIONS) if self.is_legacy else _MODERN


class PinRefused(ssl.SSLError):
    """The handshake showed another key than the pinned one."""


class DeviceTls:
    """The TLS side of one device: a context that refuses a wrong key before anything is sent, and the key it saw."""

    def __init__(self, policy: TlsPolicy) -> None:
        self.policy = policy
        self.seen_key = policy.pinned_key
        self.context = self._create_context()

    def _create_context(self) -> ssl.SSLContext:
        context = _open_context(is_legacy=self.policy.is_legacy)
        if self.policy.trust is Trust.AUTHORITY:
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = True
            if self.policy.authorities:
                context.load_verify_locations(cadata=self.policy.authorities)
        tls = self

        class CheckedObject(ssl.SSLObject):
            """A handshake that ends with a look at the key."""

            def do_handshake(self) -> None:
                super().do_handshake()
                tls.check(self.getpeercert(binary_form=True) or b"")

        context.sslobject_class = CheckedObject
        return context

    def check(self, certificate: bytes) -> None:
        """Compare the key of a certificate (DER) with the pin; the first key becomes it. Raises `ssl.SSLError`."""
        try:
            key = key_of(certificate)
        except errors.TlsFailed as error:
            # Within a handshake only OpenSSL's own kind of error finds its way out.
            raise ssl.SSLError(str(error)) from error
        if self.policy.trust is Trust.PIN and self.seen_key and key != self.seen_key:
            raise PinRefused("another key than the pinned one")
        self.seen_key = key


def _open_context(*, is_legacy: bool, only: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Devices show certificates that they signed themselves; trust comes from the pin.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if is_legacy or only is not None:
        with warnings.catch_warnings():
            # Python advises against TLS 1.0 and 1.1; old codecs speak nothing else.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = only or ssl.TLSVersion.TLSv1
            if only is not None:
                context.maximum_version = only
    return context


async def fetch_certificate(address: str, port: int) -> bytes:
    """The DER certificate that the address shows in a TLS handshake; nothing is sent. Raises `ConnectionFailed`."""
    certificate = await _shake_hands(address, port, _open_context(is_legacy=False))
    if not certificate:
        raise errors.TlsFailed
    return certificate


async def find_versions(address: str, port: int) -> tuple[str, ...]:
    """The TLS versions that the address accepts, tried one by one; nothing is sent."""
    accepted = []
    for name, version in _VERSIONS:
        try:
            await _shake_hands(address, port, _open_context(is_legacy=True, only=version))
        except errors.ConnectionFailed:
            continue
        accepted.append(name)
    return tuple(accepted)


async def explain(error: errors.TlsFailed, policy: TlsPolicy, address: str, port: int) -> errors.TlsFailed:
    """Tell a version that the two sides do not share from everything else, by trying each."""
    theirs, ours = await find_versions(address, port), policy.versions
    if isinstance(error, errors.TlsVersionRefused) or (theirs and not set(theirs) & set(ours)):
        return errors.TlsVersionRefused(ours=ours, theirs=theirs, detail=error.detail)
    return error


async def _shake_hands(address: str, port: int, context: ssl.SSLContext) -> bytes | None:
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            _, writer = await asyncio.open_connection(address, port, ssl=context)
    except TimeoutError as error:
        raise errors.ConnectTimedOut from error
    except OSError as error:
        raise error_of(error) from error
    try:
        tls = writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls else None
    finally:
        writer.close()


def error_of(error: OSError) -> errors.DeviceError:
    """Our error for what the operating system or OpenSSL said of a connection that did not come about."""
    if isinstance(error, PinRefused):
        return errors.CertificateChanged()
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_error(error)
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if any(word in reason for word in _VERSION_REASONS):
            return errors.TlsVersionRefused(detail=reason)
        return errors.TlsFailed(detail=str(error))
    if isinstance(error, socket.gaierror):
        return errors.NameNotResolved(detail=str(error))
    if isinstance(error, ConnectionRefusedError) or error.errno == errno.ECONNREFUSED:
        return errors.ConnectionRefused(detail=str(error))
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return errors.ConnectTimedOut(detail=str(error))
    return errors.ConnectionFailed(detail=str(error))


def _certificate_error(error: ssl.SSLCertVerificationError) -> errors.CertificateRefused:
    code, words = error.verify_code, error.verify_message
    if code in _EXPIRED:
        return errors.CertificateExpired(detail=words)
    if code in _MISMATCH:
        return errors.CertificateNameMismatch(detail=words)
    return errors.CertificateUntrusted(detail=words)


def key_of(certificate: bytes) -> str:
    """SHA-256 (hex) of a DER certificate's public key: what is pinned, so that a renewed certificate keeps it."""
    try:
        public = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise errors.TlsFailed(detail=str(error)) from error
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
