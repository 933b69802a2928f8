"""The phone book service (protocol notes F)."""

import pytest
from lxml import etree

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.phonebook import (
    Catalog,
    PhonebookEntry,
    Route,
    Search,
    decode_search,
    encode_search_fault,
    encode_search_result,
)

BOOK = "{http://www.tandberg.net/2004/06/PhoneBookSearch/}"


def test_a_search_of_a_ce9_is_read() -> None:
    search = decode_search(
        b'<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><Search>'
        b"<Identification><MACAddress>aa:bb:cc:dd:ee:0f</MACAddress>"
        b'<IPAddressV6 type="Local">fe80::1</IPAddressV6></Identification>'
        b"<CaseSensitiveSearch>false</CaseSensitiveSearch><SearchPath>c_51</SearchPath>"
        b"<SearchString>smith </SearchString><SearchType>Free</SearchType><Scope>SingleLevel</Scope>"
        b"<MaxResult>20</MaxResult><StartFromId>e_9</StartFromId><RangeInclusive>true</RangeInclusive>"
        b"</Search></env:Body></env:Envelope>"
    )
    assert search == Search(
        Identification(mac_address="aa:bb:cc:dd:ee:0f", ip_address_v6="fe80::1"),
        path="c_51",
        text="smith",
        is_subtree=False,
        max_results=20,
        start_from_id="e_9",
        is_range_inclusive=True,
    )


def test_every_member_of_a_search_is_optional() -> None:
    assert decode_search(b"<Search/>") == Search(Identification())


@pytest.mark.parametrize(
    ("sent", "understood"), [("", 50), ("0", 50), ("x", 50), ("9" * 99, 50), ("99999", 10_000)]
)
def test_an_odd_number_of_results_is_made_usable(sent: str, understood: int) -> None:
    assert decode_search(f"<Search><MaxResult>{sent}</MaxResult></Search>".encode()).max_results == understood


def test_the_older_question_is_answered_by_its_own_name() -> None:
    search = decode_search(
        b"<GetPhonebooks><SystemIdentifier><SerialNumber>A</SerialNumber></SystemIdentifier></GetPhonebooks>"
    )
    assert (search.operation, search.identification.serial_number) == ("GetPhonebooks", "A")
    assert b"<GetPhonebooksResult>" in encode_search_result(Catalog(), operation=search.operation)


@pytest.mark.parametrize("data", [b"", b"<Envelope/>", b"<PostEvent/>"])
def test_what_is_no_search_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_search(data)


def test_an_empty_result_has_the_members_of_a_catalog() -> None:
    result = etree.fromstring(encode_search_result(Catalog()))[0][0][0]
    assert result.tag == f"{BOOK}SearchResult"
    assert [(child.tag.removeprefix(BOOK), child.text) for child in result] == [
        ("Name", None),
        ("Id", None),
        ("IsLast", "false"),
        ("IsFirst", "false"),
        ("NoOfEntries", "0"),
        ("FolderExists", "true"),
    ]


def test_folders_and_entries_stand_in_the_order_of_the_service() -> None:
    catalog = Catalog(
        catalogs=(Catalog("c_1", "Sales & more", is_first=True),),
        entries=(
            PhonebookEntry(
                "e_1", "Room 2", (Route("room2@example.org", "SIP", "room2@example.org (SIP)"),), is_last=True
            ),
        ),
        entry_count=2,
    )
    result = etree.fromstring(encode_search_result(catalog, soap_version="1.2"))[0][0][0]
    names = [child.tag.removeprefix(BOOK) for child in result]
    assert names[:4] == ["Name", "Id", "Catalog", "Entry"]
    assert result.findtext(f"{BOOK}Catalog/{BOOK}Name") == "Sales & more"
    assert result.findtext(f"{BOOK}Entry/{BOOK}Route/{BOOK}DialString") == "room2@example.org"


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
def test_a_fault_says_why(soap_version: str) -> None:
    data = encode_search_fault("No <question> here.", soap_version=soap_version)
    assert b"No &lt;question&gt; here." in data
    etree.fromstring(data)
