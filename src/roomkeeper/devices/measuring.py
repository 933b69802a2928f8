"""Single steps towards a device, each with its time: its name, a port, the TLS handshake. Nothing is sent in them.

For explaining why a device cannot be reached; what is asked of a reachable one is up to drivers.
"""

import asyncio
import ipaddress
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from roomkeeper.devices import errors
from roomkeeper.devices.client import Target
from roomkeeper.devices.contactable import addresses_of, open_connection
from roomkeeper.devices.tls import Agreed, DeviceTls, TlsPolicy, Trust, agreed_of, error_of, explain, key_of

_LONGEST: Final = 200
_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Resolved:
    """The addresses behind a target. `is_literal`: it is an address itself, so that nobody had to be asked."""

    addresses: tuple[str, ...]
    is_literal: bool
    milliseconds: int


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """The certificate that a device shows; text in it is the device's own. `key` is what is pinned."""

    key: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    is_self_signed: bool

    def is_valid(self, now: datetime) -> bool:
        """Whether it is valid at that moment."""
        return self.not_before <= now <= self.not_after


@dataclass(frozen=True, slots=True)
class Handshake:
    """A TLS handshake that came to its end. `certificate` is None for one that cannot be read."""

    agreed: Agreed
    certificate: ShownCertificate | None
    milliseconds: int


async def resolve(target: Target, *, seconds: float = 5.0) -> Resolved:
    """Its addresses. Raises `NameNotResolved`, and `ContactForbidden` where its mode allows no contact at all."""
    target.reach.demand("https")
    began = time.monotonic()
    try:
        target.demand_address()
        with suppress(ValueError):
            return Resolved((str(ipaddress.ip_address(target.address)),), is_literal=True, milliseconds=0)
        async with asyncio.timeout(seconds):
            found = await addresses_of(target.address, target.reach.contactable)
    except TimeoutError as error:
        raise errors.NameNotResolved(detail=str(error)).about(target.whom) from error
    except errors.DeviceError as error:
        raise error.about(target.whom) from error
    return Resolved(tuple(found), is_literal=False, milliseconds=_since(began))


async def connect(target: Target, transport: str, *, seconds: float) -> int:
    """Open a TCP connection to its port of `https` or `http`, and close it: the milliseconds that it took.

    Raises `ConnectionFailed`, and `ContactForbidden` before a socket is opened.
    """
    target.reach.demand(transport)
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            _, writer = await open_connection(
                target.address, _port(target, transport), target.reach.contactable
            )
    except TimeoutError as error:
        raise errors.ConnectTimedOut().about(target.whom) from error
    except errors.DeviceError as error:
        raise error.about(target.whom) from error
    except OSError as error:
        raise error_of(error).about(target.whom) from error
    took = _since(began)
    writer.close()
    return took


async def shake_hands(target: Target, *, seconds: float) -> Handshake:
    """A TLS handshake with the versions that its policy allows, whatever the certificate.

    Raises `TlsVersionRefused` with what each side offers, `LegacyTlsNeeded` with what is old, `TlsFailed`,
    `ConnectionFailed`, `ContactForbidden`.
    """
    anybody = TlsPolicy(Trust.OFF, is_legacy=target.tls.is_legacy)
    try:
        return await _shake_hands(target, anybody, seconds)
    except errors.TlsFailed as error:
        explained = await explain(
            error, target.tls, target.address, target.https_port, target.reach.contactable
        )
        if explained is error:
            raise
        raise explained.about(target.whom) from error


async def judge_certificate(target: Target, *, seconds: float) -> None:
    """A handshake by the target's own policy. Raises `CertificateRefused`, and what `shake_hands` raises."""
    await _shake_hands(target, target.tls, seconds)


async def _shake_hands(target: Target, policy: TlsPolicy, seconds: float) -> Handshake:
    target.reach.demand("https")
    tls = DeviceTls(policy)
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            _, writer = await open_connection(
                target.address, target.https_port, target.reach.contactable, context=tls.context
            )
    except TimeoutError as error:
        raise errors.ConnectTimedOut().about(target.whom) from error
    except errors.DeviceError as error:
        raise error.about(target.whom) from error
    except ConnectionResetError as error:
        raise errors.TlsFailed(detail=str(error)).about(target.whom) from error
    except OSError as error:
        raise error_of(error).about(target.whom) from error
    try:
        connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True) or b""
        return Handshake(
            agreed=agreed_of(connection),
            certificate=describe(certificate),
            milliseconds=_since(began),
        )
    finally:
        writer.close()


def describe(certificate: bytes) -> ShownCertificate | None:
    """What a certificate (DER) says; None for one that cannot be read. Nothing in it is believed here."""
    try:
        found = x509.load_der_x509_certificate(certificate)
        key = key_of(certificate)
        return ShownCertificate(
            key=key,
            subject=_text(found.subject.rfc4514_string()),
            issuer=_text(found.issuer.rfc4514_string()),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            names=_names_of(found),
            is_self_signed=found.subject == found.issuer,
        )
    except (ValueError, UnsupportedAlgorithm, errors.TlsFailed):
        return None


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    names = [*found.get_values_for_type(x509.DNSName)]
    names += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return tuple(_text(name) for name in names[:_NAMES])


def _text(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST]


def _port(target: Target, transport: str) -> int:
    return target.https_port if transport == "https" else target.http_port


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
