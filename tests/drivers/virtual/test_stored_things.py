"""Passwords, certificates, upgrades and the phone book of a virtual endpoint (protocol notes F, G, J)."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from tests.drivers.virtual.client import command, curl, http, putxml, run, until
from tests.drivers.virtual.conftest import Make, StandInManager

from roomkeeper.virtual import tls
from roomkeeper.virtual.endpoint import VirtualEndpoint

NODE = "Provisioning/Software/UpgradeStatus"


async def test_passphrase_set_changes_the_login(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    change = command(
        "UserManagement/User/Passphrase/Set", Username="admin", NewPassphrase="fresh", YourPassphrase="x"
    )
    assert '<PassphraseSetResult status="OK"/>' in await putxml(endpoint, change)
    assert "401" in await curl(http(endpoint, "/status.xml"))
    assert "200" in await curl(http(endpoint, "/status.xml"), login="admin:fresh")


async def test_own_passphrase_is_checked_where_asked(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    endpoint.skips_own_password = False
    change = command(
        "UserManagement/User/Passphrase/Set", Username="admin", NewPassphrase="fresh", YourPassphrase="x"
    )
    assert 'status="Error"' in await putxml(endpoint, change)
    right = change.replace(">x<", ">roomkeeper<")
    assert 'status="OK"' in await putxml(endpoint, right)


async def test_last_administrator_stays(make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    assert 'status="Error"' in await putxml(endpoint, command("UserManagement/User/Delete", Username="admin"))
    users = ElementTree.fromstring(await putxml(endpoint, command("UserManagement/User/List")))
    assert users.findtext("UserListResult/User/Username") == "admin"


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, Path]:
    """A server certificate for 127.0.0.1, made by openssl; it is its own authority."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                key,
                "-out",
                certificate,
            ),
            *("-days", "2", "-subj", "/CN=manager", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


@pytest.fixture
async def tls_manager(authority: tuple[Path, Path]) -> AsyncIterator[StandInManager]:
    stand_in = StandInManager()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", stand_in.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1], authority[0])
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    stand_in.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield stand_in
    await runner.cleanup()


async def test_ca_store_decides_whether_the_manager_is_trusted(
    tls_manager: StandInManager, authority: tuple[Path, Path], make_endpoint: Make
) -> None:
    endpoint: VirtualEndpoint = await make_endpoint(profile="dx80-ce9.15", manager=tls_manager.url)
    await until(lambda: endpoint.status.find("Provisioning/Status") == "Failed")
    assert "SSL certificate problem" in endpoint.manager.posts[-1].problem
    assert tls_manager.received == []

    add = command("Security/Certificates/CA/Add", body=authority[1].read_text())
    assert '<CAAddResult status="OK"/>' in await putxml(endpoint, add)
    again = ElementTree.fromstring(await putxml(endpoint, add))
    assert again.findtext("CAAddResult/Reason") == "Certificate already exists"
    endpoint.manager.post_soon("Boot")
    await tls_manager.wait_for(lambda one: one.event == "Boot")
    await until(lambda: endpoint.status.find("Provisioning/Status") == "Provisioned")

    shown = ElementTree.fromstring(await putxml(endpoint, command("Security/Certificates/CA/Show")))
    fingerprint = shown.findtext("CAShowResult/Details/Fingerprint") or ""
    assert 'status="OK"' in await putxml(
        endpoint, command("Security/Certificates/CA/Delete", Fingerprint=fingerprint)
    )
    endpoint.manager.post_soon()
    await until(lambda: endpoint.status.find("Provisioning/Status") == "Failed")


async def test_verification_off_trusts_anybody(tls_manager: StandInManager, make_endpoint: Make) -> None:
    await make_endpoint(profile="dx80-ce9.15", manager=tls_manager.url, is_verifying=False)
    await tls_manager.wait_for(lambda one: one.event == "Register")


async def test_activated_service_certificate_is_shown(
    authority: tuple[Path, Path], make_endpoint: Make
) -> None:
    endpoint = await make_endpoint()
    both = escape(authority[0].read_text() + authority[1].read_text())
    assert 'status="OK"' in await putxml(endpoint, command("Security/Certificates/Services/Add", body=both))
    fingerprint = tls.fingerprint(authority[1].read_text())
    activate = command("Security/Certificates/Services/Activate", Fingerprint=fingerprint, Purpose="HTTPS")
    assert '<ServicesActivateResult status="OK"/>' in await putxml(endpoint, activate)
    where = f"{endpoint.plan.identity.address}:{endpoint.https_port}"
    _, shown, _ = await run("openssl", "s_client", "-connect", where, stdin=b"")
    assert "CN = manager" in shown or "CN=manager" in shown


async def test_unforced_upgrade_waits_and_the_user_postpones(
    manager: StandInManager, make_endpoint: Make
) -> None:
    endpoint = await make_endpoint()
    upgrade = command("SystemUnit/SoftwareUpgrade", URL=f"{manager.url}/x.pkg", Forced="False")
    assert 'status="OK"' in await putxml(endpoint, upgrade)
    await until(lambda: endpoint.status.find(f"{NODE}/Phase") == "DownloadDone")
    assert 'status="OK"' in await putxml(
        endpoint, command("Provisioning/PostponeUpgrade", SecondsToPostpone="3600")
    )
    assert endpoint.status.find(f"{NODE}/Phase") == "Postponed"
    assert endpoint.device.version == "ce9.6.1.4516ae5aaa1"
    assert 'status="OK"' in await putxml(endpoint, command("Provisioning/CompleteUpgrade"))
    await until(lambda: endpoint.device.version == "ce9.15.0.11.aec227943ed" and endpoint.is_up)
    assert "<Version>ce9.15.0.11.aec227943ed</Version>" in await curl(http(endpoint, "/status.xml"))
    assert 'status="Error"' in await putxml(endpoint, command("Provisioning/CompleteUpgrade"))


BOOK = """<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<SearchResponse xmlns="http://www.tandberg.net/2004/06/PhoneBookSearch/"><SearchResult><Name/><Id/>
<Catalog><Name>Sales</Name><Id>c_51</Id></Catalog><Entry><Name>Room 2
</Name><Id>e_1002</Id><Route><Protocol>SIP</Protocol><DialString>room2@example.org</DialString></Route></Entry>
<NoOfEntries>2</NoOfEntries></SearchResult></SearchResponse></soap:Body></soap:Envelope>"""


async def test_phone_book_is_searched_live(make_endpoint: Make) -> None:
    asked: list[tuple[str, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.headers["SOAPAction"], await request.read()))
        return web.Response(text=BOOK, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/book", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = await make_endpoint()
    endpoint.configuration.set("Phonebook/Server[1]/Type", "TMS")
    endpoint.configuration.set("Phonebook/Server[1]/URL", f"http://127.0.0.1:{runner.addresses[0][1]}/book")
    search = command("Phonebook/Search", PhonebookType="Corporate", SearchString="room")
    found = ElementTree.fromstring(await putxml(endpoint, search))
    await runner.cleanup()
    assert found.findtext("PhonebookSearchResult/Folder/Name") == "Sales"
    assert found.findtext("PhonebookSearchResult/Contact/Name") == "Room 2"
    assert found.findtext("PhonebookSearchResult/Contact/ContactMethod/Number") == "room2@example.org"
    action, body = asked[0]
    assert action.endswith('PhoneBookSearch/Search"')
    names = [
        one.tag.rpartition("}")[2]
        for one in next(
            ElementTree.fromstring(body).iter("{http://www.tandberg.net/2004/06/PhoneBookSearch/}Search")
        )
    ]
    assert names == [
        "Identification",
        "CaseSensitiveSearch",
        "SearchPath",
        "SearchString",
        "SearchType",
        "Scope",
        "MaxResult",
        "RangeInclusive",
    ]


async def test_factory_reset_forgets_and_keeps(make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    endpoint.configuration.set("SystemUnit/Name", "Gone")
    endpoint.configuration.set("Provisioning/ExternalManager/Address", "kept.example.org")
    endpoint.device.register_feedback(3, "http://127.0.0.1:9/", ["/Event"], "XML")
    reset = command("SystemUnit/FactoryReset", Confirm="Yes", Keep="Provisioning", TrailingAction="NoAction")
    assert 'status="OK"' in await putxml(endpoint, reset)
    assert endpoint.configuration.get("SystemUnit/Name") == ""
    assert endpoint.configuration.get("Provisioning/ExternalManager/Address") == "kept.example.org"
    assert endpoint.device.slots == {}


async def test_phone_book_is_turned_to_an_offset_page_by_page(make_endpoint: Make) -> None:
    names = [f"Room {number:03}" for number in range(250)]
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.text()
        start = body.partition("<StartFromId>e_")[2].partition("<")[0]
        asked.append(start)
        first = int(start) + 1 if start else 0
        entries = "".join(
            f"<Entry><Name>{name}</Name><Id>e_{number}</Id><Route><Protocol>SIP</Protocol><DialString>a</DialString></Route>"
            f"<Route><Protocol>H323</Protocol><DialString>b</DialString></Route>"
            f"<IsLast>{str(number == len(names) - 1).lower()}</IsLast></Entry>"
            for number, name in list(enumerate(names))[first : first + 100]
        )
        head, _, _ = BOOK.partition("<Catalog>")
        tail = "<NoOfEntries>250</NoOfEntries></SearchResult></SearchResponse></soap:Body></soap:Envelope>"
        return web.Response(text=head + entries + tail, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/book", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = await make_endpoint()
    endpoint.configuration.set("Phonebook/Server[1]/Type", "TMS")
    endpoint.configuration.set("Phonebook/Server[1]/URL", f"http://127.0.0.1:{runner.addresses[0][1]}/book")
    for offset, pages in ((0, 1), (90, 2), (240, 3), (400, 3)):
        asked.clear()
        search = command("Phonebook/Search", PhonebookType="Corporate", Offset=str(offset), Limit="20")
        found = ElementTree.fromstring(await putxml(endpoint, search))
        told = [one.findtext("Name") for one in found.iter("Contact")]
        assert told == names[offset : offset + 20]
        assert len(asked) == pages
        assert found.findtext("PhonebookSearchResult/ResultInfo/TotalRows") == "250"
    await runner.cleanup()


ROOM = "<Entry><Name>{0}</Name><Id>{0}</Id><SystemType>Room Kit</SystemType></Entry>"
PERSON = "<Entry><Name>{0}</Name><Id>{0}</Id><SystemType/></Entry>"
# What is asked for beside the corporate book, and (folders, contacts, how many) of the page of `MIXED`.
MIXED = ROOM.format("room") + PERSON.format("anna") + PERSON.format("bo")
LISTS: list[tuple[dict[str, str], tuple[list[str], list[str], str]]] = [
    ({}, (["Sales"], ["room", "anna", "bo"], "4")),
    ({"ContactType": "Any", "SearchFilter": "All"}, (["Sales"], ["room", "anna", "bo"], "4")),
    ({"ContactType": "Folder"}, (["Sales"], [], "1")),
    ({"ContactType": "Contact"}, ([], ["room", "anna", "bo"], "3")),
    ({"SearchFilter": "Rooms"}, (["Sales"], ["room"], "2")),
    ({"ContactType": "Contact", "SearchFilter": "People"}, ([], ["anna", "bo"], "2")),
    ({"ContactType": "Folder", "SearchFilter": "Rooms"}, (["Sales"], [], "1")),
    ({"ContactType": "Contact", "Offset": "1", "Limit": "1"}, ([], ["anna"], "3")),
    ({"FolderId": "c_51"}, (["Sales"], ["room", "anna", "bo"], "4")),
]


async def test_lists_of_the_phone_book_hold_what_is_asked_for(make_endpoint: Make) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.text())
        head, _, rest = BOOK.partition("<Entry>")
        tail = rest.partition("</Entry>")[2].replace("<NoOfEntries>2<", "<NoOfEntries>4<")
        is_behind = "<StartFromId>" in asked[-1]
        return web.Response(
            text=head.partition("<Catalog>")[0] + tail if is_behind else head + MIXED + tail,
            content_type="text/xml",
        )

    app = web.Application()
    app.router.add_post("/book", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = await make_endpoint()
    endpoint.configuration.set("Phonebook/Server[1]/Type", "TMS")
    endpoint.configuration.set("Phonebook/Server[1]/URL", f"http://127.0.0.1:{runner.addresses[0][1]}/book")
    for asked_for, told in LISTS:
        search = command("Phonebook/Search", PhonebookType="Corporate", **asked_for)
        found = ElementTree.fromstring(await putxml(endpoint, search))
        names = [[one.findtext("Name") for one in found.iter(kind)] for kind in ("Folder", "Contact")]
        assert (*names, found.findtext("PhonebookSearchResult/ResultInfo/TotalRows")) == told, asked_for
    assert "<SearchPath>c_51</SearchPath>" in asked[-1]
    assert "<Scope>SingleLevel</Scope>" in asked[-1]
    refused = command("Phonebook/Search", PhonebookType="Corporate", SearchFilter="Robots")
    assert "Contact" not in await putxml(endpoint, refused)
    await runner.cleanup()
