"""The probe of rule R1 as background work, over real sockets and the real database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.cast import add_system
from tests.integration.systems import answering
from tests.integration.systems.answering import ADDRESS, LOGIN, Answering
from tests.loopback import fetch_certificate

from roomkeeper.devices import errors
from roomkeeper.devices.http import Seen
from roomkeeper.devices.tls import key_of
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.contact import connectivity_changes, credentials, device_access, probing
from roomkeeper.systems.contact.connectivity import ProbeResult
from roomkeeper.systems.models import Connectivity, ConnectivityChange, Contact, Probe, System, TimelineEntry
from roomkeeper.tickets.models import Ticket

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
LAN, PUBLIC = Connectivity.REACHABLE_ON_LAN, Connectivity.REACHABLE_ON_PUBLIC_INTERNET
FIREWALL, UNDECIDED = Connectivity.BEHIND_FIREWALL, Connectivity.UNDECIDED

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def system(transactional_db):
    """A managed system with credentials, whose connectivity is not decided."""
    network_settings.update({"internal_ipv4": "10.0.0.5", "public_ipv4": "192.0.2.5"}, user=None, now=NOW)
    made = add_system("Boardroom", inventory.root_folder(), 1, connectivity=UNDECIDED)
    credentials.set_credentials(made, *LOGIN)
    return made


def ask(system, *, reported=ADDRESS, host="10.0.0.5:8080", not_before=NOW):
    Contact.objects.filter(system=system).update(is_probing=True)
    return Probe.objects.create(
        system=system,
        asked_at=NOW,
        not_before=not_before,
        reported_address=reported,
        source_address=ADDRESS,
        used_host=host,
    )


def probe(system, door, *, now=NOW, asked=True, **values):
    """Ask for a probe of the system, run it against the door, and give its result as the timeline tells it."""
    System.objects.filter(pk=system.pk).update(http_port=door.http_port, https_port=door.https_port)
    if asked:
        ask(system, **values)

    async def run():
        async with door.serving(), device_access.open_transport():
            return await probing.probe_due(now=now)

    asyncio.run(run())
    system.refresh_from_db()
    assert not Probe.objects.exists()
    assert not Contact.objects.get(system=system).is_probing
    summary = TimelineEntry.objects.filter(system=system, kind="probe").latest("id").summary
    return summary.removeprefix(f"Probe of {ADDRESS}: ")


def pin(system, door=None):
    """Pin the door's key, or another one."""

    async def key():
        listening = Answering(key=door.key)
        async with listening.serving():
            return key_of(await fetch_certificate(ADDRESS, listening.https_port))

    system.pinned_key = asyncio.run(key()) if door else "0" * 64
    system.is_proven_by_probe = True
    system.save()


def test_device_proves_itself_by_its_serial_after_login(system):
    door = Answering()
    assert probe(system, door) == "itself (answered by HTTPS)"
    assert system.connectivity == LAN
    assert (system.is_proven_by_probe, system.is_unproven) == (True, False)
    # Pinned on the first proven login; from now on the key belongs to the system.
    assert len(system.pinned_key) == 64


def test_different_addresses_and_our_public_name_make_it_public(system):
    probe(system, Answering(), reported="10.7.7.7", host="192.0.2.5:8080")
    assert system.connectivity == PUBLIC
    change = ConnectivityChange.objects.get()
    assert (change.reported_address, change.source_address, change.probe) == ("10.7.7.7", ADDRESS, "itself")


def test_name_that_is_neither_of_ours_keeps_the_state_and_asks_a_person(system):
    probe(system, Answering(), reported="10.7.7.7", host="other.example.org")
    assert system.connectivity == UNDECIDED
    assert Ticket.objects.get().kind == "connectivity undecided"


def test_pinned_key_proves_it_without_credentials(system):
    door = Answering()
    pin(system, door)
    System.objects.filter(pk=system.pk).update(username="", password_ciphertext=b"")
    assert probe(system, door).startswith("itself")
    assert system.connectivity == LAN
    assert door.logins == []


def test_device_without_credentials_of_ours_is_unproven(system):
    System.objects.filter(pk=system.pk).update(username="", password_ciphertext=b"")
    assert probe(system, Answering()).startswith("unproven")
    assert (system.connectivity, system.is_unproven, system.is_proven_by_probe) == (LAN, True, False)
    assert system.pinned_key == ""


def test_refused_login_is_tried_once_and_told(system):
    credentials.set_credentials(system, "admin", "wrong")
    door = Answering(http=answering.as_device)
    assert probe(system, door) == "unproven (a device answered but refused the stored login)"
    assert len(door.logins) == 1
    assert Ticket.objects.get().kind == "login refused"
    # Another process, or the same after a restart, does not try it either.
    again = Answering(http=answering.as_device)
    assert probe(system, again) == "unproven (a device answered but refused the stored login)"
    assert again.logins == []
    credentials.set_credentials(system, *LOGIN)
    assert probe(system, Answering()).startswith("itself")
    assert Ticket.objects.get().state == "closed"


def test_system_that_was_proven_once_is_not_taken_for_itself_without_proof(system):
    System.objects.filter(pk=system.pk).update(
        is_proven_by_probe=True, connectivity=FIREWALL, username="", password_ciphertext=b""
    )
    probe(system, Answering())
    assert system.connectivity == FIREWALL
    assert not system.is_unproven


@pytest.mark.parametrize(
    "respond",
    [answering.as_router, answering.as_router_with_login, answering.redirecting, answering.babbling],
)
def test_something_else_at_the_address_means_behind_a_firewall(system, respond):
    door = Answering(https=respond)
    assert probe(system, door, reported="192.168.1.7", host="192.0.2.5").startswith("other")
    assert system.connectivity == FIREWALL
    assert door.logins == []
    assert not system.is_proven_by_probe


def test_another_codec_at_the_address_is_something_else(system):
    door = Answering(serial="FTT77777777")
    assert probe(system, door, reported="192.168.1.7").startswith("other")
    assert system.connectivity == FIREWALL
    assert system.pinned_key == ""


def test_serial_that_is_told_to_anybody_proves_nothing(system):
    door = Answering(https=answering.open_to_all)
    assert probe(system, door).startswith("unproven")
    assert not system.is_proven_by_probe
    assert system.pinned_key == ""


def test_nobody_at_the_address_means_behind_a_firewall(system):
    assert probe(system, Answering(https=None), reported="192.168.1.7").startswith("silent")
    assert system.connectivity == FIREWALL


def test_changed_key_stops_everything_and_opens_a_ticket(system):
    pin(system)
    door = Answering(http=answering.as_device)
    assert probe(system, door).startswith("other")
    assert door.requests == []
    assert "http" not in door.connections
    ticket = Ticket.objects.get(kind="certificate changed")
    assert ticket.system == system
    assert system.pinned_key == "0" * 64


def test_accepted_key_is_pinned_by_the_next_proven_login_and_closes_the_ticket(system):
    pin(system)
    door = Answering()
    probe(system, door)
    credentials.forget_pinned_key(system, user=None, now=NOW)
    assert probe(system, Answering(key=door.key)).startswith("itself")
    assert system.pinned_key not in ("", "0" * 64)
    assert Ticket.objects.get(kind="certificate changed").state == "closed"


def test_password_stays_here_unless_plain_http_was_opted_in(system):
    door = Answering(https=None, http=answering.as_device)
    assert probe(system, door).startswith("unproven")
    assert door.logins == []


@pytest.mark.parametrize("by", ["system", "network"])
def test_opt_in_lets_the_password_go_over_plain_http(system, by):
    if by == "system":
        System.objects.filter(pk=system.pk).update(password_may_use_http=True)
    else:
        network_settings.update({"password_over_http_networks": ["127.0.0.0/8"]}, user=None, now=NOW)
    door = Answering(https=None, http=answering.as_device)
    assert probe(system, door) == "itself (answered by HTTP)"
    assert door.logins == [("http", LOGIN)]
    assert system.pinned_key == ""


def test_secure_only_system_is_probed_by_https_alone(system):
    System.objects.filter(pk=system.pk).update(is_secure_only=True, password_may_use_http=True)
    door = Answering(https=None, http=answering.as_device)
    assert probe(system, door).startswith("silent")
    assert door.connections == []


def test_locked_connectivity_is_looked_at_and_kept(system):
    connectivity_changes.set_by_hand(system, FIREWALL, user=None, now=NOW)
    connectivity_changes.lock(system, user=None, now=NOW)
    assert probe(system, Answering()).startswith("itself")
    assert system.connectivity == FIREWALL
    assert not ConnectivityChange.objects.latest("id").was_applied


def test_ports_of_network_settings_are_used_where_the_system_has_none(system):
    door = Answering()
    network_settings.update(
        {"device_https_port": door.https_port, "device_http_port": door.http_port}, user=None, now=NOW
    )
    ask(system)

    async def run():
        async with door.serving(), device_access.open_transport():
            await probing.probe_due(now=NOW)

    asyncio.run(run())
    assert len(door.logins) == 1


def test_probe_waits_for_its_time_and_is_run_by_one_process(system):
    asked = ask(system, not_before=NOW + timedelta(seconds=5))
    assert asyncio.run(probing.probe_due(now=NOW)) == 0
    # Another process has it in hand, and may have died over it.
    Probe.objects.filter(pk=asked.pk).update(claimed_until=NOW + timedelta(seconds=60))
    assert asyncio.run(probing.probe_due(now=NOW + timedelta(seconds=30))) == 0
    door = Answering()
    assert probe(system, door, now=NOW + timedelta(seconds=61), asked=False).startswith("itself")


def test_result_is_dropped_where_a_newer_post_asked_anew_meanwhile(system):
    door = Answering()
    System.objects.filter(pk=system.pk).update(http_port=door.http_port, https_port=door.https_port)
    ask(system)
    later = NOW + timedelta(seconds=3)

    async def ask_anew(_, request, writer):
        await answering.as_device(door, request, writer)
        await asyncio.to_thread(lambda: Probe.objects.update(asked_at=later))

    door.https = ask_anew

    async def run():
        async with door.serving(), device_access.open_transport():
            await probing.probe_due(now=NOW)

    asyncio.run(run())
    system.refresh_from_db()
    assert system.connectivity == UNDECIDED
    assert Probe.objects.get().asked_at == later


@pytest.mark.parametrize(
    ("seen", "pinned", "result"),
    [
        (Seen("https", is_device=False, key="k"), "k", ProbeResult.OTHER),
        (Seen("https", is_device=True, key="k"), "k", ProbeResult.ITSELF),
        (Seen("https", is_device=True, key="k"), "", ProbeResult.UNPROVEN),
        (Seen("http", is_device=True), "k", ProbeResult.UNPROVEN),
        (
            Seen("https", is_device=True, key="k", serial_number="A", is_logged_in=True),
            "",
            ProbeResult.ITSELF,
        ),
        (
            Seen("https", is_device=True, key="k", serial_number="B", is_logged_in=True),
            "k",
            ProbeResult.OTHER,
        ),
        (Seen("https", is_device=True, key="k", serial_number="A"), "", ProbeResult.UNPROVEN),
        (Seen("https", is_device=True, key="k", serial_number="B"), "", ProbeResult.OTHER),
        (Seen("https", is_device=True, key="k", refusal=errors.LoginRefused()), "k", ProbeResult.ITSELF),
        (Seen("https", is_device=True, key="k", refusal=errors.LoginRefused()), "", ProbeResult.UNPROVEN),
    ],
)
def test_what_an_answer_proves(seen, pinned, result):
    assert probing.judge(seen, serial_number="A", pinned_key=pinned) is result
