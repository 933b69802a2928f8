"""A virtual endpoint and its manager: posts, and obeying the answers (protocol notes A, B)."""

from __future__ import annotations

from datetime import timedelta

from tests.drivers.virtual.client import curl, http, https, putxml, until
from tests.drivers.virtual.conftest import Make, StandInManager

from roomkeeper.virtual.clock import ManualClock


async def test_posts_boot_then_register_from_its_own_address(
    manager: StandInManager, make_endpoint: Make
) -> None:
    await make_endpoint(
        manager=manager.url, address="127.2.77.1", reported_address="10.2.77.1", mode="public"
    )
    register = await manager.wait_for(lambda one: one.event == "Register")

    assert manager.events() == ["Boot", "Register"]
    assert register.path == "/tms/public/external/management/SystemManagementService.asmx"
    assert register.source == "127.2.77.1"
    assert register.text("IPAddress") == "10.2.77.1"
    assert register.text("MACAddress") == "02:00:00:00:00:01"
    assert register.text("SerialNumber") == "FTT25010001"
    assert register.text("ProductID") == "Cisco Codec"
    assert register.headers["SOAPAction"].endswith('/PostEvent"')


async def test_identification_members_stand_in_the_printed_order(
    manager: StandInManager, make_endpoint: Make
) -> None:
    await make_endpoint(manager=manager.url)
    boot = await manager.wait_for(lambda one: one.event == "Boot")
    identification = next(one for one in boot.root.iter() if one.tag.endswith("}Identification"))
    names = [one.tag.rpartition("}")[2] for one in identification]
    assert names == [
        "SystemName",
        "MACAddress",
        "IPAddress",
        "ProductType",
        "ProductID",
        "SWVersion",
        "HWBoard",
        "SerialNumber",
    ]


async def test_obeys_settings_and_moves_to_the_secret_path(
    manager: StandInManager, make_endpoint: Make
) -> None:
    manager.heartbeat = 1
    manager.orders = [
        (
            '<Configuration><Configuration xmlns="http://www.tandberg.com/XML/CUIL/2.0"><SystemUnit>'
            "<Name>Home Office</Name></SystemUnit><Provisioning><HttpMethod>POST</HttpMethod>"
            "<ExternalManager><Path>secret/abc</Path>"
            "</ExternalManager></Provisioning></Configuration></Configuration>"
        )
    ]
    endpoint = await make_endpoint(manager=manager.url)
    beat = await manager.wait_for(lambda one: one.event == "Beat")

    assert beat.path == "/secret/abc"
    assert beat.text("SystemName") == "Home Office"
    assert endpoint.configuration.get("SystemUnit/Name") == "Home Office"
    assert endpoint.status.find("UserInterface/ContactInfo/Name") == "Home Office"


async def test_settings_without_namespace_and_refused_values(
    manager: StandInManager, make_endpoint: Make
) -> None:
    manager.orders = [
        (
            '<Configuration><Configuration internal="true"><Audio><DefaultVolume>200</DefaultVolume></Audio>'
            '<SIP><Proxy item="2"><Address>proxy.example.org</Address></Proxy></SIP></Configuration></Configuration>'
            "<DocumentsToPost><DocumentToPost><Location>/Configuration</Location>"
            f"<URL>{manager.url}/doc</URL></DocumentToPost></DocumentsToPost>"
        )
    ]
    endpoint = await make_endpoint(manager=manager.url)
    document = await manager.wait_for(lambda one: one.path == "/doc")

    assert endpoint.configuration.get("SIP/Proxy[2]/Address") == "proxy.example.org"
    assert (
        endpoint.configuration.get("Audio/DefaultVolume") == "25"
        or endpoint.profile.name != "room-kit-roomos10"
    )
    posted = document.root
    assert posted.tag == "PostedDocument"
    assert [one.tag for one in posted] == ["Identification", "Location", "Configuration"]
    assert posted.findtext("Location") == "/Configuration"
    proxy = posted.find("Configuration/SIP/Proxy[@item='2']")
    assert proxy is not None
    assert proxy.get("maxOccurrence") == "4"
    assert posted.findtext("Configuration/SIP/Authentication/Password") == "***"


async def test_document_that_is_not_taken_is_posted_again(
    manager: StandInManager, make_endpoint: Make
) -> None:
    refusals = [500]
    manager.heartbeat = 1
    manager.status = lambda request: refusals.pop() if request.path == "/doc" and refusals else 200
    manager.orders = [
        (
            f"<DocumentsToPost><DocumentToPost><Location>/Status</Location><URL>{manager.url}/doc</URL></DocumentToPost>"
            "</DocumentsToPost>"
        )
    ]
    await make_endpoint(manager=manager.url)
    await manager.wait_for(lambda one: sum(r.path == "/doc" for r in manager.received) == 2)
    assert manager.events()[-1] == "Beat"


async def test_command_in_an_answer_registers_feedback(manager: StandInManager, make_endpoint: Make) -> None:
    manager.orders = [
        (
            '<Command><Command xmlns=""><HttpFeedback><Register command="True"><FeedbackSlot>3</FeedbackSlot>'
            f"<ServerUrl>{manager.url}/feedback</ServerUrl>"
            '<Expression item="1">/Configuration/SystemUnit/Name</Expression>'
            '<Expression item="2">/Event/BootEvent</Expression></Register></HttpFeedback></Command></Command>'
        )
    ]
    endpoint = await make_endpoint(manager=manager.url)
    await manager.wait_for(lambda one: one.event == "Register")
    answer = await curl(http(endpoint, "/getxml?location=/Status/HttpFeedback"))
    assert '<HttpFeedback item="3" maxOccurrence="n">' in answer
    assert "<Status>OK</Status>" in answer

    endpoint.configuration.set("SystemUnit/Name", "Renamed")
    change = await manager.wait_for(lambda one: one.path == "/feedback")
    assert change.root.tag == "Configuration"
    assert change.root.findtext("SystemUnit/Name") == "Renamed"
    assert change.root[0].tag == "Identification"

    await putxml(endpoint, '<Command><SystemUnit><Boot command="True"/></SystemUnit></Command>')
    event = await manager.wait_for(lambda one: b"BootEvent" in one.body)
    assert event.root.findtext("BootEvent/Action") == "Restart"
    await manager.wait_for(lambda one: manager.events().count("Boot") == 2)


async def test_heartbeat_follows_the_last_answer_and_failures_double(
    manager: StandInManager, make_endpoint: Make
) -> None:
    clock = ManualClock()
    manager.heartbeat = 300
    endpoint = await make_endpoint(manager=manager.url, clock=clock, heartbeat_seconds=900.0)
    await manager.wait_for(lambda one: one.event == "Register")
    # It sleeps, not only says until when: the clock must not be moved before.
    await until(lambda: endpoint.manager.next_post_at is not None and clock.pending())
    assert endpoint.manager.next_post_at - clock.now() == timedelta(seconds=300)

    manager.status = lambda request: 503
    waits = []
    for count in range(endpoint.manager.posts_count + 1, endpoint.manager.posts_count + 6):
        clock.advance(clock.pending()[0])
        await until(lambda count=count: endpoint.manager.posts_count == count and clock.pending())
        waits.append((endpoint.manager.next_post_at - clock.now()).total_seconds())
    assert waits == [60, 120, 240, 300, 300]
    assert endpoint.status.find("Provisioning/Status") == "Failed"
    answer = await curl(http(endpoint, "/getxml?location=/Status/Diagnostics"))
    assert "<Type>ProvisioningStatus</Type>" in answer
    assert "status=Failed&amp;host=127.0.0.1" in answer


async def test_unreachable_manager_is_told_in_the_words_of_a_device(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(manager="http://127.0.0.1:9", heartbeat_seconds=900.0)
    await until(lambda: endpoint.status.find("Provisioning/Status") == "Failed")
    assert endpoint.manager.posts[0].problem == "Couldn't connect to server"


async def test_behind_firewall_listens_nowhere(manager: StandInManager, make_endpoint: Make) -> None:
    endpoint = await make_endpoint(
        manager=manager.url, mode="behind-firewall", address="127.3.77.1", reported_address="192.168.77.1"
    )
    boot = await manager.wait_for(lambda one: one.event == "Boot")
    assert boot.source == "127.3.77.1"
    assert boot.text("IPAddress") == "192.168.77.1"
    assert (endpoint.http_port, endpoint.https_port) == (None, None)


async def test_secure_listens_on_https_only(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(is_secure=True, manager="https://127.0.0.1:9")
    assert endpoint.http_port is None
    assert endpoint.configuration.get("Provisioning/ExternalManager/Protocol") == "HTTPS"
    answer = await curl(https(endpoint, "/status.xml"))
    assert answer.startswith("HTTP/1.1 200")


async def test_manager_changed_by_hand_is_called_soon(manager: StandInManager, make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    assert endpoint.status.find("Provisioning/Status") == "NeedConfig"
    host = manager.url.removeprefix("http://")
    answer = await putxml(
        endpoint,
        f"<Configuration><Provisioning><ExternalManager><Address>{host}</Address><Path>/tms/x</Path>"
        "</ExternalManager><Mode>TMS</Mode></Provisioning></Configuration>",
    )
    assert "<Success/>" in answer
    post = await manager.wait_for(lambda one: one.event == "Register")
    assert post.path == "/tms/x"


async def test_software_offered_in_an_answer_is_installed(
    manager: StandInManager, make_endpoint: Make
) -> None:
    manager.orders = [
        (
            f"<Software><SessionId>s1</SessionId><Package><VersionId>ce11.20.1.7 913a6c7c769 2024-11-01</VersionId>"
            f"<URL>{manager.url}/package.pkg</URL></Package><Feedback><URL>{manager.url}/progress</URL></Feedback></Software>"
        )
    ]
    endpoint = await make_endpoint(manager=manager.url, profile="room-kit-roomos10")
    await manager.wait_for(
        lambda one: one.text("SWVersion") == "ce11.20.1.7.913a6c7c769" and one.event == "Boot"
    )
    phases = [one.root.findtext("UpgradeStatus/Phase") for one in manager.received if one.path == "/progress"]
    assert phases == [
        "DownloadPending",
        "Downloading",
        "DownloadDone",
        "AboutToInstallUpgrade",
        "Installing",
    ]
    assert endpoint.status.find("Provisioning/Software/UpgradeStatus/Status") == "Succeeded"
    assert endpoint.status.find("Provisioning/Software/Current/URL") == f"{manager.url}/package.pkg"
