"""What goes wrong with a device: fault by fault its own error and its own sentence, no two alike."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.declared import happened
from tests.drivers.devices.conftest import GOOD, LAN, QUICK, UNAUTHORIZED, http, target_of
from tests.loopback import fetch_certificate, find_agreements

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport, Patience, Target
from roomkeeper.devices.login import Login
from roomkeeper.devices.registry import create_driver, get_family
from roomkeeper.devices.tls import TlsPolicy, Trust, key_of
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.virtual import tls as virtual_tls

Make = Callable[..., Any]


@dataclass
class Fault:
    """A switch of the virtual endpoint, how the device is asked, and what has to come of it."""

    switch: str
    value: Any
    error: type[errors.DeviceError]
    words: str
    act: str = "read_status"
    login: Login = GOOD
    policy: str = "pin"
    patience: Patience = field(default_factory=lambda: QUICK)


IMPATIENT = Patience(connect=2.0, read=0.3, total=0.6)
FAULTS = [
    Fault("tls_1_0_only", True, errors.TlsVersionRefused,
          "It offers TLS 1.0; Roomkeeper offered TLS 1.2 and TLS 1.3."),
    Fault("key_changed", True, errors.CertificateChanged, happened(errors.CertificateChanged)),
    Fault("certificate", "other", errors.CertificateUntrusted, "not signed by any", policy="authority"),
    Fault("certificate", "expired", errors.CertificateExpired, "not valid today", policy="itself"),
    Fault("certificate", "wrong-name", errors.CertificateNameMismatch, "for another name", policy="itself"),
    Fault("refuse_logins_after", 0, errors.LoginRefused, "refused the login while reading its status"),
    Fault("locked_out", True, errors.LockedOut, "The same login worked before.",
          login=replace(GOOD, has_worked=True)),
    Fault("sign_in_page", True, errors.SignInPage, happened(errors.SignInPage)),
    Fault("slow_seconds", 5.0, errors.ReadTimedOut, happened(errors.ReadTimedOut), patience=IMPATIENT),
    Fault("half_xml", True, errors.ConnectionCutOff, happened(errors.ConnectionCutOff)),
    Fault("no_admin_rights", True, errors.NotAdministrator, "without administrator rights", act="restart_by_write"),
    Fault("strong_security", True, errors.Rejected, "not allowed in this security mode", act="upgrade"),
]  # fmt: skip


async def policy_of(kind: str, endpoint: Any, *, pinned: str) -> TlsPolicy:
    address, port = endpoint.plan.identity.address, endpoint.https_port
    if kind == "pin":
        return TlsPolicy(pinned_key=pinned)
    if kind == "itself":
        # The certificate is its own authority, so that only its dates and names are wrong.
        shown = ssl.DER_cert_to_PEM_cert(await fetch_certificate(address, port))
        return TlsPolicy(Trust.AUTHORITY, authorities=shown)
    authority = virtual_tls.self_signed(virtual_tls.derived_key("authority"), "authority", "192.0.2.1")
    return TlsPolicy(Trust.AUTHORITY, authorities=authority.certificate_pem.decode())


async def run_act(act: str, transport: DeviceTransport, target: Target, patience: Patience) -> None:
    driver = create_driver(get_family("roomos"), transport.client(target, patience=patience))
    if act == "read_status":
        await driver.read_status()
    elif act == "upgrade":
        await driver.run_command(
            CommandCall("SystemUnit/SoftwareUpgrade", (("URL", "http://192.0.2.1/x.pkg"),))
        )
    else:
        await driver.write_configuration({"SystemUnit/Name": "x"})


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.switch}-{fault.value}")
async def test_each_fault_has_its_own_error(
    fault: Fault, make_endpoint: Make, transport: DeviceTransport
) -> None:
    endpoint = await make_endpoint()
    pinned = key_of(await fetch_certificate(endpoint.plan.identity.address, endpoint.https_port))
    endpoint.set_fault(fault.switch, fault.value)
    policy = await policy_of(fault.policy, endpoint, pinned=pinned)
    target = target_of(endpoint, tls=policy, login=fault.login)
    with pytest.raises(errors.DeviceError) as caught:
        await run_act(fault.act, transport, target, fault.patience)
    assert type(caught.value) is fault.error
    assert fault.words in str(caught.value)
    assert "Boardroom (127.1.78.1) " in str(caught.value)
    assert caught.value.advice


def test_no_two_faults_are_alike() -> None:
    assert len({fault.error for fault in FAULTS}) == len(FAULTS)


async def test_dripping_answer(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    endpoint.set_fault("drip_seconds", 0.01)
    with pytest.raises(errors.ReadTimedOut):
        await run_act("read_status", transport, target_of(endpoint), IMPATIENT)


async def test_restart_in_mid_request_and_one_without_end(
    make_endpoint: Make, transport: DeviceTransport
) -> None:
    endpoint = await make_endpoint()
    target = target_of(endpoint)
    endpoint.set_fault("never_comes_back", True)
    endpoint.set_fault("restart_in_mid_request", True)
    with pytest.raises(errors.ConnectionCutOff):
        await run_act("read_status", transport, target, QUICK)

    async def ask_until_it_is_away() -> None:
        while True:
            await run_act("read_status", transport, target, QUICK)

    with pytest.raises(errors.ConnectionRefused):
        await ask_until_it_is_away()


async def test_control_bytes_do_not_hide_the_status(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    endpoint.set_fault("control_bytes", True)
    await run_act("read_status", transport, target_of(endpoint), QUICK)


async def test_legacy_tls_only_by_choice(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    endpoint.set_fault("tls_1_0_only", True)
    found = await find_agreements(endpoint.plan.identity.address, endpoint.https_port)
    assert [agreed.version for agreed in found] == ["TLS 1.0"]
    assert all(agreed.is_old for agreed in found)
    await run_act("read_status", transport, target_of(endpoint, tls=TlsPolicy(is_legacy=True)), QUICK)


async def test_nothing_but_a_handshake_reaches_a_device_with_another_key(
    make_endpoint: Make, transport: DeviceTransport
) -> None:
    endpoint = await make_endpoint()
    asked = []
    route = endpoint.api._route
    endpoint.api._route = lambda request: asked.append(request) or route(request)
    target = target_of(endpoint, tls=TlsPolicy(pinned_key="0" * 64))
    with pytest.raises(errors.CertificateChanged):
        await run_act("read_status", transport, target, QUICK)
    assert asked == []
    await run_act("read_status", transport, replace(target, tls=TlsPolicy()), QUICK)
    assert asked


async def test_the_first_key_is_kept_from_then_on(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    client = transport.client(target_of(endpoint))
    assert client.seen_key == ""
    driver = create_driver(get_family("roomos"), client)
    facts = await driver.identify()
    assert facts.tls_key == client.seen_key != ""
    endpoint.set_fault("key_changed", True)
    with pytest.raises(errors.CertificateChanged):
        await driver.identify()


async def test_trust_may_be_off(make_endpoint: Make, transport: DeviceTransport) -> None:
    endpoint = await make_endpoint()
    driver = create_driver(
        get_family("roomos"), transport.client(target_of(endpoint, tls=TlsPolicy(Trust.OFF)))
    )
    await driver.identify()
    endpoint.set_fault("key_changed", True)
    await driver.identify()


# What no virtual endpoint does


def page(text: bytes) -> bytes:
    return http("200 OK", text, Content_Type="text/html")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (http("503 Service Unavailable"), errors.DeviceBusy, happened(errors.DeviceBusy)),
        (http("503 Service Unavailable", Retry_After="90"), errors.DeviceBusy, "It asks to wait 90 seconds."),
        (http("502 Bad Gateway"), errors.ServerError, "It answered 502."),
        (http("500 Internal Server Error"), errors.ServerError, "It answered 500."),
        (http("404 Not Found"), errors.UnexpectedAnswer, "It answered 404."),
        (http("302 Found", Location="/web/signin"), errors.SignInPage, "sign-in page"),
        (http("302 Found", Location="https://example.org/"), errors.UnexpectedAnswer, "It answered 302."),
        (page(b"<!DOCTYPE html><form>Password</form>"), errors.SignInPage, "sign-in page"),
        (page(b"<html>Welcome to nginx</html>"), errors.NotXml, "not its XML"),
        (http("200 OK", b'{"a": 1}'), errors.NotXml, "not its XML"),
        (http("200 OK", b""), errors.NotXml, "not its XML"),
        (http("200 OK", b"<Status><Half"), errors.NotXml, "not its XML"),
        (http("200 OK", b"<Gadget/>"), errors.NotXml, "not its XML"),
        (http("403 Forbidden"), errors.NotAdministrator, "without administrator rights"),
        (http("403 Forbidden", b"Account is locked"), errors.LockedOut, "locked"),
        (http("429 Too Many Requests"), errors.LockedOut, "locked"),
        (http("401 Unauthorized", WWW_Authenticate='Basic realm="Router"'), errors.UnexpectedAnswer,
         "does not look like a video system's"),
        (UNAUTHORIZED, errors.LoginRefused, "refused the login"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", errors.NotXml, "not its XML"),
        (b"", errors.ConnectionCutOff, happened(errors.ConnectionCutOff)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<S", errors.ConnectionCutOff, "before the answer"),
    ],
)  # fmt: skip
async def test_answers_of_strangers(
    answer: bytes, error: type[errors.DeviceError], words: str, serve: Make, transport: DeviceTransport
) -> None:
    server = await serve(answer)
    with pytest.raises(errors.DeviceError) as caught:
        await create_driver(
            get_family("roomos"), transport.client(server.target(), patience=QUICK)
        ).identify()
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert str(caught.value).startswith("Lobby (127.0.0.1) ")


async def test_endless_answer_is_cut(serve: Make, transport: DeviceTransport) -> None:
    server = await serve(http("200 OK", b"<Status>" + b"x" * 100_000))
    client = transport.client(server.target(), patience=replace(QUICK, answer_limit=50_000))
    with pytest.raises(errors.AnswerTooLarge) as caught:
        await client.get("/status.xml", doing="reading its status")
    assert caught.value.first_bytes.startswith(b"<Status>xxx")


async def test_no_credentials_to_what_is_no_video_system(serve: Make, transport: DeviceTransport) -> None:
    for answer in (http("401 Unauthorized", WWW_Authenticate='Basic realm="Router"'), page(b"<html>"), b""):
        server = await serve(answer)
        with pytest.raises(errors.DeviceError):
            await transport.client(server.target(), patience=QUICK).get("/status.xml", doing="reading")
        assert server.received
        assert not any(b"authorization" in head.lower() for head in server.received)


async def test_name_that_does_not_resolve(transport: DeviceTransport) -> None:
    client = transport.client(Target("Lobby", "no-such-host.invalid", LAN, login=GOOD))
    with pytest.raises(errors.NameNotResolved, match="Lobby"):
        await client.get("/status.xml", doing="reading")


async def test_port_where_nothing_listens(transport: DeviceTransport) -> None:
    client = transport.client(Target("Lobby", "127.0.0.1", LAN, login=GOOD, https_port=9, http_port=9))
    with pytest.raises(errors.ConnectionRefused):
        await client.get("/status.xml", doing="reading")


async def test_listener_that_says_nothing_is_a_connect_time_out(transport: DeviceTransport) -> None:
    async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = transport.client(
            Target("Lobby", "127.0.0.1", LAN, login=GOOD, https_port=port), patience=Patience(connect=0.3)
        )
        with pytest.raises(errors.ConnectTimedOut):
            await client.get("/status.xml", doing="reading")
        assert transport.limits.is_dead(f"127.0.0.1:{port}:80")


async def test_something_else_than_tls(transport: DeviceTransport) -> None:
    def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = transport.client(
            Target("Lobby", "127.0.0.1", LAN, login=GOOD, https_port=port), patience=QUICK
        )
        with pytest.raises(errors.TlsFailed) as caught:
            await client.get("/status.xml", doing="reading")
    assert type(caught.value) is errors.TlsFailed
