"""A diagnosis in each mode: what is struck out is not contacted, and healthy systems have nothing to complain of."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.utils import timezone
from tests.integration.diagnosis import arranging
from tests.integration.diagnosis.conftest import PATIENT, MakeRoom, Room, in_thread

from roomkeeper.accounts.models import User
from roomkeeper.diagnosis.findings import Level
from roomkeeper.diagnosis.rows import Apply
from roomkeeper.diagnosis.sheet import FactSheet
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credentials
from roomkeeper.virtual.identity import BEHIND_FIREWALL

pytestmark = pytest.mark.one_database


def complaints(sheet: FactSheet) -> list[str]:
    return [finding.key for finding in sheet.all() if finding.level in (Level.WARNING, Level.FAULT)]


def keys(sheet: FactSheet) -> list[str]:
    return [finding.key for finding in sheet.all()]


def struck(sheet: FactSheet) -> list[tuple[str, str]]:
    return [(row.direction, row.service) for row in sheet.rows if row.apply is Apply.STRUCK]


@pytest.mark.parametrize("profile", ["room-kit-roomos10", "room-bar-roomos26", "dx80-ce9.15", "sx10-ce9.6"])
async def test_healthy_system_on_the_lan(profile: str, make_room: MakeRoom) -> None:
    # The room's manager speaks HTTP, so that it has to be on.
    room = await make_room(profile, **({"http_mode": "HTTP+HTTPS"} if profile == "room-bar-roomos26" else {}))
    sheet = await room.diagnose()
    assert complaints(sheet) == []
    assert struck(sheet) == []
    assert "rights-admin" in keys(sheet)
    timed = {finding.key for finding in sheet.all() if finding.milliseconds is not None}
    assert timed >= {
        "port-open",
        "http-open",
        "tls-agreed",
        "answers-as-device",
        "login-accepted",
        "status-read",
    }
    assert (await room.system()).login_worked_at is not None


async def test_old_codec_tells_no_roles(make_room: MakeRoom) -> None:
    room = await make_room("sx20-tc7")
    sheet = await room.diagnose()
    assert "rights-unknown" in keys(sheet)
    assert complaints(sheet) == []


async def test_first_look_pins_the_key(make_room: MakeRoom) -> None:
    room = await make_room(is_pinned=False)
    sheet = await room.diagnose()
    assert "certificate-first" in keys(sheet)
    assert (await room.system()).pinned_key
    assert "certificate-pinned" in keys(await room.diagnose())


async def test_behind_firewall_only_what_it_says_is_judged(make_room: MakeRoom) -> None:
    room = await make_room(mode=BEHIND_FIREWALL)
    sheet = await room.diagnose()
    assert complaints(sheet) == []
    assert struck(sheet) == [("inbound", "HTTPS"), ("inbound", "HTTP"), ("inbound", "SNMP")]
    assert {"mode-behind-firewall", "view-old", "manager-right", "posts-arrive", "addresses-differ"} <= set(
        keys(sheet)
    )


@dataclass
class Counter:
    """What arrives at its ports."""

    https_port: int = 0
    http_port: int = 0
    snmp_port: int = 0
    connections: int = 0
    datagrams: int = 0


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    counted = Counter()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counted.connections += 1
        writer.close()

    class Datagrams(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            counted.datagrams += 1

    servers = [await asyncio.start_server(connected, "127.0.0.1", 0) for _ in range(2)]
    counted.https_port, counted.http_port = (server.sockets[0].getsockname()[1] for server in servers)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", 0), family=socket.AF_INET)
    counted.snmp_port = transport.get_extra_info("sockname")[1]
    yield counted
    transport.close()
    for server in servers:
        server.close()


async def point_at(room: Room, counter: Counter, **values: Any) -> Any:
    await room.change(
        host="127.0.0.1", https_port=counter.https_port, http_port=counter.http_port, pinned_key="", **values
    )
    await in_thread(store_community)
    return replace(PATIENT, snmp_port=counter.snmp_port)


def store_community() -> None:
    from django.conf import settings

    from roomkeeper import keys as key_store

    found = network_settings.get()
    found.snmp_community_ciphertext = key_store.load(settings.OPTIONS.data).encrypt("public")
    found.save()


@pytest.mark.parametrize("connectivity", ["behind_firewall", "inaccessible", ""])
async def test_system_that_must_not_be_contacted_gets_no_packet(
    connectivity: str, make_room: MakeRoom, counter: Counter
) -> None:
    room = await make_room()
    tuning = await point_at(room, counter, connectivity=connectivity)
    sheet = await room.diagnose(tuning=tuning)
    assert len(struck(sheet)) == 3
    assert (counter.connections, counter.datagrams) == (0, 0)


async def test_what_may_be_contacted_is_counted_by_the_same_ports(
    make_room: MakeRoom, counter: Counter
) -> None:
    room = await make_room()
    tuning = await point_at(room, counter)
    await room.diagnose(tuning=tuning)
    assert counter.connections >= 2
    assert counter.datagrams >= 1


async def test_secure_only_system_gets_neither_http_nor_snmp(make_room: MakeRoom, counter: Counter) -> None:
    room = await make_room()
    https_port = room.endpoint.https_port
    tuning = await point_at(room, counter, is_secure_only=True)
    await room.change(host="127.1.78.1", https_port=https_port)
    sheet = await room.diagnose(tuning=tuning)
    assert ("inbound", "HTTP") in struck(sheet)
    assert ("inbound", "SNMP") in struck(sheet)
    assert "status-read" in keys(sheet)
    assert (counter.connections, counter.datagrams) == (0, 0)


async def test_wrong_password_touches_the_device_once(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    await arranging.store_wrong_password(room, person)
    user = room.endpoint.device.users["admin"]
    before = user.failed_logins
    assert "login-refused" in keys(await room.diagnose())
    assert user.failed_logins == before + 1
    refused_at = (await room.system()).login_refused_at
    # Neither the same process nor, by the record, another one sends it again.
    for _ in range(2):
        sheet = await room.diagnose()
        assert "login-refused-before" in keys(sheet)
    assert user.failed_logins == before + 1
    assert (await room.system()).login_refused_at == refused_at


async def test_refused_login_is_sent_once_more_when_a_person_says_so(
    make_room: MakeRoom, person: User
) -> None:
    room = await make_room()
    await arranging.store_wrong_password(room, person)
    assert "login-refused" in keys(await room.diagnose())
    room.endpoint.device.users["admin"].password = "wrong"
    await in_thread(credentials.allow_login_again, await room.system())
    assert "login-accepted" in keys(await room.diagnose(tries_login=True))
    assert (await room.system()).login_refused_at is None


async def test_slow_answers_are_told_with_their_time(make_room: MakeRoom) -> None:
    room = await make_room()
    room.endpoint.set_fault("slow_seconds", 0.5)
    sheet = await room.diagnose(tuning=replace(PATIENT, slow_part=0.01))
    slow = next(finding for finding in sheet.all() if finding.key == "answer-slow")
    assert slow.milliseconds is not None
    assert slow.milliseconds >= 500


async def test_broken_answer_and_then_a_whole_one(make_room: MakeRoom) -> None:
    room = await make_room(reboot_seconds=0.05)
    room.endpoint.set_fault("restart_in_mid_request", True)
    sheet = await room.diagnose()
    assert "answer-cut-off-once" in keys(sheet)
    assert "status-read" in keys(sheet)


async def test_no_secret_stands_in_a_finding(make_room: MakeRoom, person: User) -> None:
    room = await make_room()
    await arranging.move_server(room, person)
    sheet = await room.diagnose()
    path = room.endpoint.configuration.get("Provisioning/ExternalManager/Path")
    secret = path.rpartition("/")[2].lower()
    assert len(secret) >= 26
    assert secret not in str(sheet.as_json()).lower()


async def test_status_that_was_read_is_kept(make_room: MakeRoom) -> None:
    room = await make_room()
    before = timezone.now()
    await room.diagnose()
    contact = await in_thread(lambda pk: room_contact(pk), room.pk)
    assert contact.status_at > before


def room_contact(pk: int) -> Any:
    from roomkeeper.systems.models import Contact

    return Contact.objects.get(pk=pk)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("mxp", {"snmp-off", "road-not-tried", "posts-arrive"}),
        ("expressway", {"snmp-off", "road-not-used", "posts-arrive"}),
        ("codian_mcu", {"snmp-off", "posts-arrive"}),
        ("unmanaged", {"posts-arrive"}),
        # One that has said nothing of itself yet is taken for an endpoint.
        ("", {"connection-refused", "posts-arrive"}),
    ],
)
async def test_families_without_a_wire_are_judged_by_what_arrives(
    family: str, expected: set[str], make_room: MakeRoom
) -> None:
    room = await make_room()
    await room.change(family=family, host="127.0.0.1", https_port=9, http_port=9)
    found = keys(await room.diagnose())
    assert expected <= set(found)
    assert "address-unknown" not in found
