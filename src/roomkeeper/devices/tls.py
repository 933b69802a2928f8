"""TLS towards devices: which key or authority is trusted (rule R6), and what a failed handshake means."""

import asyncio
import errno
import hashlib
import socket
import ssl
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from roomkeeper.devices import errors
from roomkeeper.devices.contactable import Contactable, open_connection
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

HANDSHAKE_SECONDS: Final = 3.0
_VERSIONS: Final = (
    ("TLS 1.0", ssl.TLSVersion.TLSv1),
    ("TLS 1.1", ssl.TLSVersion.TLSv1_1),
    ("TLS 1.2", ssl.TLSVersion.TLSv1_2),
    ("TLS 1.3", ssl.TLSVersion.TLSv1_3),
)
# As OpenSSL spells them.
_NAMES: Final = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}
_MODERN: Final = ("TLS 1.2", "TLS 1.3")
# How OpenSSL words that the two sides have no version in common.
_VERSION_REASONS: Final = (
    "PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_SSL_VERSION",
    "NO_PROTOCOLS_AVAILABLE",
)
# OpenSSL's X509_V_ERR_ numbers: not yet valid, expired; host name, address mismatch; key or digest too weak.
_EXPIRED: Final = frozenset({9, 10})
_MISMATCH: Final = frozenset({62, 64})
_WEAK: Final = frozenset({66, 67, 68})
# Everything with a certificate that this build of OpenSSL has: without one there is nothing to pin.
_LEGACY_CIPHERS: Final = "ALL:!aNULL:!eNULL:@SECLEVEL=0"
# SSL_OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on: stacks older than RFC 5746 are let in.
_LEGACY_SERVER_CONNECT: Final = 0x4
# How OpenSSL words the other side's "handshake failure": nothing that was offered is good enough for it.
_NO_CIPHER: Final = "HANDSHAKE_FAILURE"
# How OpenSSL words what it dislikes in an old stack, and what that is called.
_OLD_REASONS: Final = (
    ("UNSAFE_LEGACY_RENEGOTIATION", noop("it does not know secure renegotiation")),
    ("DH_KEY_TOO_SMALL", noop("its Diffie-Hellman key is too small")),
    ("BAD_DH", noop("its Diffie-Hellman key is too small")),
    ("KEY_TOO_SMALL", noop("its key is too small")),
    ("MD_TOO_WEAK", noop("its certificate is signed by a weak digest")),
    ("WRONG_SIGNATURE_TYPE", noop("it signs by a weak digest")),
    ("NO_SHARED_SIGNATURE", noop("it signs by a weak digest")),
    ("LEGACY_SIGALG", noop("it signs by a weak digest")),
)


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
    `is_legacy` is only ever chosen by hand: TLS 1.0 and 1.1, weak ciphers, keys and digests, and stacks without secure
    renegotiation.
    """

    trust: Trust = Trust.PIN
    pinned_key: str = ""
    authorities: str = ""
    is_legacy: bool = False

    @property
    def versions(self) -> tuple[str, ...]:
        """The TLS versions that we offer."""
        return tuple(name for name, _ in _VERSIONS) if self.is_legacy else _MODERN


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides agreed on in a handshake: `TLS 1.0` and OpenSSL's name of the cipher."""

    version: str
    cipher: str

    def __str__(self) -> str:
        return _("{version} with {cipher}", version=self.version, cipher=self.cipher)

    @property
    def is_old(self) -> bool:
        """Whether it takes the choice of legacy TLS to agree on this."""
        return self.version not in _MODERN or self.cipher not in _modern_ciphers()


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
            raise PinRefused(_("another key than the pinned one"))
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
            context.set_ciphers(_LEGACY_CIPHERS)
            context.options |= _LEGACY_SERVER_CONNECT
            context.minimum_version = only or ssl.TLSVersion.TLSv1
            if only is not None:
                context.maximum_version = only
    return context


@lru_cache(maxsize=1)
def _modern_ciphers() -> frozenset[str]:
    return frozenset(each["name"] for each in _open_context(is_legacy=False).get_ciphers())


async def fetch_certificate(address: str, port: int, contactable: Contactable) -> bytes:
    """The DER certificate that the address shows in a TLS handshake; nothing is sent. Raises `ConnectionFailed`."""
    certificate, _rest = await _shake_hands(address, port, contactable, _open_context(is_legacy=False))
    if not certificate:
        raise errors.TlsFailed
    return certificate


async def find_agreements(address: str, port: int, contactable: Contactable) -> tuple[Agreed, ...]:
    """What the address agrees on with legacy TLS, version by version; nothing is sent."""
    found = []
    for _rest_2, version in _VERSIONS:
        with suppress(errors.ConnectionFailed, errors.CertificateRefused):
            _rest_3, agreed = await _shake_hands(
                address, port, contactable, _open_context(is_legacy=True, only=version)
            )
            found.append(agreed)
    return tuple(found)


async def explain(
    error: errors.TlsFailed, policy: TlsPolicy, address: str, port: int, contactable: Contactable
) -> errors.TlsFailed:
    """Tell what legacy TLS would change from everything else, by trying it, a version at a time; nothing is sent.

    Gives `TlsVersionRefused` where no version is shared, `LegacyTlsNeeded` where one is and ciphers, keys or the stack
    are too old, `NoCipherInCommon` where legacy TLS is no help, else the same error.
    """
    found, ours = await find_agreements(address, port, contactable), policy.versions
    theirs = tuple(agreed.version for agreed in found)
    if not set(theirs) & set(ours):
        if theirs or isinstance(error, errors.TlsVersionRefused):
            return errors.TlsVersionRefused(
                ours=ours, theirs=theirs, agreed=_best(found), detail=error.detail
            )
        # Whoever says so speaks TLS: with 3DES, RC4 or export ciphers alone, which builds of OpenSSL leave out.
        return errors.NoCipherInCommon(detail=error.detail) if _NO_CIPHER in error.detail.upper() else error
    if policy.is_legacy:
        return error
    try:
        await _shake_hands(address, port, contactable, _open_context(is_legacy=False))
    except errors.TlsFailed as still:
        agreed = _best([one for one in found if one.version in ours])
        return errors.LegacyTlsNeeded(why=_why_old(still, agreed), agreed=agreed, detail=still.detail)
    except errors.ConnectionFailed:
        return error
    # It was cut off once, and is not too old.
    return error


def _best(found: Sequence[Agreed]) -> str:
    return str(found[-1]) if found else ""


def _why_old(error: errors.TlsFailed, agreed: str) -> str:
    words = next((words for reason, words in _OLD_REASONS if reason in error.detail.upper()), "")
    if words:
        return _(words)
    return "" if not agreed else _("its ciphers are too old")


async def _shake_hands(
    address: str, port: int, contactable: Contactable, context: ssl.SSLContext
) -> tuple[bytes | None, Agreed]:
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            _rest_4, writer = await open_connection(address, port, contactable, context=context)
    except TimeoutError as error:
        raise errors.ConnectTimedOut from error
    except ConnectionResetError as error:
        raise errors.TlsFailed(detail=str(error)) from error
    except OSError as error:
        raise error_of(error) from error
    try:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True), agreed_of(tls)
    finally:
        writer.close()


def agreed_of(connection: ssl.SSLObject) -> Agreed:
    """What a handshake that came to its end agreed on."""
    cipher = connection.cipher()
    version = connection.version() or ""
    return Agreed(_NAMES.get(version, "an unknown version"), cipher[0] if cipher else "")


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
    if code in _WEAK:
        return errors.CertificateTooWeak(detail=words)
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
