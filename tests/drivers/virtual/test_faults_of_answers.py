"""Fault switches of settings, slots, clocks, texts, TLS and calls, each seen by an independent client."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from tests.drivers.virtual.client import command, curl, http, https, putxml, run, until
from tests.drivers.virtual.conftest import Make, StandInManager

from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.faults import BadFault

VOLUME = "<Configuration><Audio><DefaultVolume>30</DefaultVolume></Audio></Configuration>"
NAME = "<Configuration><SystemUnit><Name>Other</Name></SystemUnit></Configuration>"


async def status(endpoint: VirtualEndpoint, path: str) -> str:
    """What stands at a path of the status."""
    return (await curl(http(endpoint, f"/getxml?location=/Status/{path}"))).partition("\r\n\r\n")[2]


@pytest.mark.parametrize("profile", ["room-kit-roomos10", "sx20-tc7"])
@pytest.mark.parametrize(
    ("shape", "seen"),
    [
        (
            "errors",
            ('<Error item="1">', "<Reason>Illegal value</Reason>", "/Configuration/Audio/DefaultVolume<"),
        ),
        ("leaf", ('<DefaultVolume error="True">Illegal value</DefaultVolume>',)),
        ("status", ('<Configuration status="Error">', "<Reason>Illegal value</Reason>", "<XPath>")),
    ],
)
async def test_refused_setting(make_endpoint: Make, profile: str, shape: str, seen: tuple[str, ...]) -> None:
    endpoint = await make_endpoint(profile=profile)
    endpoint.set_fault("refuses_value", "Audio/DefaultVolume")
    endpoint.set_fault("refusal_shape", shape)
    before = endpoint.configuration.get("Audio/DefaultVolume")
    answer = await putxml(endpoint, VOLUME)
    assert all(one in answer for one in seen), answer
    assert endpoint.configuration.get("Audio/DefaultVolume") == before
    assert "<Success/>" in await putxml(endpoint, NAME)
    endpoint.set_fault("refuses_value", "")
    assert "<Success/>" in await putxml(endpoint, VOLUME)


async def test_refused_in_an_answer(make_endpoint: Make, manager: StandInManager) -> None:
    manager.orders.append(f"<Configuration>{VOLUME}</Configuration>")
    endpoint = await make_endpoint(manager=manager.url, faults=(("refuses_value", "Audio/DefaultVolume"),))
    await until(lambda: any(one.refused_settings for one in endpoint.manager.posts))
    assert endpoint.configuration.get("Audio/DefaultVolume") == "50"


async def test_slots_gone_and_taken(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    register = command("HttpFeedback/Register", FeedbackSlot="3", ServerUrl="http://192.0.2.1/ours")
    await putxml(endpoint, register)
    assert "http://192.0.2.1/ours" in await status(endpoint, "HttpFeedback")
    endpoint.set_fault("feedback_taken", "http://192.0.2.9/theirs")
    shown = await status(endpoint, "HttpFeedback")
    assert "http://192.0.2.9/theirs" in shown
    assert "ours" not in shown
    endpoint.set_fault("feedback_gone", True)
    assert "<EmptyResult/>" in await status(endpoint, "HttpFeedback")
    await putxml(endpoint, register)
    assert "http://192.0.2.1/ours" in await status(endpoint, "HttpFeedback")


@pytest.mark.parametrize(
    ("profile", "seen"), [("sx10-ce9.6", "<Status>Failed<"), ("sx20-tc7", "<EmptyResult/>")]
)
async def test_slot_failed(make_endpoint: Make, profile: str, seen: str) -> None:
    endpoint = await make_endpoint(profile=profile)
    await putxml(
        endpoint, command("HttpFeedback/Register", FeedbackSlot="3", ServerUrl="http://192.0.2.1/ours")
    )
    endpoint.set_fault("feedback_stopped", True)
    assert seen in await status(endpoint, "HttpFeedback")


@pytest.mark.parametrize("profile", ["sx10-ce9.6", "sx20-tc7"])
async def test_wrong_clock(make_endpoint: Make, profile: str) -> None:
    endpoint = await make_endpoint(profile=profile)
    endpoint.set_fault("clock_offset_seconds", -7200)
    shown = ElementTree.fromstring(await status(endpoint, "Time/SystemTime")).findtext(".//SystemTime")
    assert shown is not None
    says = datetime.strptime(shown, "%Y-%m-%dT%H:%M:%S%z")
    assert abs(endpoint.clock.now() - says - timedelta(hours=2)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("told", "header", "declaration"),
    [("declaration", False, True), ("header", True, False), ("both", True, True), ("nowhere", False, False)],
)
async def test_charset(
    make_endpoint: Make, manager: StandInManager, told: str, header: bool, declaration: bool
) -> None:
    manager.orders.append(
        "<DocumentsToPost><DocumentToPost><Location>/Status</Location>"
        f"<URL>{manager.url}/documents</URL></DocumentToPost></DocumentsToPost>"
    )
    faults = (("charset", "windows-1252"), ("charset_told", told))
    await make_endpoint("Møterom €", manager=manager.url, faults=faults)
    for found in (
        await manager.wait_for(lambda one: one.event == "Boot"),
        await manager.wait_for(lambda one: one.path == "/documents"),
    ):
        assert "Møterom €".encode("windows-1252") in found.body
        assert ("charset=windows-1252" in found.headers["Content-Type"]) is header
        assert (b'encoding="windows-1252"' in found.body) is declaration
        assert b"utf-8" not in found.body


async def test_raw_ampersand(make_endpoint: Make, manager: StandInManager) -> None:
    manager.orders.append(
        "<DocumentsToPost><DocumentToPost><Location>/Status</Location>"
        f"<URL>{manager.url}/documents</URL></DocumentToPost></DocumentsToPost>"
    )
    endpoint = await make_endpoint(
        profile="sx20-tc7", manager=manager.url, faults=(("raw_ampersand", "true"),)
    )
    found = await manager.wait_for(lambda one: one.path == "/documents")
    assert b"Audio & Video Boardroom</Name>" in found.body
    answer = (await curl(http(endpoint, "/status.xml"))).partition("\r\n\r\n")[2]
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(answer)


@pytest.mark.parametrize("profile", ["sx10-ce9.6", "sx20-tc7"])
async def test_http_off(make_endpoint: Make, profile: str) -> None:
    endpoint = await make_endpoint(profile=profile)
    plain, secure = http(endpoint, "/status.xml"), https(endpoint, "/status.xml")
    legacy = ("--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0")
    assert "200 OK" in await curl(plain)
    assert "200 OK" in await curl(secure, *legacy)
    endpoint.set_fault("http_off", True)
    await until(lambda: endpoint.http_port is None and endpoint.https_port is None)
    assert "curl failed 7" in await curl(plain)
    assert "curl failed 7" in await curl(secure, *legacy)
    endpoint.set_fault("http_off", False)
    await until(lambda: endpoint.http_port and endpoint.https_port)
    assert "200 OK" in await curl(plain)


async def test_second_call(make_endpoint: Make, manager: StandInManager) -> None:
    endpoint = await make_endpoint(profile="sx10-ce9.6", manager=manager.url)
    await putxml(endpoint, command("Dial", Number="meet@example.org"))
    await until(lambda: endpoint.status.find("Call[2]/Status") == "Connected")
    endpoint.device.register_feedback(3, f"{manager.url}/feedback", ["/Status/Call"], "XML")
    endpoint.set_fault("second_call", "rejected")
    gone = await manager.wait_for(lambda one: b'ghost="True" item="3"' in one.body)
    assert b"Ringing" in gone.body or any(b"Ringing" in one.body for one in manager.received)
    shown = await status(endpoint, "Call")
    assert "Connected" in shown
    assert 'item="3"' not in shown
    endpoint.set_fault("second_call", "rings")
    assert "Ringing" in await status(endpoint, "Call[@item='4']")


async def test_touch_panel_unplugged(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    endpoint.set_fault("touch_panel_unplugged", True)
    assert "LostConnection" in await status(endpoint, "Peripherals")
    assert "TouchPanelConnection" in await status(endpoint, "Diagnostics")
    endpoint.set_fault("touch_panel_unplugged", False)
    assert "<Status>Connected</Status>" in await status(endpoint, "Peripherals")
    assert "TouchPanelConnection" not in await status(endpoint, "Diagnostics")
    other = await make_endpoint(
        profile="sx10-ce9.6", address="127.1.77.2", serial="FTT25010002", mac="02:00:00:00:00:02"
    )
    other.set_fault("touch_panel_unplugged", True)
    assert "LostConnection" in await status(other, "Peripherals")


async def s_client(endpoint: VirtualEndpoint, *options: str) -> str:
    where = f"{endpoint.plan.identity.address}:{endpoint.https_port}"
    _, out, errors = await run("openssl", "s_client", "-connect", where, *options, stdin=b"")
    return out + errors


async def test_old_ciphers(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    today = "ECDHE+AESGCM:ECDHE+CHACHA20"
    assert "Cipher is TLS_AES" in await s_client(endpoint)
    endpoint.set_fault("old_ciphers", True)
    assert "Cipher is (NONE)" in await s_client(endpoint, "-cipher", today)
    found = await s_client(endpoint, "-cipher", "ALL:@SECLEVEL=0")
    assert "New, TLSv1.0, Cipher is ECDHE-ECDSA-AES256-SHA" in found
    assert "Protocol  : TLSv1.2" in found or "Protocol: TLSv1.2" in found
    endpoint.set_fault("old_ciphers", False)
    assert "Cipher is TLS_AES" in await s_client(endpoint)


async def test_old_stack(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="sx20-tc7")
    endpoint.set_fault("old_stack", True)
    assert "curl failed 35" in await curl(https(endpoint, "/status.xml"), "--tlsv1.2")
    found = await s_client(endpoint, "-tls1", "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is AES256-SHA" in found
    assert "Server public key is 1024 bit" in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("refusal_shape", "shouting"),
        ("charset", "no-such-charset"),
        ("charset_told", ""),
        ("second_call", "x"),
    ],
)
async def test_values_that_a_switch_does_not_take(make_endpoint: Make, name: str, value: str) -> None:
    endpoint = await make_endpoint()
    with pytest.raises(BadFault):
        endpoint.set_fault(name, value)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("cipher", ["AES256-SHA", "AES128-SHA"])
async def test_no_secure_renegotiation(make_endpoint: Make, cipher: str) -> None:
    endpoint = await make_endpoint(profile="sx20-tc7")
    endpoint.set_fault("no_secure_renegotiation", True)
    old = ("-tls1", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert "unsafe legacy renegotiation disabled" in await s_client(endpoint, *old)
    found = await s_client(endpoint, *old, "-legacy_server_connect")
    assert "Secure Renegotiation IS NOT supported" in found
    assert f"Cipher is {cipher}" in found
    # Python's own client, allowed to (OP_LEGACY_SERVER_CONNECT), reads the whole status.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    where = (endpoint.plan.identity.address, endpoint.https_port)
    with pytest.raises(ssl.SSLError, match="UNSAFE_LEGACY_RENEGOTIATION_DISABLED"):
        await asyncio.open_connection(*where, ssl=context)
    context.options |= 0x4
    reader, writer = await asyncio.open_connection(*where, ssl=context)
    writer.write(b"GET /status.xml HTTP/1.1\r\nAuthorization: Basic YWRtaW46cm9vbWtlZXBlcg==\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"</Status>")
    endpoint.set_fault("no_secure_renegotiation", False)
    assert "Secure Renegotiation IS supported" in await s_client(endpoint, "-tls1_2")


async def test_rubbish_at_the_old_stack(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="sx20-tc7")
    endpoint.set_fault("no_secure_renegotiation", True)
    for data in (b"GET / HTTP/1.1\r\n\r\n" + bytes(30_000), b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"):
        reader, writer = await asyncio.open_connection(endpoint.plan.identity.address, endpoint.https_port)
        writer.write(data)
        async with asyncio.timeout(5):
            assert await reader.read() == b"\x15\x03\x01\x00\x02\x02\x28"
        writer.close()
