"""Looking who answers at an address, over real sockets: what is sent to whom, and what can go wrong (rule R6)."""

import asyncio
import socket

import pytest
from tests.integration.systems import answering
from tests.integration.systems.answering import ADDRESS, LOGIN, Answering

from roomkeeper.devices import errors
from roomkeeper.devices.http import Login, Seen, fetch_certificate, key_of, look

ADMIN = Login(*LOGIN)


async def look_at(door: Answering, **values: object) -> Seen:
    async with door.serving():
        return await look(
            ADDRESS,
            **{
                "http_port": door.http_port,
                "https_port": door.https_port,
                "login": ADMIN,
                "pinned_key": "",
                "password_may_use_http": False,
                "is_secure_only": False,
                **values,
            },
        )


async def key_at(door: Answering) -> str:
    async with door.serving():
        return key_of(await fetch_certificate(ADDRESS, door.https_port))


async def test_device_gives_its_serial_after_the_login():
    door = Answering()
    seen = await look_at(door)
    assert seen.is_device
    assert (seen.scheme, seen.serial_number, seen.login_refused) == ("https", "FTT00000001", False)
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
    assert (seen.is_device, seen.login_refused, seen.serial_number) == (True, True, "")
    assert len(door.logins) == 1
    assert door.connections.count("http") == 0


async def test_name_that_no_login_can_carry_is_not_tried():
    door = Answering()
    seen = await look_at(door, login=Login("ad:min", "x"))
    assert (seen.is_device, seen.serial_number) == (True, "")
    assert door.logins == []


async def test_account_without_rights_counts_as_refused():
    seen = await look_at(Answering(https=answering.forbidding))
    assert (seen.is_device, seen.login_refused) == (True, True)


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
