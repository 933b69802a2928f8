"""The connection tab: how the login fares, how the certificate is trusted, SNMP; and the acts beside them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.jobs.models import Job
from roomkeeper.polling.models import Poll
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Contact, System, TlsTrust


@pytest.fixture
def refused(boardroom: System) -> System:
    """A system that refused the stored login."""
    credentials.set_credentials(boardroom, "admin", "quite-secret")
    boardroom.login_refused_at = timezone.now()
    boardroom.save(update_fields=["login_refused_at"])
    return boardroom


def tab(client: Client, system: System) -> str:
    return text_of(client.get(f"/systems/{system.pk}/connection/"))


def test_the_login_tells_how_it_fares(client: Client, boardroom: System) -> None:
    assert "no login is stored" in tab(client, boardroom)
    credentials.set_credentials(boardroom, "admin", "quite-secret")
    page = tab(client, boardroom)
    assert "not tried yet" in page
    assert "quite-secret" not in page
    System.objects.filter(pk=boardroom.pk).update(login_worked_at=timezone.now())
    assert "worked" in tab(client, boardroom)
    assert "login-again" not in tab(client, boardroom)


def test_a_refused_login_can_be_tried_again_by_whoever_manages_it(
    client: Client, operator: User, signed_in: SignedIn, refused: System
) -> None:
    page = tab(client, refused)
    assert "refused" in page
    assert f"/systems/{refused.pk}/act/try-login/" in page
    assert signed_in(operator).post(f"/systems/{refused.pk}/act/try-login/").status_code == 403
    question = text_of(client.get(f"/systems/{refused.pk}/act/try-login/", headers={"HX-Request": "true"}))
    assert "locks its account" in question
    client.post(f"/systems/{refused.pk}/act/try-login/")
    refused.refresh_from_db()
    assert refused.login_refused_at is None
    assert AuditEntry.objects.get(act="try login again").object_id == refused.pk


def test_trust_is_chosen_with_a_warning(client: Client, boardroom: System) -> None:
    address = f"/systems/{boardroom.pk}/act/trust/"
    question = text_of(client.get(address, headers={"HX-Request": "true"}))
    assert "an attacker on the" in question
    assert '<option value="pin" selected>' in question
    client.post(address, {"tls_trust": "off", "tls_is_legacy": ["0", "1"]})
    boardroom.refresh_from_db()
    assert (boardroom.tls_trust, boardroom.tls_is_legacy) == (TlsTrust.OFF, True)
    page = tab(client, boardroom)
    assert "any: not checked" in page
    assert "1.0 and weak ciphers" in page
    assert boardroom.timeline.filter(kind="security").count() == 1
    client.post(address, {"tls_trust": "off", "tls_is_legacy": ["0", "1"]})
    assert boardroom.timeline.filter(kind="security").count() == 1
    client.post(address, {"tls_trust": "pin", "tls_is_legacy": "0"})
    boardroom.refresh_from_db()
    assert (boardroom.tls_trust, boardroom.tls_is_legacy) == (TlsTrust.PIN, False)


def test_an_authority_must_be_known_first(client: Client, boardroom: System) -> None:
    address = f"/systems/{boardroom.pk}/act/trust/"
    assert "contain no authority" in text_of(client.post(address, {"tls_trust": "authority"}, follow=True))
    found = network_settings.get()
    found.device_authorities = "-----BEGIN CERTIFICATE-----"
    found.save()
    client.post(address, {"tls_trust": "authority"})
    boardroom.refresh_from_db()
    assert boardroom.tls_trust == TlsTrust.AUTHORITY
    assert client.post(address, {"tls_trust": "nonsense"}).status_code == 422


def test_the_snmp_row_tells_who_answered(client: Client, boardroom: System, vault: System) -> None:
    def row(system: System) -> str:
        roads = client.get(f"/systems/{system.pk}/connection/").context["roads"]
        return next(road.found for road in roads if road.service == "SNMP")

    assert "not asked" in row(boardroom)
    System.objects.update(sys_object_id="1.3.6.1.4.1.5596.150.6.4.1")
    assert row(boardroom) == "answered as 1.3.6.1.4.1.5596.150.6.4.1"
    assert "Secure-Only" in row(vault)


@pytest.fixture
def polled(boardroom: System) -> System:
    """A system that answered its last poll."""
    credentials.set_credentials(boardroom, "admin", "quite-secret")
    System.objects.filter(pk=boardroom.pk).update(pinned_key="ab" * 32)
    now = timezone.now()
    Poll.objects.create(
        system=boardroom,
        last_at=now,
        last_ok_at=now,
        due_at=now + timedelta(minutes=15),
        due_because="idle",
        duration_ms=41,
    )
    return boardroom


def words(client: Client, system: System) -> dict[str, str]:
    roads = client.get(f"/systems/{system.pk}/connection/").context["roads"]
    return {road.service: road.found for road in roads if road.inbound}


def test_polls_are_told_with_the_next_one_and_its_reason(client: Client, polled: System) -> None:
    page = tab(client, polled)
    assert "in 41 ms" in page
    assert ": idle" in page
    assert words(client, polled)["HTTPS"] == "answered its last poll"
    assert words(client, polled)["HTTP"] == "not used: HTTPS is"
    Poll.objects.update(error="It <b>did not</b> answer.", in_a_row=-3)
    page = tab(client, polled)
    assert "It &lt;b&gt;did not&lt;/b&gt; answer." in page
    assert "3 in a row" in page
    assert words(client, polled)["HTTPS"].startswith("its last poll failed")


def test_why_it_is_not_polled_is_told(client: Client, boardroom: System, home_office: System) -> None:
    assert "No login is stored" in tab(client, boardroom)
    assert "Behind Firewall" in tab(client, home_office)
    assert "/act/poll/" not in tab(client, home_office)


def test_polling_now_is_a_job(
    client: Client, viewer: User, operator: User, signed_in: SignedIn, polled: System
) -> None:
    address = f"/systems/{polled.pk}/act/poll/"
    assert address in tab(client, polled)
    assert address in tab(signed_in(operator), polled)
    assert address not in tab(signed_in(viewer), polled)
    assert signed_in(viewer).post(address).status_code == 403
    assert "is being polled" in text_of(client.post(address, follow=True))
    job = Job.objects.get()
    assert (job.kind, job.folder_path) == ("poll", polled.folder.path)


def test_why_it_counts_as_alive_is_told(client: Client, boardroom: System) -> None:
    Contact.objects.update(alive_reason="It answered its first poll")
    assert "It answered its first poll." in tab(client, boardroom)
