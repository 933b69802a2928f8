"""Every fault switch, seen by an independent client: curl, openssl s_client, a raw socket."""

from __future__ import annotations

import asyncio
import time
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.drivers.virtual.client import command, curl, http, https, putxml, run, until_answer
from tests.drivers.virtual.conftest import Make, StandInManager

from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.faults import BadFault, Faults


def switch(endpoint: VirtualEndpoint, name: str, value: object = True) -> None:
    endpoint.set_fault(name, value)


async def s_client(endpoint: VirtualEndpoint, *options: str) -> str:
    where = f"{endpoint.plan.identity.address}:{endpoint.https_port}"
    _, out, errors = await run("openssl", "s_client", "-connect", where, *options, stdin=b"")
    return out + errors


async def fingerprint(endpoint: VirtualEndpoint) -> str:
    shown = await s_client(endpoint, "-showcerts")
    _, out, _ = await run("openssl", "x509", "-noout", "-pubkey", stdin=shown.encode())
    assert "BEGIN PUBLIC KEY" in out
    return out


async def described(endpoint: VirtualEndpoint) -> str:
    shown = await s_client(endpoint, "-showcerts")
    _, out, _ = await run(
        "openssl", "x509", "-noout", "-subject", "-dates", "-ext", "subjectAltName", stdin=shown.encode()
    )
    return out


async def test_slow(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "slow_seconds", 0.4)
    began = time.monotonic()
    assert "200 OK" in await curl(http(endpoint, "/status.xml"))
    assert time.monotonic() - began >= 0.4
    assert "curl failed 28" in await curl(http(endpoint, "/status.xml"), "--max-time", "0.2")


async def test_drip(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "drip_seconds", 0.01)
    reader, writer = await asyncio.open_connection(endpoint.plan.identity.address, endpoint.http_port)
    writer.write(b"GET /status.xml HTTP/1.1\r\n\r\n")
    pieces = [await reader.read(100) for _ in range(5)]
    assert b"".join(pieces) in b"HTTP/1.1 401 Unauthorized"
    assert max(len(piece) for piece in pieces) <= 3
    writer.close()


async def test_half_xml(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "half_xml")
    answer = await curl(http(endpoint, "/status.xml"))
    assert "curl failed 18" in answer
    assert "<Status" in answer
    assert "apiVersion" in answer
    assert "<SystemUnit>" not in answer


async def test_control_bytes(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "control_bytes")
    answer = await curl(http(endpoint, "/status.xml"))
    assert "\x01\x02\x05" in answer
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(answer.partition("\r\n\r\n")[2])


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("wrong-name", "somebody.example.org"),
        ("expired", "notAfter=Jan  1 00:00:00 2020"),
        ("other", "FTT00000000"),
    ],
)
async def test_certificate(make_endpoint: Make, kind: str, seen: str) -> None:
    endpoint = await make_endpoint()
    before = await described(endpoint)
    assert "FTT25010001" in before
    assert "IP Address:127.1.77.1" in before
    assert seen not in before
    switch(endpoint, "certificate", kind)
    assert seen in await described(endpoint)


async def test_key_changed(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    before = await fingerprint(endpoint)
    assert before == await fingerprint(endpoint)
    switch(endpoint, "key_changed")
    assert before != await fingerprint(endpoint)
    switch(endpoint, "key_changed", False)
    assert before == await fingerprint(endpoint)


async def test_tls_1_0_only(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "tls_1_0_only")
    assert "curl failed 35" in await curl(https(endpoint, "/status.xml"))
    answer = await s_client(endpoint, "-tls1", "-cipher", "ALL:@SECLEVEL=0")
    assert "Protocol  : TLSv1\n" in answer or "New, TLSv1.0" in answer


async def test_logins_refused_after_some(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "refuse_logins_after", 2)
    codes = [(await curl(http(endpoint, "/status.xml"))).split(" ")[1] for _ in range(3)]
    assert codes == ["200", "200", "401"]


async def test_locked_out(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "locked_out")
    assert "401" in await curl(http(endpoint, "/status.xml"))
    switch(endpoint, "locked_out", False)
    assert "200 OK" in await curl(http(endpoint, "/status.xml"))


async def test_sign_in_page(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "sign_in_page")
    answer = await curl(http(endpoint, "/status.xml"))
    assert answer.startswith("HTTP/1.1 200")
    assert "Content-Type: text/html" in answer
    assert "<?xml" not in answer


async def test_restart_in_mid_request(make_endpoint: Make, manager: StandInManager) -> None:
    endpoint = await make_endpoint(manager=manager.url)
    await manager.wait_for(lambda one: one.event == "Register")
    switch(endpoint, "restart_in_mid_request")
    assert "curl failed 18" in await curl(http(endpoint, "/status.xml"))
    await manager.wait_for(lambda one: manager.events().count("Boot") == 2)
    assert "200 OK" in await curl(http(endpoint, "/status.xml"))


async def test_no_admin_rights(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "no_admin_rights")
    assert "200 OK" in await curl(http(endpoint, "/status.xml"))
    document = "<Configuration><SystemUnit><Name>x</Name></SystemUnit></Configuration>"
    assert "HTTP/1.1 403" in await curl(http(endpoint, "/putxml"), "-d", document)


UPGRADE = command("SystemUnit/SoftwareUpgrade", URL="{}/x.pkg")


async def test_strong_security_refuses_upgrades(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "strong_security")
    assert 'SoftwareUpgradeResult status="Error"' in await putxml(
        endpoint, UPGRADE.format("http://127.0.0.1:9")
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [("is_disk_full", "space left"), ("is_checksum_wrong", "Checksum of the package is wrong")],
)
async def test_upgrades_that_fail(
    make_endpoint: Make, manager: StandInManager, fault: str, words: str
) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, fault)
    assert 'status="OK"' in await putxml(endpoint, UPGRADE.format(manager.url))
    url = http(endpoint, "/getxml?location=/Status/Provisioning/Software/UpgradeStatus")
    answer = await until_answer(words, lambda: curl(url))
    assert "<Status>InProgress</Status>" not in answer
    assert endpoint.device.version == endpoint.profile.version


async def test_feedback_stopped(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    endpoint.device.register_feedback(3, "http://127.0.0.1:9/x", ["/Status/Call"], "XML")
    switch(endpoint, "feedback_stopped")
    assert "<Status>Failed</Status>" in await curl(http(endpoint, "/getxml?location=/Status/HttpFeedback"))


async def test_manager_address_elsewhere(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "manager_address", "elsewhere.example.org")
    answer = await curl(
        http(endpoint, "/getxml?location=/Configuration/Provisioning/ExternalManager/Address")
    )
    assert ">elsewhere.example.org</Address>" in answer


async def test_value_silently_kept(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    switch(endpoint, "keeps_value", "SystemUnit Name")
    document = "<Configuration><SystemUnit><Name>never</Name></SystemUnit></Configuration>"
    assert "<Success/>" in await putxml(endpoint, document)
    assert "never" not in await curl(http(endpoint, "/configuration.xml"))


async def test_never_comes_back(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    url = http(endpoint, "/status.xml")
    switch(endpoint, "never_comes_back")
    await putxml(endpoint, '<Command><SystemUnit><Boot command="True"/></SystemUnit></Command>')
    await until_answer("curl failed 7", lambda: curl(url))
    assert not endpoint.is_up


async def test_source_rewritten(make_endpoint: Make, manager: StandInManager) -> None:
    endpoint = await make_endpoint(manager=manager.url)
    await manager.wait_for(lambda one: one.event == "Register")
    switch(endpoint, "source_address", "127.9.9.9")
    endpoint.manager.post_soon()
    beat = await manager.wait_for(lambda one: one.event == "Beat")
    assert beat.source == "127.9.9.9"
    assert beat.text("IPAddress") == "127.1.77.1"


def test_switches_that_do_not_exist_are_refused() -> None:
    with pytest.raises(BadFault, match="no fault 'gremlins'"):
        Faults().change("gremlins", True)
    with pytest.raises(BadFault, match="takes a float"):
        Faults().change("slow_seconds", "soon")


def test_every_switch_has_a_test() -> None:
    files = (Path(__file__), Path(__file__).with_name("test_faults_of_answers.py"))
    source = "".join(one.read_text(encoding="utf-8") for one in files)
    assert [one.name for one in fields(Faults) if f'"{one.name}"' not in source] == []
