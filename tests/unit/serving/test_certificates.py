"""Our own certificate authority and the server's certificate (rule R6)."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from roomkeeper.serving import certificates
from roomkeeper.serving.certificates import CertificateFiles

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
NAMES = ["manager.example.org", "10.0.0.5", "2001:db8::5"]


@pytest.fixture
def files(tmp_path):
    found = CertificateFiles.below(tmp_path)
    assert certificates.ensure(found, NAMES, now=NOW) is True
    return found


def certificate(path):
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def names_of(path):
    return certificate(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_authority_lives_ten_years_and_signs_nothing_but_leaves(files):
    ca = certificate(files.ca)
    assert ca.not_valid_after_utc - NOW == timedelta(days=3650)
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert ca.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_leaf_lives_397_days_at_most_and_is_valid_at_once(files):
    leaf = certificate(files.leaf)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=397)
    # Clocks of devices are rarely right.
    assert leaf.not_valid_before_utc <= NOW - timedelta(hours=12)
    assert certificates.valid_between(files.leaf) == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def test_leaf_is_a_server_certificate_of_the_authority_with_all_names(files):
    leaf, ca = certificate(files.leaf), certificate(files.ca)
    leaf.verify_directly_issued_by(ca)
    assert names_of(files.leaf).get_values_for_type(x509.DNSName) == ["manager.example.org"]
    assert names_of(files.leaf).get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("10.0.0.5"),
        ipaddress.ip_address("2001:db8::5"),
    ]
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_leaf_file_carries_the_chain(files):
    chain = x509.load_pem_x509_certificates(files.leaf.read_bytes())
    assert [one.subject for one in chain] == [certificate(files.leaf).subject, certificate(files.ca).subject]


def test_keys_are_readable_by_their_owner_only(files):
    assert files.ca_key.stat().st_mode & 0o777 == 0o600
    assert files.leaf_key.stat().st_mode & 0o777 == 0o600
    assert files.ca.parent.stat().st_mode & 0o077 == 0


def test_nothing_is_made_anew_while_it_lasts_and_fits(files):
    before = files.leaf.read_bytes(), files.ca.read_bytes()
    assert certificates.ensure(files, NAMES, now=NOW + timedelta(days=365)) is False
    assert certificates.ensure(files, NAMES[:1], now=NOW) is False
    assert (files.leaf.read_bytes(), files.ca.read_bytes()) == before


def test_leaf_is_renewed_under_the_same_authority_when_30_days_are_left(files):
    ca, old = files.ca.read_bytes(), certificate(files.leaf)
    now = old.not_valid_after_utc - timedelta(days=30)
    assert certificates.ensure(files, NAMES, now=now) is True
    assert files.ca.read_bytes() == ca
    assert certificate(files.leaf).not_valid_after_utc - now > timedelta(days=390)
    certificate(files.leaf).verify_directly_issued_by(certificate(files.ca))


def test_leaf_is_renewed_when_a_name_is_new(files):
    assert certificates.ensure(files, [*NAMES, "10.0.0.6"], now=NOW) is True
    assert ipaddress.ip_address("10.0.0.6") in names_of(files.leaf).get_values_for_type(x509.IPAddress)


def test_lost_authority_is_made_anew_together_with_its_leaf(files):
    old = certificate(files.leaf)
    files.ca_key.unlink()
    assert certificates.ensure(files, NAMES, now=NOW) is True
    assert certificate(files.leaf).issuer is not None
    assert certificate(files.leaf) != old
    certificate(files.leaf).verify_directly_issued_by(certificate(files.ca))


def test_leaf_that_does_not_fit_its_key_is_made_anew(files, tmp_path):
    """A process that dies between writing the key and writing the certificate leaves such a pair."""
    other = CertificateFiles.below(tmp_path / "other")
    certificates.ensure(other, NAMES, now=NOW)
    files.leaf_key.write_bytes(other.leaf_key.read_bytes())
    assert certificates.ensure(files, NAMES, now=NOW) is True
    certificates.context(files.leaf, files.leaf_key)


def test_leaf_that_cannot_be_read_is_made_anew(files):
    files.leaf.write_bytes(b"half a certif")
    assert certificates.ensure(files, NAMES, now=NOW) is True
    certificates.context(files.leaf, files.leaf_key)


def test_server_speaks_tls_1_2_at_least(files):
    assert certificates.context(files.leaf, files.leaf_key).minimum_version == ssl.TLSVersion.TLSv1_2


def test_own_names_hold_loopback_and_no_wildcard_address():
    names = certificates.own_names(["manager.example.org", "", "0.0.0.0", "::", "127.0.0.1"])
    assert names[0] == "manager.example.org"
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert not {"", "0.0.0.0", "::"} & set(names)
    assert len(names) == len(set(names))


def test_fingerprint_is_shown_as_people_compare_it(files):
    text = certificates.fingerprint(files.leaf)
    assert len(text) == 95
    assert text.replace(":", "") == text.replace(":", "").upper()
