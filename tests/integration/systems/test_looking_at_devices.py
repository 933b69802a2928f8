"""Looking who answers at an address, over real sockets: what is sent to whom, and what can go wrong (rule R6)."""

import asyncio
import socket

import pytest
from tests.integration.systems import answering
from tests.integration.systems.answering import ADDRESS, LOGIN, Answering
from tests.loopback import Reach, fetch_certificate

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.http import Seen, look
from roomkeeper.devices.login import Login
from roomkeeper.devices.tls import TlsPolicy, key_of

ADMIN = Login(*LOGIN)


def target_of(
    door: Answering, *, pinned_key: str = "", is_secure_only: bool = False, **values: object
) -> Target:
    return Target(
        **{
            "name": "",
            "address": ADDRESS,
            "reach": Reach("", is_secure_only, is_first_contact=True),
            "login": ADMIN,
            "tls": TlsPolicy(pinned_key=pinned_key),
            "https_port": door.https_port,
            "http_port": door.http_port,
            **values,
        }
    )


async def look_at(door: Answering, **values: object) -> Seen:
    async with door.serving(), DeviceTransport() as transport:
        return await look(transport, target_of(door, **values))


async def key_at(door: Answering) -> str:
    async with door.serving():
        return key_of(await fetch_certificate(ADDRESS, door.https_port))


async def test_device_gives_its_serial_after_the_login():
    door = Answering()
    seen = await look_at(door)
    assert seen.is_device
    assert (seen.scheme, seen.serial_number, seen.refusal) == ("https", "FTT00000001", None)
    assert len(seen.key) == 64
    assert [request.login for request in door.requests] == [None, LOGIN]
    assert {request.line for request in door.requests} == {"GET /getxml?location=/Status/SystemUnit HTTP/1.1"}


async def test_answer_that_comes_in_pieces_is_read_whole():
    seen = await look_at(Answering(https=answering.in_pieces))
    assert (seen.is_device, seen.serial_number) == (True, "FTT00000001")


async def test_serial_is_found_where_every_node_is_numbered():
    assert (await look_at(Answering(https=answering.as_tc_device))).serial_number == "FTT00000001"


async def test_no_answer_is_asked_for_that_we_could_not_read():
    door = Answering()
    await look_at(door)
    assert {request.headers.get("accept-encoding", "identity") for request in door.requests} == {"identity"}


async def test_pin_is_the_key_and_survives_a_renewed_certificate():
    first = Answering()
    renewed = Answering(key=first.key)
    assert await key_at(first) == await key_at(renewed)
    assert await key_at(Answering()) != await key_at(Answering())


async def test_without_credentials_nothing_but_the_mark_is_seen():
    door = Answering()
    seen = await look_at(door, login=None)
    assert (seen.is_device, seen.serial_number) == (True, "")
    assert len(door.requests) == 1
    assert door.logins == []


@pytest.mark.parametrize(
    "respond", [answering.as_router, answering.as_router_with_login, answering.redirecting]
)
async def test_password_is_never_sent_to_what_shows_no_mark_of_these_devices(respond):
    door = Answering(https=respond, http=answering.as_device)
    seen = await look_at(door, password_may_use_http=True)
    assert not seen.is_device
    assert len(door.requests) == 1
    assert door.logins == []


@pytest.mark.parametrize("realm", ['Basic realm="TANDBERG Codec"', 'Basic realm="Cisco TelePresence MX300"'])
async def test_realms_of_older_devices_are_marks_too(realm):
    assert (await look_at(Answering(realm=realm))).serial_number == "FTT00000001"


async def test_refused_login_is_tried_once():
    door = Answering(http=answering.as_device)
    seen = await look_at(door, login=Login("admin", "wrong"), password_may_use_http=True)
    assert (seen.is_device, seen.serial_number) == (True, "")
    assert type(seen.refusal) is errors.LoginRefused
    assert len(door.logins) == 1
    assert door.connections.count("http") == 0


async def test_refused_login_is_not_tried_by_a_second_look_either():
    door = Answering()
    async with door.serving(), DeviceTransport() as transport:
        target = target_of(door, login=Login("admin", "wrong"))
        for _ in range(3):
            seen = await look(transport, target)
            assert isinstance(seen.refusal, errors.LoginRefused)
        assert len(door.logins) == 1
        # A changed password is another login.
        assert (await look(transport, target_of(door))).is_logged_in
    assert len(door.logins) == 2


async def test_login_that_was_refused_before_a_restart_is_not_tried():
    door = Answering()
    seen = await look_at(door, login=Login("admin", "wrong", was_refused=True))
    assert (seen.is_device, isinstance(seen.refusal, errors.LoginRefused)) == (True, True)
    assert door.logins == []


async def test_nothing_is_sent_where_connectivity_forbids_it():
    for connectivity in ("behind_firewall", "inaccessible"):
        door = Answering(http=answering.as_device)
        with pytest.raises(errors.ContactForbidden):
            await look_at(door, reach=Reach(connectivity))
        assert door.connections == []


async def test_no_password_over_http_where_https_is_there_and_fails():
    door = Answering(https=answering.hanging_up, http=answering.as_device)
    seen = await look_at(door, password_may_use_http=True)
    assert (seen.scheme, seen.is_device, seen.is_logged_in) == ("http", True, False)
    assert door.logins == []


async def test_name_that_no_login_can_carry_is_not_tried():
    door = Answering()
    seen = await look_at(door, login=Login("ad:min", "x"))
    assert (seen.is_device, seen.serial_number) == (True, "")
    assert door.logins == []


async def test_account_without_rights_counts_as_refused():
    seen = await look_at(Answering(https=answering.forbidding))
    assert (seen.is_device, type(seen.refusal)) == (True, errors.NotAdministrator)


async def test_changed_key_stops_everything_after_the_handshake():
    door = Answering(http=answering.as_device)
    with pytest.raises(errors.CertificateChanged):
        await look_at(door, pinned_key="0" * 64, password_may_use_http=True)
    assert door.requests == []
    assert "http" not in door.connections


async def test_password_goes_over_plain_http_only_where_that_was_chosen():
    closed = Answering(https=None, http=answering.as_device)
    seen = await look_at(closed)
    assert (seen.scheme, seen.is_device, seen.serial_number) == ("http", True, "")
    assert closed.logins == []
    opted_in = Answering(https=None, http=answering.as_device)
    seen = await look_at(opted_in, password_may_use_http=True)
    assert seen.serial_number == "FTT00000001"
    assert opted_in.logins == [("http", LOGIN)]


async def test_system_with_a_pinned_key_gets_no_password_without_tls():
    door = Answering(https=None, http=answering.as_device)
    seen = await look_at(door, pinned_key="0" * 64, password_may_use_http=True)
    assert seen.key == ""
    assert door.logins == []


async def test_secure_only_system_is_never_called_by_http():
    door = Answering(https=None, http=answering.as_device)
    with pytest.raises(errors.ConnectionRefused):
        await look_at(door, is_secure_only=True, password_may_use_http=True)
    assert door.connections == []


async def test_nobody_there_is_a_refused_connection():
    with pytest.raises(errors.ConnectionRefused):
        await look_at(Answering(https=None))


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        (answering.breaking_off, errors.ConnectionCutOff),
        (answering.hanging_up, errors.ConnectionCutOff),
        (answering.babbling, errors.UnexpectedAnswer),
    ],
)
async def test_what_breaks_off_or_speaks_no_http_is_told_apart(respond, error):
    with pytest.raises(error):
        await look_at(Answering(https=respond), is_secure_only=True)


async def test_plain_http_on_the_tls_port_is_a_failed_handshake():
    async def complain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answering.http_answer("400 Bad Request"))
        writer.close()

    server = await asyncio.start_server(complain, ADDRESS, 0)
    with pytest.raises(errors.TlsFailed):
        await fetch_certificate(ADDRESS, server.sockets[0].getsockname()[1])
    server.close()


async def test_listener_that_closes_during_the_handshake_is_a_failed_connection():
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, ADDRESS, 0)
    with pytest.raises(errors.ConnectionFailed):
        await fetch_certificate(ADDRESS, server.sockets[0].getsockname()[1])
    server.close()


async def test_listener_that_never_answers_the_handshake_times_out():
    with socket.socket() as silent:
        silent.bind((ADDRESS, 0))
        silent.listen()
        with pytest.raises(errors.ConnectTimedOut):
            await fetch_certificate(ADDRESS, silent.getsockname()[1])


async def test_name_that_does_not_exist_is_told_apart():
    with pytest.raises(errors.NameNotResolved):
        await fetch_certificate("codec.invalid", 443)


def test_bytes_that_are_no_certificate_are_a_failed_handshake():
    with pytest.raises(errors.TlsFailed):
        key_of(b"no certificate")
