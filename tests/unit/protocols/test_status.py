"""The Status document (protocol notes D.4)."""

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import StatusDocument, decode_status

HEAD = '<Status product="Cisco Codec" version="ce9.6.1.4516ae5aaa1" apiVersion="4">'


def decode(content: str) -> StatusDocument:
    return decode_status(f"{HEAD}{content}</Status>".encode())


def test_values_are_named_by_path_with_the_index_of_every_node_that_has_one() -> None:
    document = decode(
        '<Network item="1" maxOccurrence="n"><IPv4><Address>192.0.2.1</Address></IPv4></Network>'
        '<Call item="80" maxOccurrence="n"><Status>Connected</Status></Call>'
        '<HttpFeedback item="2"><Expression item="1">/Status/Call</Expression></HttpFeedback>'
    )
    assert document == StatusDocument(
        "Cisco Codec",
        "ce9.6.1.4516ae5aaa1",
        "4",
        {
            "Network[1]/IPv4/Address": "192.0.2.1",
            "Call[80]/Status": "Connected",
            "HttpFeedback[2]/Expression[1]": "/Status/Call",
        },
    )


def test_texts_are_stripped_and_empty_leaves_are_empty() -> None:
    assert decode("<A>\n  x y\n</A><B></B><C/><D> </D>").values == {"A": "x y", "B": "", "C": "", "D": ""}


def test_an_element_with_children_is_no_value() -> None:
    assert decode("<A>text<B>1</B>more</A>").values == {"A/B": "1"}


def test_removed_nodes_are_ghosts() -> None:
    document = decode('<Call item="8" ghost="True" maxOccurrence="n"/><A>1</A>')
    assert (document.values, document.ghosts) == ({"A": "1"}, ("Call[8]",))


def test_repeated_nodes_without_an_index_are_counted_from_the_second() -> None:
    document = decode("<L><S><Id>a</Id></S><S><Id>b</Id></S><S><Id>c</Id></S></L>")
    assert document.values == {"L/S/Id": "a", "L/S[2]/Id": "b", "L/S[3]/Id": "c"}
    assert len({match_key(path) for path in document.values}) == 3


@pytest.mark.parametrize("item", ["", "x", "-1", "1]/x[2", "99999999999", "٣"])
def test_an_index_that_is_none_is_ignored(item: str) -> None:
    assert decode(f'<A item="{item}">1</A>').values == {"A": "1"}


def test_zeros_before_an_index_are_dropped() -> None:
    assert decode('<A item="007">1</A><B item="0">2</B>').values == {"A[7]": "1", "B[0]": "2"}


@pytest.mark.parametrize(
    "wrapped",
    [
        '<Status xmlns="http://www.tandberg.com/XML/CUIL/2.0"><A>1</A></Status>',
        "<x:Status><x:A>1</x:A></x:Status>",
        '<XmlDoc resultId=""><Status><A>1</A></Status></XmlDoc>',
        "<PostedDocument><Location>/Status</Location><Status><A>1</A></Status></PostedDocument>",
        "<e:Envelope><e:Body><PostedDocument><Status><A>1</A></Status></PostedDocument></e:Body></e:Envelope>",
        "<Status><Identification><SerialNumber>x</SerialNumber></Identification><A>1</A></Status>",
        "<Status><Identification/><A>1</A></Status>",
        '\n<?xml version="1.0"?>\n<Status><A>1</A></Status>\n',
    ],
)
def test_the_document_is_found_however_it_is_wrapped(wrapped: str) -> None:
    assert decode_status(wrapped.encode()).values == {"A": "1"}


def test_the_answer_to_a_question_that_matches_nothing_has_no_values() -> None:
    assert decode_status(b"<EmptyResult/>").values == {}


@pytest.mark.parametrize(
    "data",
    [
        b"<Configuration><Status>x</Status></Configuration>",
        b"<html/>",
        b"401 Unauthorized",
    ],
)
def test_what_is_no_status_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_status(data)
