"""What RoomOS 26 does otherwise, seen by curl and a stand-in manager (protocol notes P)."""

from __future__ import annotations

import asyncio
import base64
from xml.etree import ElementTree

import pytest
from tests.drivers.virtual.client import command, curl, http, https, putxml, until
from tests.drivers.virtual.conftest import Make, StandInManager

from roomkeeper.virtual.clock import ManualClock
from roomkeeper.virtual.http_api import HttpApi
from roomkeeper.virtual.http_server import HttpRequest, Response

BAR = "room-bar-roomos26"
LOGIN = "Basic " + base64.b64encode(b"admin:roomkeeper").decode()


# Services


async def test_ships_with_https_alone(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile=BAR)
    assert endpoint.configuration.get("NetworkServices/HTTP/Mode") == "HTTPS"
    assert endpoint.http_port is None
    assert "200 OK" in await curl(https(endpoint, "/status.xml"))
    numbers = {"address": "127.1.77.2", "serial": "FTT25010002", "mac": "02:00:00:00:00:02"}
    other = await make_endpoint(profile=BAR, http_mode="HTTP+HTTPS", **numbers)
    assert "200 OK" in await curl(http(other, "/status.xml"))


async def test_posts_only_by_what_is_on(make_endpoint: Make, manager: StandInManager) -> None:
    endpoint = await make_endpoint(profile=BAR, manager=manager.url)
    await until(lambda: endpoint.status.find("Provisioning/Status") == "Failed")
    assert manager.events() == []
    assert "not enabled in NetworkServices HTTP Mode" in endpoint.status.find("Provisioning/Reason")
    assert "not enabled" in endpoint.manager.posts[-1].problem
    endpoint.configuration.set("NetworkServices/HTTP/Mode", "HTTP+HTTPS")
    await manager.wait_for(lambda one: one.event == "Boot")
    await until(lambda: endpoint.status.find("Provisioning/Status") == "Provisioned")
    assert endpoint.status.find("Provisioning/Reason") == ""
    assert endpoint.status.find("Provisioning/Server") == manager.url.removeprefix("http://")


# The rate


def ask(*, cookie: str = "") -> HttpRequest:
    headers = {"cookie": cookie} if cookie else {"authorization": LOGIN}
    return HttpRequest("GET", "/getxml", {"location": "/Status/Standby"}, headers, b"", True, "127.0.0.1")


async def answers(api: HttpApi, request: HttpRequest, number: int) -> list[int]:
    """The codes of so many requests at once."""
    found = await asyncio.gather(*(api.handle(request) for _ in range(number)))
    return [one.status for one in found if isinstance(one, Response)]


@pytest.mark.parametrize(("with_cookie", "rate", "room"), [(False, 1, 30), (True, 15, 90)])
async def test_rate_of_requests(make_endpoint: Make, with_cookie: bool, rate: int, room: int) -> None:
    clock = ManualClock()
    endpoint = await make_endpoint(profile=BAR, clock=clock)
    session = endpoint.logins.begin(endpoint.device.users["admin"], is_tls=True)
    assert session is not None
    request = ask(cookie=f"SecureSessionId={session.id}" if with_cookie else "")
    async with asyncio.timeout(10):
        many = asyncio.create_task(answers(endpoint.api, request, room + 6))
        while len(clock.pending()) < room:
            await asyncio.sleep(0)
        clock.advance(room / rate - 0.01)
        while len(clock.pending()) > 1:
            await asyncio.sleep(0)
        assert not many.done()
        clock.advance(0.02)
        found = await many
    assert sorted(found) == [200] * (room + 1) + [503] * 5
    # The next one finds an empty queue once a request's time has passed.
    clock.advance(1 / rate)
    assert await answers(endpoint.api, request, 1) == [200]


async def test_a_client_in_a_hurry_gets_503(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile=BAR)
    waiting = [asyncio.create_task(endpoint.api.handle(ask())) for _ in range(60)]
    answer = await curl(https(endpoint, "/getxml?location=/Status/Standby"))
    assert answer.startswith("HTTP/1.1 503 Service Temporarily Unavailable")
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_roomos_11_has_the_rate_too(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos11")
    assert endpoint.is_rate_limited
    assert not endpoint.device.needs_first_passphrase
    endpoint.device.out_of_the_box("admin")
    assert endpoint.device.needs_first_passphrase


async def test_older_releases_have_no_rate(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    assert await answers(endpoint.api, ask(), 40) == [200] * 40
    endpoint.device.change_version("ce11.20.1.7.913a6c7c769")
    assert endpoint.is_rate_limited
    numbers = {"address": "127.1.77.2", "serial": "FTT25010002", "mac": "02:00:00:00:00:02"}
    free = await make_endpoint(profile=BAR, is_rate_limited=False, **numbers)
    assert await answers(free.api, ask(), 40) == [200] * 40


# Out of the box


async def test_nobody_is_let_in_before_the_first_passphrase(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile=BAR, is_factory_new=True)
    where = https(endpoint, "/status.xml")
    assert "401 Unauthorized" in await curl(where, login="admin:roomkeeper")
    assert "401 Unauthorized" in await curl(where, "-u", "admin:", login=None)
    name = "<Configuration><SystemUnit><Name>x</Name></SystemUnit></Configuration>"
    empty = ("-u", "admin:")
    assert await putxml(endpoint, name, *empty, login=None) == "401 Unauthorized\n"
    begin = await curl(https(endpoint, "/xmlapi/session/begin"), "-X", "POST", *empty, login=None)
    assert "401 Unauthorized" in begin
    change = command("UserManagement/User/Passphrase/Set", Username="admin", NewPassphrase="first & only")
    done = await putxml(endpoint, change.replace("&", "&amp;"), *empty, login=None)
    assert '<PassphraseSetResult status="OK"/>' in done
    assert "200 OK" in await curl(where, login="admin:first & only")
    assert "401 Unauthorized" in await curl(where, *empty, login=None)


async def test_factory_reset_leaves_no_passphrase(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile=BAR)
    await putxml(endpoint, command("SystemUnit/FactoryReset", Confirm="Yes", TrailingAction="NoAction"))
    assert endpoint.device.needs_first_passphrase
    assert "401 Unauthorized" in await curl(https(endpoint, "/status.xml"))
    numbers = {"address": "127.1.77.2", "serial": "FTT25010002", "mac": "02:00:00:00:00:02"}
    older = await make_endpoint(profile="sx10-ce9.6", is_factory_new=True, **numbers)
    assert "200 OK" in await curl(https(older, "/status.xml"), "-u", "admin:", login=None)


# Modes


async def test_teams_room(make_endpoint: Make, manager: StandInManager) -> None:
    endpoint = await make_endpoint(profile="room-bar-teams26")
    endpoint.device.register_feedback(3, f"{manager.url}/feedback", ["/Status", "/Event"], "XML")
    put = '<Command><Bookings><Put command="True"><body>x</body></Put></Bookings></Command>'
    assert 'PutResult status="Error"' in await putxml(endpoint, put)
    assert "Put" in await curl(https(endpoint, "/command.xml"))
    assert "<CallId>" in await putxml(endpoint, command("Dial", Number="meet@example.org"))
    await until(lambda: endpoint.status.find("MicrosoftTeams/Calling/InCall") == "True")
    document = (await curl(https(endpoint, "/status.xml"))).partition("\r\n\r\n")[2]
    root = ElementTree.fromstring(document)
    assert root.find("Call") is None
    assert root.findtext("SystemUnit/State/NumberOfActiveCalls") == "0"
    assert root.findtext("MicrosoftTeams/Calling/InCall") == "True"
    await putxml(endpoint, command("Call/Disconnect"))
    await until(lambda: endpoint.status.find("MicrosoftTeams/Calling/InCall") == "False")
    await manager.wait_for(lambda one: b"<InCall>False</InCall>" in one.body)
    told = [one.root for one in manager.received if b"<InCall>" in one.body]
    assert [one.findtext("MicrosoftTeams/Calling/InCall") for one in told] == ["True", "False"]
    assert not [one for one in manager.received if one.root.tag == "Event"]


async def test_room_navigator_alone(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-navigator-roomos26", manager="http://127.0.0.1:9")
    tree = ElementTree.fromstring(
        (await curl(https(endpoint, "/configuration.xml"))).partition("\r\n\r\n")[2]
    )
    for path in ("Provisioning/ExternalManager", "Phonebook", "NetworkServices/SNMP", "SIP", "H323"):
        assert tree.find(path) is None
    refused = "<Configuration><Provisioning><Mode>TMS</Mode></Provisioning></Configuration>"
    assert "<Error" in await putxml(endpoint, refused)
    assert "No action detected" in await putxml(endpoint, command("Dial", Number="x"))
    assert "OK" in await putxml(endpoint, command("UserInterface/Message/Alert/Display", Text="x"))
    await until(lambda: endpoint.status.find("Provisioning/Status") == "NeedConfig")
    assert endpoint.manager.posts_count == 0


@pytest.mark.parametrize(
    ("profile", "most"), [(BAR, 50), ("room-kit-roomos11", 15), ("room-kit-roomos10", 15)]
)
async def test_expressions_of_a_slot(make_endpoint: Make, profile: str, most: int) -> None:
    endpoint = await make_endpoint(profile=profile)
    register = (
        '<Command><HttpFeedback><Register command="True"><FeedbackSlot>3</FeedbackSlot><ServerUrl>http://127.0.0.1:9/'
        "</ServerUrl>{}</Register></HttpFeedback></Command>"
    )
    ones = [f"<Expression>/Status/X{number}</Expression>" for number in range(most + 1)]
    assert "OK" in await putxml(endpoint, register.format("".join(ones[:most])))
    assert len(endpoint.device.slots[3].expressions) == most
    assert (await putxml(endpoint, register.format("".join(ones)))).endswith("<Command/>")


async def test_platform_of_the_second_generation(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-pro-g2-roomos26")
    assert "<Name>s53600</Name>" in await curl(https(endpoint, "/getxml?location=/Status/SystemUnit"))
    assert endpoint.profile.origin == "composed"
