"""Our own certificate authority and the server's certificate (rule R6): made on first start, renewed by schedule.

The CA lives 10 years, the leaf 397 days at most; it is made anew when 30 days are left or its names no longer fit.
An installation's own certificate (settings `tls_certificate`, `tls_key`) is used as it is and watched for expiry.
"""

import fcntl
import ipaddress
import os
import socket
import ssl
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from roomkeeper.words import gettext as _

CA_LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
WARN_BEFORE = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where the files of one installation stand; keys have mode 0600."""

    ca: Path
    ca_key: Path
    leaf: Path
    leaf_key: Path

    @classmethod
    def below(cls, data: Path) -> "CertificateFiles":
        """The files of our own CA below the data folder."""
        folder = data / "tls"
        return cls(folder / "ca.pem", folder / "ca-key.pem", folder / "server.pem", folder / "server-key.pem")


def ensure(files: CertificateFiles, names: Iterable[str], *, now: datetime) -> bool:
    """See to it that CA and leaf exist, fit the names and last a while. Returns whether a new leaf was made."""
    files.ca.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (files.ca.parent / ".lock").open("w") as lock:
        # Processes that start together on an empty folder make one CA between them.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _ensure(files, names, now)


def _ensure(files: CertificateFiles, names: Iterable[str], now: datetime) -> bool:
    if not files.ca.exists() or not files.ca_key.exists():
        _make_ca(files, now)
        files.leaf.unlink(missing_ok=True)
    wanted = _general_names(names)
    if _is_usable(files, wanted, now):
        return False
    _make_leaf(files, wanted, now)
    return True


def _is_usable(files: CertificateFiles, wanted: list[x509.GeneralName], now: datetime) -> bool:
    try:
        leaf = x509.load_pem_x509_certificates(files.leaf.read_bytes())[0]
        key = serialization.load_pem_private_key(files.leaf_key.read_bytes(), password=None)
    except (OSError, ValueError):
        return False
    present = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        leaf.not_valid_after_utc - now > RENEW_BEFORE
        and set(present) >= set(wanted)
        # A process that died between writing the two leaves a pair that no server can start with.
        and leaf.public_key() == key.public_key()
    )


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server-side TLS context, 1.2 at least (legacy TLS is a listener of its own)."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    return made


def valid_between(certificate: Path) -> tuple[datetime, datetime]:
    """From when and until when the first certificate of a PEM file is valid."""
    found = _first(certificate)
    return found.not_valid_before_utc, found.not_valid_after_utc


def names_of(certificate: Path) -> list[str]:
    """The hosts for which the first certificate of a PEM file holds: names in lower case, addresses as Python writes
    them. Clients look at no other names than the alternative ones."""
    try:
        found = _first(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    names = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    return names + [str(address) for address in found.get_values_for_type(x509.IPAddress)]


def is_named(host: str, names: Collection[str]) -> bool:
    """Whether a host is among those names; a `*` stands for one label."""
    wanted = _general_names([host.lower().rstrip(".")])[0].value
    if str(wanted) in names:
        return True
    _rest, dot, rest = str(wanted).partition(".")
    return isinstance(wanted, str) and bool(dot) and f"*.{rest}" in names


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the first certificate of a PEM file, as people compare it: AA:BB:…"""
    digest = _first(certificate).fingerprint(hashes.SHA256())
    return ":".join(f"{byte:02X}" for byte in digest)


def own_names(hosts: Iterable[str]) -> list[str]:
    """The names a server certificate must have: those given, this machine's, and loopback."""
    names = [host for host in hosts if host and host not in ("0.0.0.0", "::")]  # noqa: S104 - left out, not bound
    return [*dict.fromkeys([*names, socket.gethostname(), "localhost", "127.0.0.1", "::1"])]


def _first(certificate: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0]


def _make_ca(files: CertificateFiles, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(
                NameOID.COMMON_NAME,
                _("Roomkeeper CA of {gethostname}", gethostname=socket.gethostname())[:64],
            ),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Roomkeeper"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(files.ca_key, _pem(key))
    _write(files.ca, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _make_leaf(files: CertificateFiles, names: list[x509.GeneralName], now: datetime) -> None:
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    ca_key = serialization.load_pem_private_key(files.ca_key.read_bytes(), password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{files.ca_key} contains a different kind of key than the one created for it.")
    key = ec.generate_private_key(ec.SECP256R1())
    first = str(names[0].value)[:64]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, first)]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LEAF_LIFETIME - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    _write(files.leaf_key, _pem(key))
    encoding = serialization.Encoding.PEM
    _write(files.leaf, certificate.public_bytes(encoding) + ca.public_bytes(encoding), mode=0o644)


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name.encode("idna").decode()))
    return found


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
