"""Ranges and lists of credentials by rule R6: what is sent to whom, how often, and what silence means."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.cast import add_system
from tests.declared import happened
from tests.drivers.devices.snmpd import AUTHENTICATION, PRIVACY, free_udp_port, start_snmpd, until_taken
from tests.integration.adding.conftest import CLOSED, GOOD, NOW, WRONG, at, failures
from tests.integration.systems import answering
from tests.integration.systems.answering import ADDRESS, Answering

from roomkeeper.adding.proving import NoTryLeft
from roomkeeper.adding.service import AddingRefused
from roomkeeper.adding.targets import Targets, parse_targets
from roomkeeper.devices.login import Login
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential, NetworkSettings, State, System

pytestmark = pytest.mark.django_db(transaction=True)
HTTPS, HTTP = 21443, 21080
RANGE = "127.1.81.1-127.1.81.6"


async def save(*logins: Login) -> tuple[int, ...]:
    """Put logins on the list of credentials; their ids."""
    add = sync_to_async(credential_list.add)
    rows = [
        await add(
            name=f"Login {number}",
            kind=Credential.Kind.LOGIN,
            values={"username": login.username, "password": login.password},
            now=NOW,
        )
        for number, login in enumerate(logins)
    ]
    return tuple(row.pk for row in rows)


async def save_community(community: str) -> int:
    row = await sync_to_async(credential_list.add)(
        name=f"SNMP {community}",
        kind=Credential.Kind.COMMUNITY,
        values={"community": community},
        now=NOW,
    )
    return row.pk


async def test_range_finds_who_is_there_and_passes_over_the_rest(add, start):
    for number in (2, 5):
        await start(number, https_port=HTTPS, http_port=HTTP)
    added = await add(RANGE, https_port=HTTPS, http_port=HTTP, confirmed_count=6)
    assert added.states == ["skipped", "done", "skipped", "skipped", "done", "skipped"]
    assert added.job.summary == "2 added; 4 without an answer."
    assert added.items[0].summary.startswith("The address is in use, but nothing listens")
    assert {system.name async for system in System.objects.all()} == {"Room 2", "Room 5"}


async def test_saved_logins_are_tried_at_most_twice_on_a_device(add, start):
    endpoint = await start()
    ids = await save(WRONG, Login("admin", "wrong too"), Login("admin", "wrong as well"), GOOD)
    added = await add(at(endpoint), logins=(), credential_ids=ids)
    assert added.states == ["failed"]
    assert failures(endpoint) == 2
    assert len(added.item.details["tries"]) == 2
    # Nor by another job, nor under another of its addresses, nor by a process that does not remember.
    again = await add(at(endpoint), logins=(), credential_ids=ids)
    assert happened(NoTryLeft) in again.item.summary
    assert failures(endpoint) == 2
    # After the lock-out window they may be.
    await sync_to_async(_age)(timedelta(hours=2))
    later = await add(at(endpoint), logins=(), credential_ids=ids)
    assert later.states == ["failed"]
    assert failures(endpoint) == 4


def _age(time: timedelta) -> None:
    for job in Job.objects.all():
        Job.objects.filter(pk=job.pk).update(ended_at=job.ended_at - time)


async def test_same_device_at_two_addresses_is_tried_twice_in_all(add, start):
    endpoint = await start(address="127.0.0.1")
    target = at(endpoint).targets[0]
    both = replace(at(endpoint), targets=(target, replace(target, host="localhost")))
    ids = await save(WRONG, Login("admin", "wrong too"))
    added = await add(both, logins=(), credential_ids=ids)
    assert added.states == ["failed", "failed"]
    assert failures(endpoint) == 2


async def test_right_login_of_a_list_is_found_and_kept(add, start):
    endpoint = await start()
    ids = await save(WRONG, GOOD)
    added = await add(at(endpoint), logins=(), credential_ids=ids)
    assert added.states == ["done"]
    system = await System.objects.aget()
    assert system.username == GOOD.username
    # It was let in, so only the refused one counts.
    assert len(added.item.details["tries"]) == 1


async def test_list_never_goes_over_http(add):
    door = Answering(https=None, http=answering.as_device)
    ids = await save(Login(*answering.LOGIN))
    target = replace(parse_targets(ADDRESS).targets[0], https_port=door.https_port, http_port=door.http_port)
    async with door.serving():
        added = await add(Targets((target,)), logins=(), credential_ids=ids, password_may_use_http=True)
    assert added.states == ["failed"]
    assert "never use HTTP" in added.item.summary + added.item.advice
    assert door.connections
    assert door.logins == []


async def test_login_typed_for_a_range_never_goes_over_http_either(add):
    door = Answering(https=None, http=answering.as_device)
    target = replace(parse_targets(ADDRESS).targets[0], https_port=door.https_port, http_port=door.http_port)
    typed = (Login(*answering.LOGIN),)
    async with door.serving():
        added = await add(
            Targets((target,), is_range=True), logins=typed, password_may_use_http=True, confirmed_count=1
        )
    assert added.states == ["failed"]
    assert door.logins == []


@pytest.mark.parametrize(
    "respond", [answering.as_router_with_login, answering.as_router, answering.redirecting]
)
async def test_nothing_is_sent_to_who_shows_no_mark(add, respond):
    door = Answering(https=respond, http=respond)
    ids = await save(GOOD)
    target = replace(parse_targets(ADDRESS).targets[0], https_port=door.https_port, http_port=door.http_port)
    async with door.serving():
        typed = await add(Targets((target,)), password_may_use_http=True)
        saved = await add(Targets((target,)), logins=(), credential_ids=ids)
    assert typed.states == saved.states == ["failed"]
    assert typed.item.summary.startswith("A web server answers, but")
    assert door.connections
    assert door.logins == []


async def test_device_behind_http_alone_gets_no_login_where_https_fails(add, start):
    """Whoever makes HTTPS fail must not get the password in the clear."""
    endpoint = await start(faults=(("tls_1_0_only", "on"),))
    added = await add(at(endpoint), password_may_use_http=True)
    assert added.states == ["failed"]
    assert "TLS" in added.item.summary
    assert failures(endpoint) == 0


async def test_how_the_key_of_an_snmp_user_is_stretched_is_kept_with_it(add, tmp_path):
    values = {
        "username": "sha1-aes256c",
        "auth_protocol": "SHA-1",
        "auth_password": AUTHENTICATION,
        "privacy_protocol": "AES-256",
        "privacy_password": PRIVACY,
    }
    add_row = sync_to_async(credential_list.add)
    row = await add_row(name="Watcher", kind="snmp_user", values=values, now=NOW)
    port = free_udp_port("127.1.81.41")
    agent = await start_snmpd(tmp_path, "127.1.81.41", port, "sysName Printer")
    try:
        await add("127.1.81.41", logins=(), uses_snmp=True, snmp_port=port)
    finally:
        agent.terminate()
        await agent.communicate()

    await row.arefresh_from_db()
    login = await sync_to_async(credential_list.snmp_login_of)(row)
    assert login.stretching == "reeder"
    # Another password may be that of another agent: what was learnt goes with the old one.
    await sync_to_async(credential_list.change)(row, values={"privacy_password": "another one"})
    login = await sync_to_async(credential_list.snmp_login_of)(row)
    assert login.stretching == ""


async def test_machines_that_snmp_alone_names_are_listed_and_recognised_again(add, tmp_path):
    address = "127.1.81.40"
    port = free_udp_port(address)
    await save_community("public")
    agent = await start_snmpd(
        tmp_path, address, port, "sysName printer-4th-floor", "sysObjectID 1.3.6.1.4.1.8072.3.2.10"
    )
    try:
        added = await add("127.1.81.39-127.1.81.40", logins=(), snmp_port=port)
        again = await add(address, logins=(), snmp_port=port, uses_snmp=True)
    finally:
        agent.terminate()
        await agent.wait()
    assert added.states == ["skipped", "done"]
    item = added.items[1]
    assert "It is identified only." in item.summary
    system = await System.objects.aget()
    assert (system.name, system.family, system.state) == ("printer-4th-floor", "unmanaged", State.MANAGED)
    assert system.sys_object_id == "1.3.6.1.4.1.8072.3.2.10"
    assert not system.management_is_due
    assert (again.item.details["result"], again.item.system_id) == ("already_here", system.pk)


@pytest.mark.parametrize("state", [State.PRE_REGISTERED, State.PENDING])
async def test_what_snmp_says_takes_over_nothing_that_is_known(add, start, state):
    """A stranger's agent that claims a serial number must not become the system that was registered with it."""
    await save_community("public")
    port = free_udp_port("127.1.81.1")
    await start(profile="stand-in-mxp", snmp_port=port)
    await until_taken("127.1.81.1", port)
    root = await sync_to_async(inventory.root_folder)()
    known = await sync_to_async(add_system)("Boardroom", root, 1, state=state)
    added = await add("127.1.81.1", logins=(), snmp_port=port, uses_snmp=True)
    assert added.states == ["done"]
    assert "It is identified only. TANDBERG MXP endpoints" in added.item.summary
    stranger = await System.objects.aget(pk=added.item.system_id)
    assert (stranger.family, stranger.serial_number) == ("mxp", "")
    await known.arefresh_from_db()
    assert (known.state, known.host != stranger.host) == (state, True)


async def test_snmp_of_a_device_is_noted_and_its_absence_is_no_warning(add, start):
    await save_community("public")
    port = free_udp_port("127.1.81.1")
    endpoint = await start()
    added = await add(at(endpoint), uses_snmp=True, snmp_port=port)
    assert added.states == ["done"]
    assert added.item.details["notes"] == [
        "It did not answer SNMP: its agent is off or uses a different community."
    ]


async def test_what_its_snmp_agent_calls_itself_is_kept(add, start):
    await save_community("public")
    port = free_udp_port("127.1.81.1")
    endpoint = await start(profile="sx10-ce9.6", snmp_port=port)
    endpoint.configuration.set("NetworkServices/SNMP/Mode", "ReadOnly")
    endpoint.configuration.set("NetworkServices/SNMP/CommunityName", "public")
    await until_taken("127.1.81.1", port)
    added = await add(at(endpoint), uses_snmp=True, snmp_port=port)
    assert (added.states, added.item.details["notes"]) == (["done"], [])
    assert (await System.objects.aget()).sys_object_id.startswith("1.3.6.1.4.1.5596.")


@pytest.mark.parametrize("is_ours", [False, True])
async def test_secure_only_range_uses_neither_snmp_nor_http(add, start, is_ours):
    """Nor does looking at an address where a Secure-Only system of ours stands, whatever is wanted of new ones."""
    await save_community("public")
    if is_ours:
        folder = await sync_to_async(inventory.root_folder)()
        await sync_to_async(add_system)("Vault", folder, 9, host=ADDRESS, is_secure_only=True)
    door = Answering(http=answering.as_device)
    target = replace(parse_targets(ADDRESS).targets[0], https_port=door.https_port, http_port=door.http_port)
    heard = _Ear()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: heard, (ADDRESS, 0))
    port = transport.get_extra_info("sockname")[1]
    async with door.serving():
        await add(Targets((target,)), is_secure_only=not is_ours, uses_snmp=True, snmp_port=port, logins=())
    transport.close()
    assert set(door.connections) == {"https"}
    assert heard.datagrams == 0


class _Ear(asyncio.DatagramProtocol):
    """Counts what comes."""

    datagrams = 0

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self.datagrams += 1


async def test_black_hole_costs_its_time_and_no_more(add):
    """A listener that never accepts, its queue full: what a firewall that drops looks like from here."""
    hole = socket.socket()
    hole.bind(("127.1.81.60", 0))
    hole.listen(0)
    port = hole.getsockname()[1]
    stuffing = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.1.81.60", port))
        stuffing.append(one)
    try:
        added = await add("127.1.81.60-127.1.81.61", https_port=port, http_port=CLOSED, logins=())
    finally:
        for one in (*stuffing, hole):
            one.close()
    assert added.states == ["skipped", "skipped"]


async def test_authority_has_to_be_there_to_be_trusted(add, start):
    with pytest.raises(AddingRefused, match="no authority"):
        await add("127.1.81.1", trust="authority")
    await sync_to_async(network_settings.get)()
    await NetworkSettings.objects.aupdate(device_authorities=_own_authority())
    added = await add(at(await start()), trust="authority")
    assert added.states == ["failed"]
    assert added.item.details["error"] == "CertificateUntrusted"
    assert not await System.objects.aexists()


def _own_authority() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nobody's authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1000))
        .not_valid_after(NOW + timedelta(days=1000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


async def test_key_of_the_first_look_is_the_one_that_is_logged_in_to_and_pinned(add, start):
    endpoint = await start()
    await add(at(endpoint))
    system = await System.objects.aget()
    item = await JobItem.objects.aget()
    assert item.details["tls_key"] == system.pinned_key != ""
