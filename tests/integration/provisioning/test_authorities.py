"""Authorities: what a text holds, who can be given one, and one pushed to a real virtual endpoint by pinned HTTPS."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from roomkeeper.provisioning import authorities
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import Connectivity, Contact, System
from tests.integration.provisioning.reachable import make_system, push_due, with_device

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def made(name: str = "AV Root", *, is_authority: bool = True, days: int = 10) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=20)).not_valid_after(NOW + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def system(transactional_db) -> System:
    """A reachable system whose management settings are in place."""
    made_system = make_system()
    System.objects.filter(pk=made_system.pk).update(management_is_due=False)
    return System.objects.get(pk=made_system.pk)


def install(system: System, pem: str) -> Action:
    return authorities.install(system, pem, user=None, now=datetime.now(UTC))


def test_a_text_is_told_by_subject_fingerprint_and_end():
    first, second = authorities.read(made("AV Root") + made("AV Second"), now=NOW)
    assert (first.subject, second.subject) == ("CN=AV Root", "CN=AV Second")
    assert len(first.fingerprint) == 95
    assert first.fingerprint != second.fingerprint
    assert first.expires_at == NOW + timedelta(days=10)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("", "no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
        ("-----BEGIN EC PRIVATE KEY-----", "private key"),
        (made("room.example.org", is_authority=False), "not of an authority"),
        (made("AV Old", days=-1), "expired on 2026-10-31"),
        ("x" * 200_001, "over 200000 characters"),
        (made() * 51, "at most 50"),
    ],
)
def test_what_is_no_authority_is_refused(pem, words):
    with pytest.raises(authorities.AuthorityRefused, match=words):
        authorities.read(pem, now=NOW)


def test_it_is_pushed_by_https_and_a_second_time_is_no_failure(system):
    pem = made()
    first = install(system, pem)
    second = []

    async def act(endpoint):
        from asgiref.sync import sync_to_async

        await push_due(endpoint)
        second.append(await sync_to_async(install)(system, pem))
        await push_due(endpoint)
        return len(endpoint.device.shelf.authorities)

    assert with_device(system, act) == 1
    for action in (first, *second):
        action.refresh_from_db()
        assert action.state == "confirmed"
    assert "already exists" in second[0].reason


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "pending"}, "not managed"),
        ({"family": "mxp"}, "cannot be installed"),
        ({"username": ""}, "no credentials"),
        ({"connectivity": Connectivity.BEHIND_FIREWALL}, "by HTTPS only"),
    ],
)
def test_who_cannot_be_given_one_is_told_why(system, values, words):
    System.objects.filter(pk=system.pk).update(**values)
    found = System.objects.get(pk=system.pk)
    (planned,) = authorities.plan([found])
    assert (planned.verdict, words in planned.reason) == ("cannot", True)
    with pytest.raises(ActionRefused, match=words):
        install(found, made())


def test_behind_a_firewall_by_https_it_can(system):
    System.objects.filter(pk=system.pk).update(connectivity=Connectivity.BEHIND_FIREWALL)
    Contact.objects.filter(system=system).update(scheme="https")
    (planned,) = authorities.plan([System.objects.get(pk=system.pk)])
    assert planned.verdict == "install"
