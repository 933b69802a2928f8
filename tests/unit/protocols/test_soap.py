"""SOAP envelopes, faults and service descriptions, as clients that others wrote read them."""

from datetime import timedelta
from io import BytesIO

import pytest
from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.transports import Transport

from roomkeeper.protocols import external_manager, phonebook, soap
from roomkeeper.protocols.external_manager import (
    Answer,
    Beat,
    CommandCall,
    Dialect,
    DocumentRequest,
    SettingValue,
    encode_answer,
)

ADDRESS = "http://manager.example/tms/public/service.asmx?a=1&b=2"


class Canned(Transport):
    """A transport that answers with given bytes and keeps what was posted."""

    def __init__(self, answer: bytes, status: int = 200) -> None:
        super().__init__()
        self.answer = answer
        self.status = status
        self.posted = b""

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> object:
        assert address == ADDRESS
        self.posted = message
        response = type("Response", (), {})()
        response.status_code = self.status
        response.content = self.answer
        response.headers = {"Content-Type": "text/xml; charset=utf-8"}
        response.encoding = "utf-8"
        return response


def connect(wsdl: bytes, transport: Canned, port: str) -> object:
    service = Client(BytesIO(wsdl), transport=transport, settings=Settings(strict=True)).bind(port_name=port)
    assert service is not None
    return service


@pytest.mark.parametrize(
    ("port", "soap_version"),
    [("SystemManagementServiceSoap", "1.1"), ("SystemManagementServiceSoap12", "1.2")],
)
def test_zeep_posts_an_event_and_understands_the_answer(port: str, soap_version: str) -> None:
    answer = Answer(
        heartbeat_interval=timedelta(seconds=30),
        settings=(SettingValue("SystemUnit/Name", "x"),),
        commands=(CommandCall("Dial", (("Number", "1"),)),),
        documents=(DocumentRequest("/Status", "https://manager.example/d"),),
        bookings=(),
        soap_version=soap_version,
    )
    transport = Canned(encode_answer(answer, dialect=Dialect.CE))
    service = connect(external_manager.wsdl(ADDRESS), transport, port)
    result = service.PostEvent(Identification={"SerialNumber": "A", "MACAddress": "B"}, Event="Register")
    assert result.HeartBeatInterval == 30
    assert result.Management.DocumentsToPost.DocumentToPost[0].Location == "/Status"
    post = external_manager.decode_post_event(transport.posted)
    assert (post.event, post.identification.serial_number, post.soap_version) == (
        Beat.REGISTER,
        "A",
        soap_version,
    )


@pytest.mark.parametrize("port", ["PhoneBookSearchSoap", "PhoneBookSearchSoap12"])
def test_zeep_searches_and_understands_the_answer(port: str) -> None:
    version = "1.2" if port.endswith("12") else "1.1"
    entry = phonebook.PhonebookEntry(
        "e_1", "Room 2", (phonebook.Route("room2@example.org", "SIP"),), is_first=True
    )
    answer = phonebook.encode_search_result(
        phonebook.Catalog(entries=(entry,), entry_count=1), soap_version=version
    )
    transport = Canned(answer)
    service = connect(phonebook.wsdl(ADDRESS), transport, port)
    result = service.Search(Identification={"MACAddress": "B"}, SearchString="room")
    assert result.Entry[0].Route[0].DialString == "room2@example.org"
    assert phonebook.decode_search(transport.posted).text == "room"


def test_zeep_reads_our_fault() -> None:
    transport = Canned(phonebook.encode_search_fault("This is no search."), status=500)
    service = connect(phonebook.wsdl(ADDRESS), transport, "PhoneBookSearchSoap")
    with pytest.raises(Fault, match=r"This is no search\."):
        service.Search()


def test_the_description_names_the_address_it_was_asked_at() -> None:
    locations = etree.fromstring(external_manager.wsdl(ADDRESS)).xpath("//@location")
    assert locations == [ADDRESS, ADDRESS]


@pytest.mark.parametrize(
    ("version", "ours", "theirs"),
    [("1.1", b"soap:Server", b"soap:Client"), ("1.2", b"soap:Receiver", b"soap:Sender")],
)
def test_a_fault_of_ours_is_told_from_a_fault_of_theirs(version: str, ours: bytes, theirs: bytes) -> None:
    assert ours in soap.encode_fault("Sorry.", is_senders=False, soap_version=version)
    assert theirs in soap.encode_fault("Sorry.", soap_version=version)


def test_each_version_has_its_content_type() -> None:
    assert soap.get_content_type("1.1") == "text/xml; charset=utf-8"
    assert soap.get_content_type("1.2") == "application/soap+xml; charset=utf-8"
