"""Documents that a device posts (protocol notes B)."""

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.posted_document import (
    PostedDocument,
    decode_posted_document,
    encode_posted_document,
)

WHO = "<Identification><SerialNumber>FTT00000001</SerialNumber></Identification>"
PAYLOAD = '<Status product="Cisco Codec"><Call item="8"><Status>Connected</Status></Call></Status>'
POST = f"<PostedDocument>{WHO}<Location>/Status</Location>{PAYLOAD}</PostedDocument>"
EXPECTED = PostedDocument(Identification(serial_number="FTT00000001"), "/Status", PAYLOAD.encode(), "Status")


@pytest.mark.parametrize(
    "text",
    [
        POST,
        f'\n <?xml version="1.0" encoding="utf-8"?>\n{POST}\n',
        f"\ufeff{POST}",
        f"<PostedDocument>{PAYLOAD}<Location>/Status</Location>{WHO}</PostedDocument>",
        f"<PostedDocument>{WHO}{PAYLOAD}</PostedDocument>",
        f"<PostedDocument>{WHO}<Location>\n/Status\n</Location>\n  {PAYLOAD}\n</PostedDocument>",
        POST.replace("<PostedDocument>", "<!-- hello --><p:PostedDocument>").replace(
            "</PostedDocument>", "</p:PostedDocument>"
        ),
        POST.replace("<Status product", '<Status xmlns="http://www.tandberg.com/XML/CUIL/2.0" product'),
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{POST}</e:Body></e:Envelope>',
        POST.replace("PostedDocument", "PostDocument"),
        POST.replace(f"{PAYLOAD}", f"<Extra/>{PAYLOAD}"),
    ],
)
def test_the_document_is_found_however_it_is_wrapped(text: str) -> None:
    assert decode_posted_document(text.encode()) == EXPECTED


@pytest.mark.parametrize("location", ["/Status", "/Configuration", "/Command", "/Valuespace", "/History"])
def test_every_kind_of_document_is_taken(location: str) -> None:
    root = location[1:]
    data = f"<PostedDocument>{WHO}<Location>{location}</Location><{root}>x</{root}></PostedDocument>".encode()
    posted = decode_posted_document(data)
    assert (posted.location, posted.root, posted.payload) == (location, root, f"<{root}>x</{root}>".encode())


def test_the_progress_of_an_upgrade_has_no_location_of_its_own() -> None:
    data = f"<PostedDocument>{WHO}<UpgradeStatus><Phase>Downloading</Phase></UpgradeStatus></PostedDocument>"
    posted = decode_posted_document(data.encode())
    assert (posted.location, posted.root) == ("/UpgradeStatus", "UpgradeStatus")


def test_a_document_without_its_wrapper_is_taken() -> None:
    posted = decode_posted_document(b'<Configuration product="Cisco Codec"><A>1</A></Configuration>')
    assert (posted.location, posted.root) == ("/Configuration", "Configuration")


def test_an_empty_document_is_taken() -> None:
    posted = decode_posted_document(f"<PostedDocument>{WHO}<Status/></PostedDocument>".encode())
    assert posted.payload == b"<Status/>"


def test_nothing_of_the_wrapper_is_in_the_payload_even_where_names_repeat() -> None:
    payload = '<Status a="&gt;"><Status>x</Status><Location>y</Location><PostedDocument/></Status>'
    data = f"<PostedDocument>{WHO}<Location>/Status</Location>{payload}<Status2/></PostedDocument>"
    assert decode_posted_document(data.encode()).payload == payload.encode()
    data = f"<PostedDocument>{WHO}<Location>/Status</Location>{payload}</PostedDocument >\n"
    assert decode_posted_document(data.encode()).payload == payload.encode()


def test_control_bytes_in_the_payload_are_mended() -> None:
    posted = decode_posted_document(POST.encode().replace(b"Connected", b"Connec\x05ted\xff"))
    assert "Connec tedÿ".encode() in posted.payload


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"OK",
        b"<PostedDocument/>",
        b"<PostedDocument><Identification/><Location>/Status</Location></PostedDocument>",
        b"<html><body>Sign in</body></html>",
        b"<PostedDocument><Status>" + b"<a>" * 500 + b"</a>" * 500 + b"</Status></PostedDocument>",
        b"<!DOCTYPE a><PostedDocument><Status/></PostedDocument>",
        POST.encode()[:-4],
    ],
)
def test_what_holds_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_posted_document(data)


@pytest.mark.parametrize("payload", [b"<Configuration/>", b"<Status>", b"", b"<Status/><Location/>"])
def test_a_payload_that_is_not_what_it_says_is_not_encoded(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_posted_document(PostedDocument(Identification(), "/Status", payload, "Status"))
