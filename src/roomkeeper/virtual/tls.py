"""Self-signed certificates of virtual endpoints: P-256, derived, so that a restarted fleet keeps its keys."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_PEM_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]+-----[^-]+-----END [A-Z0-9 ]+-----")
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Certificate:
    """A key and its certificate, both PEM."""

    key_pem: bytes
    certificate_pem: bytes

    @classmethod
    def from_pem(cls, text: str, password: str = "") -> Certificate:
        """A key and the certificate that fits it, out of one text; raises ValueError."""
        blocks = _PEM_BLOCK.findall(text)
        key_block = next((one for one in blocks if "PRIVATE KEY" in one), "")
        certificate_block = next((one for one in blocks if "BEGIN CERTIFICATE" in one), "")
        try:
            key = serialization.load_pem_private_key(key_block.encode(), password.encode() or None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(str(error)) from None
        certificate = x509.load_pem_x509_certificate(certificate_block.encode())
        plain = serialization.PublicFormat.SubjectPublicKeyInfo
        ours = key.public_key().public_bytes(serialization.Encoding.DER, plain)
        if certificate.public_key().public_bytes(serialization.Encoding.DER, plain) != ours:
            raise ValueError("the key does not fit the certificate")
        return cls(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            certificate.public_bytes(serialization.Encoding.PEM),
        )


def derived_key(seed: str) -> ec.EllipticCurvePrivateKey:
    """A key that `seed` always gives.  Anybody can compute it: virtual endpoints have nothing to protect."""
    number = int.from_bytes(hashlib.sha512(f"roomkeeper virtual key:{seed}".encode()).digest(), "big")
    return ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def self_signed(
    key: ec.EllipticCurvePrivateKey,
    common_name: str,
    address: str,
    *,
    not_before: datetime = datetime(2024, 1, 1, tzinfo=UTC),
    not_after: datetime = datetime(2044, 1, 1, tzinfo=UTC),
) -> Certificate:
    """A certificate for a name and an address, signed by its own key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    digest = hashlib.sha256(f"{common_name}:{address}".encode()).digest()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(digest[:15], "big") + 1)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def server_context(certificate: Certificate, *, minimum: str = "TLSv1.2") -> ssl.SSLContext:
    """A TLS server context.  `minimum` is a value of MinimumTLSVersion; `only TLSv1.0` is a fault switch."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # Python advises against TLS 1.0 and 1.1; old codecs speak nothing else.
        warnings.simplefilter("ignore", DeprecationWarning)
        if minimum == "only TLSv1.0":
            speak_tls_1_0_only(context)
        elif minimum in ("TLSv1.0", "TLSv1.1"):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1 if minimum == "TLSv1.0" else ssl.TLSVersion.TLSv1_1
        else:
            context.minimum_version = (
                ssl.TLSVersion.TLSv1_3 if minimum == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
            )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate.key_pem + certificate.certificate_pem)
        context.load_cert_chain(path)
    return context


def speak_tls_1_0_only(context: ssl.SSLContext) -> None:
    """As very old codecs do, whichever side they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1


def speak_old_stack_only(context: ssl.SSLContext) -> None:
    """TLS 1.0 with key exchange by RSA."""
    speak_tls_1_0_only(context)
    context.set_ciphers("AES256-SHA:AES128-SHA:@SECLEVEL=0")


def speak_old_ciphers_only(context: ssl.SSLContext) -> None:
    """CBC with SHA-1 and nothing else, up to TLS 1.2: what a client of today has left behind."""
    context.set_ciphers("ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2


@lru_cache(maxsize=64)
def old_self_signed(common_name: str) -> Certificate:
    """A certificate with a key as of 2010: RSA of 1,024 bits; another one on every run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - old codecs have such keys
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2010, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2044, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def split_pem(text: str) -> list[str]:
    """The certificates in a text, one PEM block each; raises ValueError where there is none."""
    blocks = x509.load_pem_x509_certificates(text.encode())
    return [one.public_bytes(serialization.Encoding.PEM).decode() for one in blocks]


def fingerprint(pem: str) -> str:
    """SHA-1 of the certificate in hex, as the certificate commands name them (protocol notes J)."""
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1()).hex()  # noqa: S303


def describe(pem: str) -> dict[str, str]:
    """What the Show commands tell about a certificate (protocol notes J)."""
    one = x509.load_pem_x509_certificate(pem.encode())
    key = one.public_key()
    return {
        "Fingerprint": fingerprint(pem),
        "HashingAlgorithm": one.signature_hash_algorithm.name if one.signature_hash_algorithm else "",
        "IssuerName": one.issuer.rfc4514_string(),
        "PublicKeySize": str(getattr(key, "key_size", 0)),
        "SerialNumber": f"{one.serial_number:X}",
        "SignatureAlgorithm": one.signature_algorithm_oid._name,
        "SubjectName": one.subject.rfc4514_string(),
        "Version": str(one.version.value + 1),
        "notAfter": one.not_valid_after_utc.strftime("%b %d %H:%M:%S %Y GMT"),
        "notBefore": one.not_valid_before_utc.strftime("%b %d %H:%M:%S %Y GMT"),
    }
