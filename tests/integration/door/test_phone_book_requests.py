"""Searches made by hand, as scripts and odd devices send them: at the system's own address each is answered with its
books, at the bare one with nothing (rule R5)."""

import re
from xml.etree import ElementTree

import pytest
from tests.acceptance.device import PHONE_BOOK, SOAP_12, XML, Device, Reply, request
from tests.integration.door.conftest import Systems
from tests.integration.door.test_phone_books import filled

from roomkeeper.phonebooks import editing, setting
from roomkeeper.phonebooks.models import PhoneBook
from roomkeeper.systems import inventory
from roomkeeper.systems.models import System, TimelineEntry

SOAP_11_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
BOOK = "http://www.tandberg.net/2004/06/PhoneBookSearch/"
ACTION = {"SOAPAction": f'"{BOOK}Search"'}
PEOPLE = 3


@pytest.fixture
def book(transactional_db: None) -> PhoneBook:
    """A book that every system is given."""
    made = filled(editing.create_book("Corporate", inventory.root_folder()), PEOPLE)
    setting.set_on_folder(made, inventory.root_folder())
    return made


def envelope(content: str, namespace: str = SOAP_11_ENVELOPE) -> str:
    return f'<e:Envelope xmlns:e="{namespace}"><e:Body>{content}</e:Body></e:Envelope>'


ONLY_MAC = f'<Search xmlns="{BOOK}"><Identification><MACAddress>MAC</MACAddress></Identification></Search>'
EMPTY_MEMBERS = "".join(
    f"<{name}/>"
    for name in (
        "CaseSensitiveSearch",
        "SearchPath",
        "SearchString",
        "SearchType",
        "Scope",
        "MaxResult",
        "StartFromId",
        "RangeInclusive",
    )
)
# What is sent, with MAC and SERIAL in place of the device's own, by name: (body, content type, further headers).
REQUESTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "only a MAC": (envelope(ONLY_MAC), XML, ACTION),
    "no SOAPAction": (envelope(ONLY_MAC), XML, {}),
    "an empty SOAPAction": (envelope(ONLY_MAC), XML, {"SOAPAction": '""'}),
    "another SOAPAction": (envelope(ONLY_MAC), XML, {"SOAPAction": f"{BOOK}GetPath"}),
    "SOAP 1.2": (envelope(ONLY_MAC, SOAP_12_ENVELOPE), f'{SOAP_12}; action="{BOOK}Search"', {}),
    "SOAP 1.2 as text/xml": (envelope(ONLY_MAC, SOAP_12_ENVELOPE), XML, ACTION),
    "SOAP 1.1 as application/soap+xml": (envelope(ONLY_MAC), SOAP_12, {}),
    "no content type": (envelope(ONLY_MAC), "", {}),
    "no envelope": (ONLY_MAC, XML, {}),
    "a header of SOAP": (
        envelope(ONLY_MAC).replace("<e:Body>", "<e:Header><x>1</x></e:Header><e:Body>"),
        XML,
        ACTION,
    ),
    "no namespace": (envelope(ONLY_MAC).replace(f' xmlns="{BOOK}"', ""), XML, {}),
    "prefixes everywhere": (
        (
            f'<S:Envelope xmlns:S="{SOAP_11_ENVELOPE}" xmlns:p="{BOOK}"><S:Body><p:Search><p:Identification>'
            "<p:MACAddress>MAC</p:MACAddress></p:Identification><p:SearchString/></p:Search></S:Body></S:Envelope>"
        ),
        XML,
        {},
    ),
    "undeclared prefixes": (
        (
            "<soap:Envelope><soap:Body><tns:Search><tns:Identification><tns:MACAddress>MAC</tns:MACAddress>"
            "</tns:Identification></tns:Search></soap:Body></soap:Envelope>"
        ),
        XML,
        {},
    ),
    "a declaration, a byte order mark, comments and lines": (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- by hand -->\n'
        + envelope(ONLY_MAC).replace("><", ">\n <!-- . -->\n <"),
        XML,
        {},
    ),
    "members in another order": (
        envelope(
            f'<Search xmlns="{BOOK}"><MaxResult>50</MaxResult><Scope>SubTree</Scope><SearchString>person</SearchString>'
            "<Identification><SerialNumber>SERIAL</SerialNumber><SWVersion>tc7</SWVersion><MACAddress>MAC</MACAddress>"
            "<SystemName/></Identification><SearchPath/></Search>"
        ),
        XML,
        {},
    ),
    "empty members": (
        envelope(
            f'<Search xmlns="{BOOK}">{EMPTY_MEMBERS}<Identification><SystemName/><MACAddress/><SerialNumber/>'
            "</Identification></Search>"
        ),
        XML,
        {},
    ),
    "members that nobody knows": (
        envelope(ONLY_MAC).replace(
            "</Search>", "<EndAtId/><StartsWith>false</StartsWith><New><a/></New></Search>"
        ),
        XML,
        {},
    ),
    "lines in members": (
        envelope(ONLY_MAC).replace(
            "</Search>", "<SearchString>\n person\n</SearchString><Scope>\nSubTree</Scope></Search>"
        ),
        XML,
        {},
    ),
    "no Identification": (envelope(f'<Search xmlns="{BOOK}"><SearchString/></Search>'), XML, {}),
    "nothing in it": (envelope(f'<Search xmlns="{BOOK}"/>'), XML, {}),
    "GetPhonebooks": (
        envelope(
            f'<GetPhonebooks xmlns="{BOOK}"><SystemIdentifier><SystemName/><MACAddress>MAC</MACAddress>'
            "<SerialNumber>SERIAL</SerialNumber><IPAddress/><SWVersion/></SystemIdentifier></GetPhonebooks>"
        ),
        XML,
        {},
    ),
    "GetPhonebooks with Routing": (
        envelope(f'<GetPhonebooks xmlns="{BOOK}"><Routing>None</Routing></GetPhonebooks>'),
        XML,
        {},
    ),
}
SPELLINGS_OF_MAC = {
    "upper case": lambda mac: mac.upper(),
    "lower case": lambda mac: mac.lower(),
    "dashes": lambda mac: mac.replace(":", "-"),
    "none": lambda mac: mac.replace(":", "").lower(),
    "dots": lambda mac: ".".join(re.findall("....", mac.replace(":", ""))).lower(),
    "all zeros": lambda mac: "00:00:00:00:00:00",
}


def send(device: Device, sent: tuple[str, str, dict[str, str]], *, path: str = PHONE_BOOK, secret=None):
    body, content_type, headers = sent
    body = body.replace("MAC</", f"{device.mac}</").replace("SERIAL", device.serial)
    return device.post(path, body.encode(), secret=secret, content_type=content_type, headers=headers)


def found(reply: Reply) -> tuple[list[str], int]:
    """(names of entries, how many there are said to be) of an answer."""
    assert reply.status == 200, reply.body
    result = ElementTree.fromstring(reply.body)[0][0][0]
    assert result.tag in (f"{{{BOOK}}}SearchResult", f"{{{BOOK}}}GetPhonebooksResult")
    names = [one.findtext(f"{{{BOOK}}}Name", "") for one in result.findall(f"{{{BOOK}}}Entry")]
    return names, int(result.findtext(f"{{{BOOK}}}NoOfEntries", ""))


ALL = ([f"Person {number:03}" for number in range(PEOPLE)], PEOPLE)
NOTHING: tuple[list[str], int] = ([], 0)


def test_each_finds_the_books_at_the_own_address_and_nothing_at_the_bare_one(
    systems: Systems, book: PhoneBook
) -> None:
    device, _ = systems.proven()
    stranger = systems.device()
    for name, sent in REQUESTS.items():
        # The first search of all is a sample and goes another way than those that follow.
        for _ in range(2):
            reply = send(device, sent)
            assert found(reply) == ALL, name
        is_soap_12 = SOAP_12_ENVELOPE in sent[0]
        assert (SOAP_12_ENVELOPE.encode() in reply.body) == is_soap_12, name
        assert reply.headers["content-type"] == (SOAP_12 if is_soap_12 else XML), name
        assert (b"GetPhonebooksResult" in reply.body) == ("GetPhonebooks" in sent[0]), name
        for query in ("?op=Search", "?op=GetPhonebooks"):
            assert found(device_post_with(device, sent, query)) == ALL, name
        assert found(send(device, sent, secret="")) == NOTHING, name
        assert found(send(stranger, sent)) == NOTHING, name
        assert found(send(device, sent, secret="abcdefgh234567abcdefgh23456")) == NOTHING, name


def device_post_with(device: Device, sent: tuple[str, str, dict[str, str]], query: str) -> Reply:
    return send(device, sent, path=f"{PHONE_BOOK}/{device.secret}{query}", secret="")


@pytest.mark.parametrize("spelling", SPELLINGS_OF_MAC)
def test_a_mac_address_is_one_however_it_is_written(systems: Systems, book: PhoneBook, spelling: str) -> None:
    device, system = systems.proven()
    device.mac = SPELLINGS_OF_MAC[spelling](device.mac)
    for _ in range(2):
        assert found(send(device, REQUESTS["only a MAC"])) == ALL
    assert not TimelineEntry.objects.filter(system=system, kind="identity").exists()


def test_the_page_for_people_says_what_is_searched_here(systems: Systems, book: PhoneBook) -> None:
    device, _ = systems.proven()
    for path in (PHONE_BOOK, f"{PHONE_BOOK}/{device.secret}"):
        reply = request("GET", f"{device.server}{path}?op=Search")
        assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert b"Person" not in reply.body
        assert device.secret.encode() not in reply.body


# What a proven system says of itself in a burst, by name.
IDENTITIES = {
    "its own": lambda device: device,
    "another network card": lambda device: setattr(device, "mac", "02:CD:00:00:00:07"),
    "only its name": lambda device: (setattr(device, "mac", ""), setattr(device, "serial", "")),
}


@pytest.mark.parametrize("identity", IDENTITIES)
def test_a_burst_of_searches_leaves_one_row_on_the_timeline(
    systems: Systems, book: PhoneBook, identity: str
) -> None:
    device, system = systems.proven()
    before = TimelineEntry.objects.filter(system=system).count()
    IDENTITIES[identity](device)
    for number in range(100):
        assert b"<NoOfEntries>3<" in device.search("" if number % 2 else "person").body
    told = TimelineEntry.objects.filter(system=system)
    assert told.filter(kind="phone book").count() == 1
    assert told.count() - before <= 2


def test_a_burst_of_a_system_without_a_stored_number_leaves_one_row_too(
    systems: Systems, book: PhoneBook
) -> None:
    device, system = systems.proven()
    System.objects.filter(pk=system.pk).update(serial_number="", mac_address="")
    for _ in range(100):
        assert b"<NoOfEntries>3<" in device.search("person").body
    assert TimelineEntry.objects.filter(system=system, kind="phone book").count() == 1
