"""The HTTP API of a virtual endpoint, asked with curl (protocol notes D)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from tests.drivers.virtual.client import command, curl, http, https, putxml, run, until, web
from tests.drivers.virtual.conftest import Make

from roomkeeper.virtual import profile

HEADERS = (
    "Content-Type: text/xml; charset=UTF-8",
    "Connection: close",
    "Server: nginx",
    "Referrer-Policy: same-origin",
    "X-Content-Type-Options: nosniff",
    "Permissions-Policy: fullscreen=(self)",
    "Strict-Transport-Security: max-age=0",
    "Cache-Control: no-store, max-age=0",
)


def body(answer: str) -> str:
    return answer.partition("\r\n\r\n")[2]


@pytest.mark.parametrize("name", [one for one in profile.names() if profile.load(one).dialect.has_http_api])
async def test_every_profile_serves_its_four_documents(make_endpoint: Make, name: str) -> None:
    endpoint = await make_endpoint(profile=name)
    one = profile.load(name)
    for path in ("status", "configuration", "command", "valuespace"):
        answer = await curl(web(endpoint, f"/{path}.xml"))
        assert answer.startswith("HTTP/1.1 200 OK\r\n")
        assert body(answer).startswith('<?xml version="1.0"?>\n')
        root = ElementTree.fromstring(body(answer))
        assert root.tag.rpartition("}")[2] == path.capitalize()
        assert root.tag.startswith("{") == (one.dialect.family == "TC")
        assert root.get("product") == one.product
        assert root.get("version") == one.version
        assert root.get("apiVersion", "") == one.dialect.api_version


async def test_headers_of_a_reply(make_endpoint: Make) -> None:
    answer = await curl(https(await make_endpoint(), "/status.xml"))
    for header in HEADERS:
        assert f"\r\n{header}\r\n" in answer


@pytest.mark.parametrize("login", [None, "admin:wrong", "nobody:roomkeeper", "admin"])
async def test_wrong_login_gets_the_401_of_a_device(make_endpoint: Make, login: str | None) -> None:
    words = ("-u", "admin:") if login == "admin" else ()
    answer = await curl(
        http(await make_endpoint(), "/status.xml"), *words, login=None if login == "admin" else login
    )
    assert answer.startswith("HTTP/1.1 401 Unauthorized\r\n")
    assert 'WWW-Authenticate: Basic realm="CISCO-Endpoint"\r\n' in answer
    assert "Content-Type: text/plain; charset=UTF-8\r\n" in answer
    assert body(answer).startswith("401 Unauthorized")


async def test_getxml_with_paths_and_predicates(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="sx10-ce9.6")

    async def get(location: str) -> str:
        return body(await curl(http(endpoint, f"/getxml?location={location}")))

    software = ElementTree.fromstring(await get("/Status/SystemUnit/Software/Version"))
    assert software.findtext("SystemUnit/Software/Version") == "ce9.6.1.4516ae5aaa1"
    assert len(list(software.iter())) == 4
    second = ElementTree.fromstring(await get("/Configuration/SIP/Proxy[@item='2']"))
    assert [one.get("item") for one in second.iter("Proxy")] == ["2"]
    many = ElementTree.fromstring(await get("//Connector[Connected='True']"))
    assert {one.findtext("Connected") for one in many.iter("Connector")} == {"True"}
    assert ElementTree.fromstring(await get("/Status")).tag == "Status"
    assert "<EmptyResult/>" in await get("/Status/Call")
    assert "<EmptyResult/>" in await get("/Nothing")
    assert "<XPathError>" in await get("/Status/Call[")


async def test_writing_settings(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    answer = await putxml(
        endpoint, "<Configuration><SystemUnit><Name>Lobby &amp; Bar</Name></SystemUnit></Configuration>"
    )
    assert answer == '<?xml version="1.0"?>\n<Configuration>\n  <Success/>\n</Configuration>'
    assert endpoint.configuration.get("SystemUnit/Name") == "Lobby & Bar"
    await putxml(endpoint, "<Configuration><SystemUnit><Name/></SystemUnit></Configuration>")
    assert endpoint.configuration.get("SystemUnit/Name") == ""


async def test_out_of_range_is_refused_and_the_rest_is_applied(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    answer = await putxml(
        endpoint,
        "<Configuration><Audio><DefaultVolume>101</DefaultVolume></Audio><SystemUnit><Name>Kept</Name></SystemUnit>"
        "<Nonsense><Here>1</Here></Nonsense><NetworkServices><SIP><Mode>Maybe</Mode></SIP></NetworkServices>"
        "</Configuration>",
    )
    root = ElementTree.fromstring(answer)
    assert root.tag == "Configuration"
    assert [one.findtext("XPath") for one in root.findall("Error")] == [
        "/Configuration/Audio/DefaultVolume",
        "/Configuration/Nonsense/Here",
        "/Configuration/NetworkServices/SIP/Mode",
    ]
    assert all(one.findtext("Reason") for one in root.findall("Error"))
    assert endpoint.configuration.get("SystemUnit/Name") == "Kept"
    assert endpoint.configuration.get("Audio/DefaultVolume") != "101"


async def test_passwords_are_never_read_back(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    await putxml(
        endpoint,
        "<Configuration><SIP><Authentication><Password>hush-hush</Password></Authentication></SIP></Configuration>",
    )
    assert endpoint.configuration.get("SIP/Authentication/Password") == "hush-hush"
    assert "hush-hush" not in await curl(http(endpoint, "/configuration.xml"))


async def test_command_result_and_action_error(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    set_volume = "<Command><Audio><Volume><Set{}><Level>{}</Level></Set></Volume></Audio></Command>"
    ok = await putxml(endpoint, set_volume.format(' command="True"', 33))
    assert ok == '<?xml version="1.0"?>\n<Command>\n  <VolumeSetResult status="OK"/>\n</Command>'
    assert endpoint.status.find("Audio/Volume") == "33"
    missing = await putxml(endpoint, set_volume.format("", 34))
    assert ElementTree.fromstring(missing).findtext("Reason") == "No action detected in document"
    unknown = await putxml(endpoint, '<Command><Fly command="True"/></Command>')
    assert ElementTree.fromstring(unknown).tag == "ActionError"
    wrong = await putxml(endpoint, set_volume.format(' command="True"', 101))
    assert wrong == '<?xml version="1.0"?>\n<Command/>'
    assert endpoint.status.find("Audio/Volume") == "33"


async def test_error_with_reason(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    answer = ElementTree.fromstring(
        await putxml(endpoint, '<Command><Call><Disconnect command="True"/></Call></Command>')
    )
    result = answer.find("CallDisconnectResult")
    assert result is not None
    assert result.get("status") == "Error"
    assert result.findtext("Reason")


async def test_several_commands_arrays_and_a_body(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    answer = ElementTree.fromstring(
        await putxml(
            endpoint,
            '<Command><Audio><Microphones><Mute command="True"/></Microphones></Audio>'
            '<HttpFeedback><Register command="True"><FeedbackSlot>1</FeedbackSlot><ServerUrl>http://127.0.0.1:9/x'
            "</ServerUrl><Expression>/Status/Call</Expression><Expression>/Event/BootEvent</Expression></Register>"
            '</HttpFeedback><Macros><Macro><Save command="True"><Name>hello</Name><body>if (1 &lt; 2) {\n  run();\n}'
            "</body></Save></Macro></Macros>"
            '<Macros><Macro><Get command="True"><Name>hello</Name><Content>True</Content></Get></Macro></Macros>'
            "</Command>",
        )
    )
    assert [one.tag for one in answer] == [
        "MicrophonesMuteResult",
        "HttpFeedbackRegisterResult",
        "MacroSaveResult",
        "MacroGetResult",
    ]
    assert answer.findtext("MacroGetResult/Macro/Content") == "if (1 < 2) {\n  run();\n}"
    assert [one.text for one in endpoint.device.slots[1].expressions] == ["/Status/Call", "/Event/BootEvent"]


async def test_large_body_is_taken_and_too_large_is_not(make_endpoint: Make, tmp_path) -> None:  # type: ignore[no-untyped-def]
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    document = tmp_path / "macro.xml"
    text = command("Macros/Macro/Save", Name="big", body="{}")
    document.write_text(text.format("x" * 7_000_000))
    answer = await curl(http(endpoint, "/putxml"), "--data-binary", f"@{document}")
    assert '<MacroSaveResult status="OK"/>' in answer
    document.write_text(text.format("x" * 9_000_000))
    answer = await curl(http(endpoint, "/putxml"), "--data-binary", f"@{document}")
    assert "HTTP/1.1 413" in answer


async def test_session_cookies(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    begun = await curl(https(endpoint, "/xmlapi/session/begin"), "-X", "POST")
    assert begun.startswith("HTTP/1.1 204")
    cookie = re.search(
        r"Set-Cookie: (SecureSessionId=[0-9a-f]+); Path=/; secure; HttpOnly; SameSite=Strict", begun
    )
    assert cookie is not None
    used = await curl(https(endpoint, "/status.xml"), "-b", cookie[1], login=None)
    assert used.startswith("HTTP/1.1 200")
    await curl(https(endpoint, "/xmlapi/session/end"), "-X", "POST", "-b", cookie[1], login=None)
    ended = await curl(https(endpoint, "/status.xml"), "-b", cookie[1], login=None)
    assert ended.startswith("HTTP/1.1 401")


async def test_sessions_are_limited(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    endpoint.configuration.set("Security/Session/MaxTotalSessions", "1")
    first = await curl(http(endpoint, "/xmlapi/session/begin"), "-X", "POST")
    second = await curl(http(endpoint, "/xmlapi/session/begin"), "-X", "POST")
    assert "Set-Cookie: SessionId=" in first
    assert second.startswith("HTTP/1.1 503")


async def test_roomos_26_locks_out_after_five_wrong_passwords(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-bar-roomos26")
    for _ in range(5):
        await curl(https(endpoint, "/status.xml"), login="admin:wrong")
    assert (await curl(https(endpoint, "/status.xml"))).startswith("HTTP/1.1 401")


async def test_user_without_admin_role_sees_but_does_not_write(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    await putxml(
        endpoint,
        command("UserManagement/User/Add", Username="guest", Passphrase="guest1234", Role="User"),
    )
    assert "200 OK" in await curl(http(endpoint, "/status.xml"), login="guest:guest1234")
    document = "<Configuration><SystemUnit><Name>no</Name></SystemUnit></Configuration>"
    assert "403" in await curl(http(endpoint, "/putxml"), "-d", document, login="guest:guest1234")
    boot = command("HttpFeedback/Deregister", FeedbackSlot="1")
    assert 'status="Error"' in await putxml(endpoint, boot, login="guest:guest1234")


async def test_tc_differs(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="sx20-tc7")
    form = "<Configuration><SystemUnit><Name>Old room</Name></SystemUnit></Configuration>"
    answer = await curl(http(endpoint, "/formputxml"), "-G", "--data-urlencode", f"xmldoc={form}")
    assert "<Success/>" in answer
    assert endpoint.configuration.get("SystemUnit/Name") == "Old room"
    assert (await curl(http(endpoint, "/xmlapi/session/begin"), "-X", "POST")).startswith("HTTP/1.1 302")
    with_format = (
        '<Command><HttpFeedback><Register command="True"><FeedbackSlot>3</FeedbackSlot><ServerUrl>http://127.0.0.1:9/x'
        "</ServerUrl><Format>XML</Format></Register></HttpFeedback></Command>"
    )
    assert (await putxml(endpoint, with_format)).endswith("<Command/>")
    assert "FeedbackSlot" in await putxml(endpoint, with_format.replace("<Format>XML</Format>", ""))
    status = await curl(http(endpoint, "/status.xml"))
    assert "<Format>" not in status
    assert '<Active item="1">Off</Active>' in status
    assert "No action detected" in await putxml(endpoint, command("SystemUnit/Boot"))
    assert (await putxml(endpoint, command("Boot", Action="Restart"))).endswith("<Command/>")
    new = command("SystemUnit/AdminPassword/Set", Password="new-one")
    assert '<AdminPasswordSetResult status="OK"/>' in await putxml(endpoint, new)
    assert (await curl(http(endpoint, "/status.xml"))).startswith("HTTP/1.1 401")
    assert (await curl(http(endpoint, "/status.xml"), login="admin:new-one")).startswith("HTTP/1.1 200")


async def test_bookings_are_replaced_and_listed(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    booking = (
        '<Bookings item="1" status="OK"><Booking item="1"><Id item="1">101</Id><Title item="1">Board</Title>'
        '<Time item="1"><StartTime item="1">2026-01-05T09:00:00Z</StartTime></Time></Booking></Bookings>'
    )
    assert "200 OK" in await curl(
        http(endpoint, "/bookingsputxml"), "-H", "Content-Type: text/plain", "-d", booking
    )
    listed = ElementTree.fromstring(
        await putxml(endpoint, '<Command><Bookings><List command="True"/></Bookings></Command>')
    )
    assert listed.findtext("BookingsListResult/Booking/Time/StartTime") == "2026-01-05T09:00:00Z"
    assert listed.findtext("BookingsListResult/ResultInfo/TotalRows") == "1"


async def test_http_mode_opens_and_closes_the_listeners(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    url = http(endpoint, "/status.xml")
    assert "200 OK" in await curl(url)
    endpoint.configuration.set("NetworkServices/HTTP/Mode", "HTTPS")
    await until(lambda: endpoint.http_port is None and endpoint.https_port is not None)
    assert "curl failed 7" in await curl(url)
    assert "200 OK" in await curl(https(endpoint, "/status.xml"))


async def test_garbage_gets_400_and_the_endpoint_lives(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    address = endpoint.plan.identity.address
    code, out, _ = await run(
        "curl",
        "-s",
        "--max-time",
        "5",
        "--http0.9",
        f"telnet://{address}:{endpoint.http_port}",
        stdin=b"garbage\r\n\r\n",
    )
    assert code == 0
    assert out.startswith("HTTP/1.1 400")
    assert (await putxml(endpoint, "this is not xml")).endswith("</ActionError>")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><Configuration><SystemUnit><Name>&a;</Name></SystemUnit></Configuration>'
    assert (await putxml(endpoint, bomb)).endswith("</ActionError>")
    assert "200 OK" in await curl(http(endpoint, "/status.xml"))
    assert "404" in await curl(http(endpoint, "/nothing"))
    assert "405" in await curl(http(endpoint, "/putxml"))
