"""What Network settings hold for devices: SNMP values, time servers, authorities."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.systems.models.settings_for_devices import (
    clean_authorities,
    clean_ntp_servers,
    clean_snmp_text,
    count_authorities,
)

KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(*, is_authority: bool | None, issuer: str = "Rooms") -> str:
    """A certificate, of an authority or not, or one from before certificates said so."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Rooms")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    if is_authority is not None:
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_authorities_are_kept_one_after_the_other_without_what_stands_around_them() -> None:
    one, old = certificate(is_authority=True), certificate(is_authority=None)
    kept = clean_authorities(f"Our root\r\n{one}\nand the old one\n{old}\n")
    assert kept == (one + old).strip()
    assert count_authorities(kept) == 2
    assert clean_authorities(kept) == kept
    assert clean_authorities("  ") == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "in PEM"),
        ("-----BEGIN CERTIFICATE-----", "in PEM"),
        ("x" * 500_001, "at most 500000"),
    ],
)
def test_what_is_no_certificate_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clean_authorities(text)


def test_whoever_may_not_sign_is_no_authority() -> None:
    for other in (certificate(is_authority=False), certificate(is_authority=None, issuer="Others")):
        with pytest.raises(ValueError, match="certificate 2 is not an authority"):
            clean_authorities(certificate(is_authority=True) + other)


def test_a_private_key_is_refused_and_not_repeated() -> None:
    pem = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    with pytest.raises(ValueError, match="private key") as refused:
        clean_authorities(certificate(is_authority=True) + pem)
    assert pem.splitlines()[1] not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        (" Rooms.Example.ORG. ", "rooms.example.org"),
        ("10.0.0.5", "10.0.0.5"),
        ("[2001:DB8::5]", "2001:db8::5"),
        ("x", "x"),
    ],
)
def test_time_servers(text: str, kept: str) -> None:
    assert clean_ntp_servers([text]) == ([kept] if kept else [])


@pytest.mark.parametrize("text", ["a b", "a:80", "http://a", "-a", "a..b", "a" * 65, "ø.no", 'a"b', "a\nb"])
def test_what_is_no_time_server(text: str) -> None:
    with pytest.raises(ValueError, match="host names or addresses"):
        clean_ntp_servers([text])


@given(st.text(max_size=60))
def test_snmp_values_are_short_and_printable_or_refused(text: str) -> None:
    plain = text.strip()
    if len(plain) <= 50 and plain.isprintable():
        assert clean_snmp_text(text) == plain
    else:
        with pytest.raises(ValueError, match=r"^may "):
            clean_snmp_text(text)
